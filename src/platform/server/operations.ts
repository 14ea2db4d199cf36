import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  getOperationAST,
  OperationTypeNode,
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
import { createDeliveries, type Payload } from '../graphql/delivery.ts';
import { createErrorPresenter } from '../graphql/errors.ts';
import { limitPlugins } from '../graphql/limits.ts';
import { createPlanner, type Plan } from '../graphql/plan.ts';
import { createTextBudget } from '../graphql/text-budget.ts';
import { isSource, pulledSource } from '../realtime/source.ts';
import { atTime } from './deadline.ts';
import { bytesOf } from './frames.ts';
import { recordOperation } from './operation-log.ts';
import type { ServerOptions } from './options.ts';
import { createSubscription, type Subscription } from './subscription.ts';

/** Parsed operations that are kept, and as many syntax errors. */
const MAX_CACHED_DOCUMENTS = 256;
/** Bytes by which a request's body may exceed a socket's message: it may say the same at more length. */
const BODY_SLACK_BYTES = 4_096;

/** What an operation starts with; its resolvers get it as a RequestContext. */
export interface OperationContext extends Omit<RequestContext, 'texts' | 'tenantId'> {
  /** Why the token was not accepted: every operation is answered with it. */
  readonly refusal?: unknown;
}

/** What Yoga adds for a request over HTTP, and what it is told: the subscription that the request has opened. */
type Context = OperationContext & Partial<YogaInitialContext> & { subscription?: Subscription };

export interface OperationParams {
  readonly query?: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
}

/** A valid operation that waits to be run. */
export interface Operation extends ExecutionArgs {
  /** Never rejects: what fails is in the result. */
  run(): Promise<ExecutionResult | Subscription>;
}

type Outcome = { readonly operation: Operation } | { readonly errors: readonly GraphQLError[] };

/** graphql-js itself: Yoga's executor gives fields in the order in which they resolve, not as the client asked. */
const referenceExecutor: Plugin = { onExecute: ({ setExecuteFn }) => setExecuteFn(execute) };

/** A result as it goes on the wire. */
const encode = (result: ExecutionResult): Payload => bytesOf(JSON.stringify(result));

const EVENT_STREAM = 'text/event-stream';
const acceptsEventStream = (request: Request): boolean =>
  /text\/event-stream|\*\/\*|text\/\*/i.test(request.headers.get('accept') ?? '*/*');

/** Where every operation passes, from whatever transport: limits, validation, execution, errors, the log line. */
export const createOperations = ({ schema, config, log, clock }: ServerOptions) => {
  const presenter = createErrorPresenter({ suggestions: !config.production, log });
  /** Event streams over HTTP; those of sockets end with their socket. */
  const httpStreams = new Set<Subscription>();
  const whenIdle: (() => void)[] = [];
  let running = 0;

  const present = (
    result: ExecutionResult,
    scope: Pick<RequestContext, 'requestId' | 'log'>,
    document?: ExecutionArgs['document'],
  ): ExecutionResult => {
    if (!result.errors) return result;
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
        if (!isAsyncIterable(result))
          setResult(
            present(result, args.contextValue as Context, args.document as ExecutionArgs['document']),
          );
      },
    }),
  };

  const planOf = createPlanner(schema);
  const deliveries = createDeliveries({
    present,
    encode,
    tenantContext(tenantId) {
      const requestId = randomUUID();
      const nobody = { viewer: null, clientId: null, connectionId: null, lastEventId: null };
      const texts = createTextBudget(config.limits.documentChars);
      return { ...nobody, tenantId, requestId, log, texts };
    },
  });

  const overHttp: Plugin = {
    onParams({ params: { operationName }, setParamsHandler }) {
      // The one parameter whose type Yoga does not check.
      if (operationName != null && typeof operationName !== 'string')
        throw badInput('operationName', 'operationName must be a string.');
      setParamsHandler(async ({ request, params, context }) => {
        const scope = Object.assign(context, { request, params }) as unknown as Context;
        const outcome = await prepare(params, scope);
        if ('errors' in outcome) return outcome;
        const result = await outcome.operation.run();
        if (isAsyncIterable(result)) scope.subscription = result;
        return result;
      });
    },
    // The head of an event stream is Yoga's; its events are ours.
    onResultProcess(hook) {
      if (!isAsyncIterable(hook.result)) return;
      const headers = { 'Content-Type': EVENT_STREAM, 'Cache-Control': 'no-cache' };
      hook.setResultProcessor((_result, fetchAPI) => new fetchAPI.Response(null, { headers }), EVENT_STREAM);
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

  /** Over HTTP it ends with the viewer's token, as a socket would. */
  const open = (
    source: AsyncIterable<unknown>,
    plan: Plan,
    { contextValue, variableValues }: ExecutionArgs,
    finish: (errors?: readonly GraphQLError[]) => void,
  ): Subscription => {
    const context = contextValue as Context & RequestContext;
    const explain = (error: unknown): ExecutionResult => ({ errors: [presenter.field(error, context)] });
    let forget = (): void => {};
    const subscription = createSubscription({
      source: isSource(source) ? source : pulledSource(source as AsyncIterableIterator<unknown, undefined>),
      admission: deliveries.join(plan, variableValues, context),
      encode,
      explain,
      onEnd(last) {
        forget();
        finish(last?.errors);
      },
    });
    if (!context.request) return subscription;
    const expire = (): void =>
      subscription.end(explain(new QuireError('UNAUTHENTICATED', 'The token has expired.')));
    const cancel = context.viewer ? atTime(clock, context.viewer.tokenExpiresAt, expire) : undefined;
    httpStreams.add(subscription);
    forget = () => {
      cancel?.();
      httpStreams.delete(subscription);
    };
    return subscription;
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
        contextValue: Object.assign(await enveloped.contextFactory(), {
          texts,
          tenantId: context.viewer?.tenantId ?? null,
        }),
      };
      const start = async (): Promise<ExecutionResult | Subscription> => {
        if (isSubscription) {
          const source = await createSourceEventStream(args);
          if (isAsyncIterable(source)) return open(source, planOf(args.document, found), args, record.finish);
          const refused = present(source, context, args.document);
          record.finish(refused.errors);
          return refused;
        }
        const result = (await enveloped.execute(args)) as ExecutionResult;
        record.finish(result.errors);
        return result;
      };
      const run = async (): Promise<ExecutionResult | Subscription> => {
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
    /** Answers a request to /graphql; who asks is in the context. A subscription's response is its head alone. */
    async answer(
      request: IncomingMessage,
      response: ServerResponse,
      context: OperationContext,
    ): Promise<{ response: Response; subscription: Subscription | undefined }> {
      const scope: Context = { ...context };
      const answer = await yoga.handleNodeRequestAndResponse(request, response, scope);
      return { response: answer, subscription: scope.subscription };
    },
    counts: () => ({ audiences: deliveries.audiences, eventStreams: httpStreams.size }),
    /** Resolves once no operation is being executed (a subscription counts until it streams). */
    idle: (): Promise<void> =>
      running === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve)),
    /** Ends the event streams over HTTP: their clients are told to come back. */
    endStreams(): void {
      const away = presenter.field(new QuireError('UNAVAILABLE', 'Going away: subscribe again.'), {
        requestId: '',
        log,
      });
      for (const subscription of httpStreams) subscription.end({ errors: [away] });
    },
  };
};

export type Operations = ReturnType<typeof createOperations>;
