import type { ExecutionArgs, ExecutionResult, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { QuireError } from '../errors.ts';
import type { RequestContext, Viewer } from '../graphql/context.ts';
import { createDeliveries, type Payload } from '../graphql/delivery.ts';
import type { ErrorPresenter, ErrorScope } from '../graphql/errors.ts';
import { createPlanner } from '../graphql/plan.ts';
import { createTextBudget } from '../graphql/text-budget.ts';
import type { Counter } from '../metrics/instruments.ts';
import { isSource, pulledSource } from '../realtime/source.ts';
import { newSerial } from '../serial.ts';
import { atTime } from './deadline.ts';
import { bytesOf } from './frames.ts';
import type { OperationRecord } from './operation-log.ts';
import { type Ending, Subscription } from './subscription.ts';

export interface SubscriptionsOptions {
  readonly schema: GraphQLSchema;
  readonly documentChars: number;
  readonly presenter: ErrorPresenter;
  /** Makes what the client is told of a result with errors. */
  readonly present: (result: ExecutionResult, scope: ErrorScope) => ExecutionResult;
  readonly clock: Clock;
  readonly log: Logger;
  /** Counts the payloads that are handed over. */
  readonly deliveries?: Counter;
}

const encode = (result: ExecutionResult): Payload => bytesOf(JSON.stringify(result));

/** Opens the subscriptions of all transports, so that those which select the same are rendered once. */
export const createSubscriptions = ({
  schema,
  documentChars,
  presenter,
  present,
  clock,
  log,
  deliveries: delivered = { total: 0 },
}: SubscriptionsOptions) => {
  const planOf = createPlanner(schema);
  const deliveries = createDeliveries({
    present,
    encode,
    tenantContext: (tenantId): RequestContext => ({
      viewer: null,
      tenantId,
      clientId: null,
      connectionId: null,
      lastEventId: null,
      requestId: newSerial(),
      log,
      texts: createTextBudget(documentChars),
    }),
  });
  /** Those of event streams over HTTP; a socket's end with their socket. */
  const eventStreams = new Set<Subscription>();
  let running = 0;

  /** A class, and not closures: there is one for each subscription. */
  class RecordedEnding implements Ending {
    readonly #record: OperationRecord;
    release: (() => void) | null = null;

    constructor(record: OperationRecord) {
      this.#record = record;
    }

    explain(error: unknown): ExecutionResult {
      return { errors: [presenter.field(error, this.#record)] };
    }

    encode(result: ExecutionResult): Payload {
      return encode(result);
    }

    onDelivered(): void {
      delivered.total += 1;
    }

    onEnd(last: ExecutionResult | undefined): void {
      running -= 1;
      this.release?.();
      this.#record.finish(last?.errors);
    }
  }

  /** An event stream ends with its viewer's token, as a socket does. */
  const bind = (subscription: Subscription, ending: RecordedEnding, viewer: Viewer | null): void => {
    const expire = (): void =>
      subscription.finish(ending.explain(new QuireError('UNAUTHENTICATED', 'The token has expired.')));
    const cancel = viewer ? atTime(clock, viewer.tokenExpiresAt, expire) : undefined;
    eventStreams.add(subscription);
    ending.release = () => {
      cancel?.();
      eventStreams.delete(subscription);
    };
  };

  return {
    /** Makes a subscription of what its resolver gave. */
    open(
      given: AsyncIterable<unknown>,
      { document, variableValues, contextValue }: ExecutionArgs,
      operation: OperationDefinitionNode,
      record: OperationRecord,
    ): Subscription {
      const context = contextValue as RequestContext;
      const source = isSource(given)
        ? given
        : pulledSource(given as AsyncIterableIterator<unknown, undefined>);
      const admission = deliveries.join(planOf(document, operation), variableValues, context);
      const ending = new RecordedEnding(record);
      const subscription = new Subscription(source, admission, ending);
      running += 1;
      if (context.connectionId === null) bind(subscription, ending, context.viewer);
      return subscription;
    },

    counts: () => ({
      audiences: deliveries.audiences,
      eventStreams: eventStreams.size,
      subscriptions: running,
    }),

    /** Ends the event streams: their clients are told to come back. */
    endEventStreams(): void {
      const away = presenter.field(new QuireError('UNAVAILABLE', 'Going away: subscribe again.'), {
        requestId: '',
        log,
      });
      for (const subscription of eventStreams) subscription.finish({ errors: [away] });
    },
  };
};
