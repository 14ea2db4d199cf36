import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  getOperationAST,
  OperationTypeNode,
  subscribe,
} from 'graphql';
import {
  createLRUCache,
  createYoga,
  isAsyncIterable,
  type Plugin,
  type YogaInitialContext,
} from 'graphql-yoga';
import { badInput, QuireError } from '../errors.ts';
import type { RequestContext } from '../graphql/context.ts';
import { checkCost } from '../graphql/cost.ts';
import { createErrorPresenter } from '../graphql/errors.ts';
import { limitPlugins } from '../graphql/limits.ts';
import { createTextBudget } from '../graphql/text-budget.ts';
import { atTime } from './deadline.ts';
import { recordOperation } from './operation-log.ts';
import type { ServerOptions } from './options.ts';
import { createResultStream, type ResultStream } from './result-stream.ts';

/** Parsed operations that are kept, and as many syntax errors. */
const MAX_CACHED_DOCUMENTS = 256;
/** Bytes by which a request's body may exceed a socket's message: it may say the same at more length. */
const BODY_SLACK_BYTES = 4_096;

/** What an operation starts with; its resolvers get it as a RequestContext. */
export interface OperationContext extends Omit<RequestContext, 'texts'> {
  /** Why the token was not accepted: every operation is answered with it. */
  readonly refusal?: unknown;
}

type Context = OperationContext & Partial<YogaInitialContext>;

export interface OperationParams {
  readonly query?: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
}

/** A valid operation that waits to be run. */
export interface Operation extends ExecutionArgs {
  /** Never rejects: what fails is in the result. */
  run(): Promise<ExecutionResult | ResultStream>;
}

type Outcome = { readonly operation: Operation } | { readonly errors: readonly GraphQLError[] };

/** graphql-js itself: Yoga's executor gives fields in the order in which they resolve, not as the client asked. */
const referenceExecutor: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
  onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe),
};

const acceptsEventStream = (request: Request): boolean =>
  /text\/event-stream|\*\/\*|text\/\*/i.test(request.headers.get('accept') ?? '*/*');

/** Where every operation passes, from whatever transport: limits, validation, execution, errors, the log line. */
export const createOperations = ({ schema, config, log, clock }: ServerOptions) => {
  const presenter = createErrorPresenter({ suggestions: !config.production, log });
  /** Event streams over HTTP; those of sockets end with their socket. */
  const httpStreams = new Set<ResultStream>();
  const whenIdle: (() => void)[] = [];
  let running = 0;

  const present = (result: ExecutionResult, { document, contextValue }: ExecutionArgs): ExecutionResult => {
    if (!result.errors) return result;
    const scope = contextValue as Context;
    const errors = result.errors.map((error) =>
      result.data === undefined && error.path === undefined
        ? presenter.request(error, scope, document)
        : presenter.field(error, scope),
    );
    return { ...result, errors };
  };

  const presentErrors: Plugin = {
    onExecute: ({ args }) => ({
      onExecuteDone({ result, setResult }) {
        if (!isAsyncIterable(result)) setResult(present(result, args));
      },
    }),
    onSubscribe: ({ args }) => ({
      onSubscribeResult({ result, setResult }) {
        if (isAsyncIterable(result))
          return {
            onNext(event) {
              event.setResult(present(event.result, args));
              (args.contextValue as Context & RequestContext).texts.refill();
            },
          };
        setResult(present(result, args));
      },
      onSubscribeError: ({ error, setError }) =>
        setError(presenter.field(error, args.contextValue as Context)),
    }),
  };

  const overHttp: Plugin = {
    onParams({ params: { operationName }, setParamsHandler }) {
      // The one parameter whose type Yoga does not check.
      if (operationName != null && typeof operationName !== 'string')
        throw badInput('operationName', 'operationName must be a string.');
      setParamsHandler(async ({ request, params, context }) => {
        const outcome = await prepare(
          params,
          Object.assign(context, { request, params }) as unknown as Context,
        );
        return 'errors' in outcome ? outcome : outcome.operation.run();
      });
    },
  };

  const yoga = createYoga<OperationContext>({
    schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    batching: false,
    logging: false,
    maxRequestBodySize: config.limits.messageBytes + BODY_SLACK_BYTES,
    maskedErrors: { maskError: (error) => presenter.mask(error) },
    parserAndValidationCache: {
      documentCache: createLRUCache({ max: MAX_CACHED_DOCUMENTS }),
      errorCache: createLRUCache({ max: MAX_CACHED_DOCUMENTS }),
    },
    plugins: [
      ...limitPlugins(config.limits, config.graphiql || !config.production),
      referenceExecutor,
      presentErrors,
      overHttp,
    ],
  });

  /** Ends with the viewer's token, as a socket would. */
  const openStream = (
    source: AsyncIterable<ExecutionResult>,
    context: Context,
    finish: (errors?: readonly GraphQLError[]) => void,
  ): ResultStream => {
    const explain = (error: unknown): ExecutionResult => ({ errors: [presenter.field(error, context)] });
    let forget = (): void => {};
    const stream = createResultStream(source, {
      explain,
      onEnd(last) {
        forget();
        finish(last?.errors);
      },
    });
    const { signal } = context.request ?? {};
    if (!signal) return stream;
    const expire = (): void =>
      stream.end(explain(new QuireError('UNAUTHENTICATED', 'The token has expired.')));
    const cancel = context.viewer ? atTime(clock, context.viewer.tokenExpiresAt, expire) : undefined;
    httpStreams.add(stream);
    forget = () => {
      cancel?.();
      httpStreams.delete(stream);
    };
    // Yoga lets go of a stream that it reads, but reads none for a client that has left already.
    if (signal.aborted) stream.end();
    return stream;
  };

  /** Parses and validates. Never rejects. */
  const prepare = async (params: OperationParams, context: Context): Promise<Outcome> => {
    const record = recordOperation(context);
    let document: ExecutionArgs['document'] | undefined;
    const refuse = (errors: readonly unknown[]): { errors: readonly GraphQLError[] } => {
      const presented = errors.map((error) => presenter.request(error, context, document));
      record.finish(presented);
      return { errors: presented };
    };

    try {
      if (context.refusal !== undefined) return refuse([context.refusal]);
      const enveloped = yoga.getEnveloped(context as OperationContext & YogaInitialContext);
      document = enveloped.parse(params.query ?? '') as ExecutionArgs['document'];
      const found = getOperationAST(document, params.operationName);
      if (found) record.identify(found);
      const invalid = enveloped.validate(enveloped.schema, document) as readonly GraphQLError[];
      if (invalid.length > 0) return refuse(invalid);
      if (!found) {
        throw badInput('operationName', 'operationName must name one of the operations.');
      }
      const isSubscription = found.operation === OperationTypeNode.SUBSCRIPTION;
      if (isSubscription && context.request && !acceptsEventStream(context.request)) {
        throw new QuireError('BAD_USER_INPUT', 'A subscription over HTTP needs "Accept: text/event-stream".');
      }

      checkCost({ schema, document, operation: found }, params.variables, config.limits.cost);
      const texts = createTextBudget(config.limits.documentChars);
      const args: ExecutionArgs = {
        schema,
        document,
        operationName: params.operationName,
        variableValues: params.variables,
        contextValue: Object.assign(await enveloped.contextFactory(), { texts }),
      };
      const start = async (): Promise<ExecutionResult | ResultStream> => {
        const result = (await (isSubscription ? enveloped.subscribe(args) : enveloped.execute(args))) as
          | ExecutionResult
          | AsyncIterable<ExecutionResult>;
        if (isAsyncIterable(result)) return openStream(result, context, record.finish);
        record.finish(result.errors);
        return result;
      };
      const run = async (): Promise<ExecutionResult | ResultStream> => {
        running += 1;
        try {
          return await start();
        } catch (error) {
          return refuse([error]);
        } finally {
          running -= 1;
          if (running === 0) for (const resolve of whenIdle.splice(0)) resolve();
        }
      };
      return { operation: { ...args, run } };
    } catch (error) {
      return refuse([error]);
    }
  };

  return {
    prepare,
    /** Answers a request to /graphql; who asks is in the context. */
    yoga,
    /** Resolves once no operation is being executed (a subscription counts until it streams). */
    idle: (): Promise<void> =>
      running === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve)),
    /** Ends the event streams over HTTP: their clients are told to come back. */
    endStreams(): void {
      const away = presenter.field(new QuireError('UNAVAILABLE', 'Going away: subscribe again.'), {
        requestId: '',
        log,
      });
      for (const stream of httpStreams) stream.end({ errors: [away] });
    },
  };
};

export type Operations = ReturnType<typeof createOperations>;
