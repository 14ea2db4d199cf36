import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import { createClient } from 'graphql-ws';
import { ConnectionLost, OperationError } from '../../src/sdk/errors.ts';
import { textOf } from '../../src/sdk/operation.ts';
import { createInbox } from './inbox.ts';

/** Milliseconds that a socket without operations stays open. */
const IDLE_MS = 10_000;

export interface SocketClientOptions {
  /** The server's address, like `http://localhost:4000`. */
  readonly url: string;
  /** Asked for at each connection. */
  readonly token: () => Promise<string>;
  readonly clientId?: string;
  /** The WebSocket class where the platform has none of its own (Node 20). */
  readonly webSocket?: unknown;
}

/** One socket and its operations. It connects by need, and again after it was lost; what ran on it is not repeated. */
export interface SocketClient {
  /** Runs a query or a mutation, once. Rejects with OperationError or ConnectionLost. */
  request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** Starts a subscription at once. It ends with OperationError or ConnectionLost, or in peace. */
  subscribe<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): AsyncIterableIterator<Data, undefined>;
  /** Ends it all. Idempotent. */
  close(): Promise<void>;
}

/** What graphql-ws fails with: the server's errors, a close event, or an error event of the socket. */
function failureOf(error: unknown, wasConnected: boolean): Error {
  if (Array.isArray(error)) return new OperationError(error as GraphQLFormattedError[]);
  const { code, reason, message } = error as { code?: unknown; reason?: string; message?: string };
  // A token that had expired before it was sent is as good as none: asking again with it would not help.
  if (code === 4403 && !wasConnected) return new ConnectionLost(4401, 'The token has expired.');
  return new ConnectionLost(typeof code === 'number' ? code : 1006, reason ?? message ?? '');
}

/** A client over `graphql-ws` that tells everything: nothing is tried again behind its user's back. */
export function createSocketClient({ url, token, clientId, webSocket }: SocketClientOptions): SocketClient {
  let connected = false;
  const client = createClient({
    url: `${url.replace(/^http/, 'ws').replace(/\/$/, '')}/graphql`,
    webSocketImpl: webSocket,
    lazyCloseTimeout: IDLE_MS,
    retryAttempts: 0,
    connectionParams: async () => ({ token: await token(), ...(clientId && { clientId }) }),
    on: {
      connecting: () => {
        connected = false;
      },
      connected: () => {
        connected = true;
      },
    },
  });

  function subscribe<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) {
    const inbox = createInbox<Data>(() => stop());
    const stop = client.subscribe<Data>(
      { query: textOf(document), variables: variables as Record<string, unknown> },
      {
        next({ data, errors }: ExecutionResult<Data>) {
          if (errors) inbox.fail(new OperationError(errors));
          else if (data) inbox.push(data);
        },
        error: (error) => inbox.fail(failureOf(error, connected)),
        complete: () => inbox.end(),
      },
    );
    return inbox;
  }

  return {
    subscribe,
    async request(document, variables) {
      // The server ends it after the answer: leaving it as well would cost a message.
      const answer = await subscribe(document, variables).next();
      if (answer.done) throw new ConnectionLost(1000, 'The connection was closed without an answer.');
      return answer.value;
    },
    async close() {
      // It rejects when there is no connection to close.
      await Promise.resolve(client.dispose()).catch(() => {});
    },
  };
}
