import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
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
import { mustSignIn } from '../graphql/builder.ts';
import type { RequestContext } from '../graphql/context.ts';
import { checkCost } from '../graphql/cost.ts';
import { createErrorPresenter, type ErrorScope } from '../graphql/errors.ts';
import { limitPlugins } from '../graphql/limits.ts';
import { createTextBudget } from '../graphql/text-budget.ts';
import type { Form } from './form.ts';
import { OperationRecord } from './operation-log.ts';
import type { ServerOptions } from './options.ts';
import { Subscription } from './subscription.ts';
import { createSubscriptions } from './subscriptions.ts';

/** Parsed operations that are kept, and as many syntax errors. */
const MAX_CACHED_DOCUMENTS = 256;
/** Times LIMIT_MESSAGE_BYTES that a request's body may have: a batch names 10,000 documents in 390 KB. */
const BODY_MESSAGES = 2;

/** What an operation starts with; its resolvers get it as a RequestContext. */
export interface OperationContext extends Omit<RequestContext, 'texts' | 'tenantId'> {
  /** Why the token was not accepted: every operation is answered with it. */
  readonly refusal?: unknown;
  /** The request's form; the operation is in there. */
  readonly form?: Form | null;
}

/** What Yoga adds for a request over HTTP, and what it is told: the subscription that the request has opened. */
type Context = OperationContext & Partial<YogaInitialContext> & { subscription?: Subscription };

export interface OperationParams {
  readonly query?: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
}

/** A valid operation that waits to be run: graphql-ws takes it for the arguments of the executor. */
export class Operation implements ExecutionArgs {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | null | undefined;
  contextValue: unknown;
  #start: (() => Promise<ExecutionResult | Subscription>) | null;

  constructor(args: ExecutionArgs, start: () => Promise<ExecutionResult | Subscription>) {
    this.schema = args.schema;
    this.document = args.document;
    this.operationName = args.operationName;
    this.contextValue = args.contextValue;
    this.#start = start;
  }

  /** To be called once. Never rejects: what fails is in the result. */
  async run(): Promise<ExecutionResult | Subscription> {
    const start = this.#start;
    if (!start) throw new Error('An operation runs once.');
    // Whoever holds it for as long as its subscription runs need not hold what it was started with.
    this.#start = null;
    this.contextValue = null;
    return start();
  }
}

type Outcome = { readonly operation: Operation } | { readonly errors: readonly GraphQLError[] };

/** Yoga wants a whole URL of what it is to answer. */
const FORM_URL = 'http://localhost/graphql';
const EVENT_STREAM = 'text/event-stream';
const acceptsEventStream = (request: Request): boolean =>
  /text\/event-stream|\*\/\*|text\/\*/i.test(request.headers.get('accept') ?? '*/*');

/** Where every operation passes, from whatever transport: limits, validation, execution, errors, the log line. */
export const createOperations = ({ schema, config, log, clock, instruments }: ServerOptions) => {
  const presenter = createErrorPresenter({ suggestions: !config.production, log });
  const whenIdle: (() => void)[] = [];
  let running = 0;

  const present = (result: ExecutionResult, scope: ErrorScope, document?: DocumentNode): ExecutionResult => {
    if (!result.errors) return result;
    const errors = result.errors.map((error) =>
      result.data === undefined && error.path === undefined
        ? presenter.request(error, scope, document)
        : presenter.field(error, scope),
    );
    return { ...result, errors };
  };

  const subscriptions = createSubscriptions({
    schema,
    documentChars: config.limits.documentChars,
    presenter,
    present,
    clock,
    log,
    ...(instruments && { deliveries: instruments.deliveries }),
  });

  const overHttp: Plugin<object, OperationContext> = {
    onRequestParse({ serverContext: { form, viewer, refusal }, setRequestParser }) {
      if (!form) return;
      // Nothing of it is read for somebody who is not signed in; a token that is refused is told as ever.
      setRequestParser(() =>
        refusal === undefined ? form.read(mustSignIn({ viewer })) : Promise.resolve({ query: '' }),
      );
    },
    onParams({ params: { operationName }, setParamsHandler }) {
      // The one parameter whose type Yoga does not check.
      if (operationName != null && typeof operationName !== 'string')
        throw badInput('operationName', 'operationName must be a string.');
      setParamsHandler(async ({ request, params, context }) => {
        const scope = Object.assign(context, { request, params }) as unknown as Context;
        const outcome = prepare(params, scope);
        if ('errors' in outcome) return outcome;
        const result = await outcome.operation.run();
        if (result instanceof Subscription) scope.subscription = result;
        return result;
      });
    },
    // The head of an event stream is Yoga's; its events are ours.
    onResultProcess(hook) {
      if (!isAsyncIterable(hook.result)) return;
      // The last one is for proxies that gather what they pass on (nginx, and those who took it over).
      const headers = {
        'Content-Type': EVENT_STREAM,
        'Cache-Control': 'no-cache',
        'X-Accel-Buffering': 'no',
      };
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
    maxRequestBodySize: BODY_MESSAGES * config.limits.messageBytes,
    maskedErrors: { maskError: (error) => presenter.mask(error) },
    parserAndValidationCache: {
      documentCache: createLRUCache({ max: MAX_CACHED_DOCUMENTS }),
      errorCache: createLRUCache({ max: MAX_CACHED_DOCUMENTS }),
    },
    plugins: [...limitPlugins(config.limits, config.graphiql || !config.production), overHttp],
  });
  /** Of sockets: over HTTP it depends on the request, too, which must not be a GET that mutates. */
  const ofSockets = yoga.getEnveloped();

  const start = async (
    args: ExecutionArgs,
    operation: OperationDefinitionNode,
    record: OperationRecord,
  ): Promise<ExecutionResult | Subscription> => {
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
      const source = await createSourceEventStream(args);
      if (isAsyncIterable(source)) return subscriptions.open(source, args, operation, record);
      const refused = present(source, record, args.document);
      record.finish(refused.errors);
      return refused;
    }
    const result = present(await execute(args), record, args.document);
    const ms = record.finish(result.errors);
    instruments?.responses.record(ms);
    return result;
  };

  const refuse = (
    errors: readonly unknown[],
    record: OperationRecord,
    document?: DocumentNode,
  ): { errors: readonly GraphQLError[] } => {
    const presented = errors.map((error) => presenter.request(error, record, document));
    record.finish(presented);
    return { errors: presented };
  };

  const run = async (
    args: ExecutionArgs,
    operation: OperationDefinitionNode,
    record: OperationRecord,
  ): Promise<ExecutionResult | Subscription> => {
    running += 1;
    try {
      return await start(args, operation, record);
    } catch (error) {
      return refuse([error], record, args.document);
    } finally {
      running -= 1;
      if (running === 0) for (const resolve of whenIdle.splice(0)) resolve();
    }
  };

  const contextOf = (
    { viewer, clientId, connectionId, lastEventId }: Context,
    record: OperationRecord,
  ): RequestContext => ({
    viewer,
    tenantId: viewer?.tenantId ?? null,
    clientId,
    connectionId,
    lastEventId,
    requestId: record.requestId,
    get log() {
      return record.log;
    },
    texts: createTextBudget(config.limits.documentChars),
  });

  /** Parses and validates. Never throws. */
  const prepare = (params: OperationParams, context: Context): Outcome => {
    const record = new OperationRecord(context);
    let document: DocumentNode | undefined;
    try {
      if (context.refusal !== undefined) return refuse([context.refusal], record);
      const { parse, validate } = context.request
        ? yoga.getEnveloped(context as YogaInitialContext & OperationContext)
        : ofSockets;
      document = parse(params.query ?? '') as DocumentNode;
      const found = getOperationAST(document, params.operationName);
      if (found) record.identify(found);
      const invalid = validate(schema, document) as readonly GraphQLError[];
      if (invalid.length > 0) return refuse(invalid, record, document);
      if (!found) throw badInput('operationName', 'operationName must name one of the operations.');
      const isSubscription = found.operation === OperationTypeNode.SUBSCRIPTION;
      if (isSubscription && context.request && !acceptsEventStream(context.request)) {
        throw new QuireError('BAD_USER_INPUT', 'A subscription over HTTP needs "Accept: text/event-stream".');
      }

      checkCost({ schema, document, operation: found }, params.variables, config.limits.cost);
      const args: ExecutionArgs = {
        schema,
        document,
        operationName: params.operationName,
        variableValues: params.variables,
        contextValue: contextOf(context, record),
      };
      return { operation: new Operation(args, () => run(args, found, record)) };
    } catch (error) {
      return refuse([error], record, document);
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
      const { accept } = request.headers;
      // Of a form, Yoga sees what it makes a choice by: it has no hand in the body.
      const answer = context.form
        ? await yoga.fetch(FORM_URL, { method: 'POST', headers: accept ? { accept } : {} }, scope)
        : await yoga.handleNodeRequestAndResponse(request, response, scope);
      return { response: answer, subscription: scope.subscription };
    },
    counts: () => subscriptions.counts(),
    /** Resolves once no operation is being executed (a subscription counts until it streams). */
    idle: (): Promise<void> =>
      running === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve)),
    /** Ends the event streams over HTTP: their clients are told to come back. */
    endStreams: () => subscriptions.endEventStreams(),
  };
};

export type Operations = ReturnType<typeof createOperations>;
