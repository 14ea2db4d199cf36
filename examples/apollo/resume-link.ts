import { ApolloLink } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { type GraphQLFormattedError, getOperationAST, Kind, OperationTypeNode } from 'graphql';
import { defer, retry, tap, throwError, timer } from 'rxjs';

/** The logs, and which field of an event is its cursor: what `after` takes. */
const CURSORS: Readonly<Record<string, string>> = { documentChanges: 'revision', complianceAlerts: 'id' };

/** Milliseconds after which a log that ended with an error is worth asking for again; null when it is not. */
function retryAfter([first]: readonly GraphQLFormattedError[], retryMs: number): number | null {
  const { code, retryAfterMs = retryMs } = first?.extensions ?? {};
  // Up to twice as long, so that not all come back at once.
  const isPassing = code === 'UNAVAILABLE' || code === 'RATE_LIMITED';
  return isPassing ? Number(retryAfterMs) * (1 + Math.random()) : null;
}

/**
 * Resumes logs behind the last event that was seen. It stands before a GraphQLWsLink, whose graphql-ws sends a
 * subscription again after each lost connection, with the variables that it has by then. `retryMs`: milliseconds after
 * which a log is asked for again when the server could not give it.
 */
export const createResumeLink = ({ retryMs = 1_000 } = {}): ApolloLink =>
  new ApolloLink((operation, forward) => {
    const [field] = getOperationAST(operation.query)?.selectionSet.selections ?? [];
    if (operation.operationType !== OperationTypeNode.SUBSCRIPTION || field?.kind !== Kind.FIELD)
      return forward(operation);
    const cursor = CURSORS[field.name.value];
    if (cursor === undefined) return forward(operation);
    const variables: Record<string, unknown> = { ...operation.variables };
    if (variables['after'] == null) {
      const problem = `${field.name.value} cannot be resumed without the variable $after: begin at a cursor, or at 0.`;
      return throwError(() => new Error(problem));
    }
    operation.variables = variables;
    return defer(() => forward(operation)).pipe(
      tap((result) => {
        if (retryAfter(result.errors ?? [], retryMs) !== null) throw new CombinedGraphQLErrors(result);
        const event = result.data?.[(field.alias ?? field.name).value] as Record<string, unknown> | undefined;
        if (event) variables['after'] = event[cursor];
      }),
      retry({
        delay: (error: unknown) => {
          const ms = CombinedGraphQLErrors.is(error) ? retryAfter(error.errors, retryMs) : null;
          return ms === null ? throwError(() => error) : timer(ms);
        },
      }),
    );
  });
