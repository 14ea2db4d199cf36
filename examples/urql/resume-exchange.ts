import { type Exchange, type Operation, subscriptionExchange } from '@urql/core';
import { type GraphQLFormattedError, getOperationAST, Kind } from 'graphql';
import type { Client } from 'graphql-ws';

/** The logs, and which field of an event is its cursor: what `after` takes. */
const CURSORS: Readonly<Record<string, string>> = { documentChanges: 'revision', complianceAlerts: 'id' };

/** Milliseconds after which a log that ended with an error is worth asking for again; null when it is not. */
function retryAfter([first]: readonly GraphQLFormattedError[], retryMs: number): number | null {
  const { code, retryAfterMs = retryMs } = first?.extensions ?? {};
  // Up to twice as long, so that not all come back at once.
  const isPassing = code === 'UNAVAILABLE' || code === 'RATE_LIMITED';
  return isPassing ? Number(retryAfterMs) * (1 + Math.random()) : null;
}

/** Where the events of a log are in its results, and what their cursor is called; null for other operations. */
function logOf({ kind, query }: Operation): { name: string; key: string; cursor: string } | null {
  const [field] = getOperationAST(query)?.selectionSet.selections ?? [];
  if (kind !== 'subscription' || field?.kind !== Kind.FIELD) return null;
  const cursor = CURSORS[field.name.value];
  return cursor === undefined
    ? null
    : { name: field.name.value, key: (field.alias ?? field.name).value, cursor };
}

/**
 * Runs all operations over a graphql-ws client, and resumes logs behind the last event that was seen: graphql-ws sends a
 * subscription again after each lost connection, with the variables that it has by then. `retryMs`: milliseconds after
 * which a log is asked for again when the server could not give it.
 */
export const resumeExchange = (socket: Client, { retryMs = 1_000 } = {}): Exchange =>
  subscriptionExchange({
    enableAllOperations: true,
    forwardSubscription: ({ query = '', variables: given }, operation) => ({
      subscribe(sink) {
        const log = logOf(operation);
        const variables: Record<string, unknown> = { ...given };
        /** Milliseconds after which to ask again when the server has ended it; null: it has ended for good. */
        let again: number | null = null;
        let stop = (): void => {};

        const askLater = (ms: number): void => {
          const timer = setTimeout(ask, ms);
          stop = () => clearTimeout(timer);
        };
        const ask = (): void => {
          stop = socket.subscribe(
            { query, variables },
            {
              next({ data, errors }) {
                const event = log && (data?.[log.key] as Record<string, unknown> | undefined);
                if (log && event) variables['after'] = event[log.cursor];
                again = log && retryAfter(errors ?? [], retryMs);
                if (again === null) sink.next({ data, errors });
              },
              error(problem) {
                again = log && Array.isArray(problem) ? retryAfter(problem, retryMs) : null;
                if (again !== null) askLater(again);
                else if (Array.isArray(problem)) {
                  sink.next({ errors: problem, hasNext: false });
                  sink.complete();
                } else sink.error(problem);
              },
              complete: () => (again === null ? sink.complete() : askLater(again)),
            },
          );
        };

        if (log && variables['after'] == null) {
          const problem = `${log.name} cannot be resumed without the variable $after: begin at a cursor, or at 0.`;
          sink.error(new Error(problem));
        } else ask();
        return {
          unsubscribe() {
            again = null;
            stop();
          },
        };
      },
    }),
  });
