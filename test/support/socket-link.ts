import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { pause, systemClock } from '../../src/sdk/clock.ts';
import { ConnectionLost } from '../../src/sdk/errors.ts';
import { ViewerDocument } from '../../src/sdk/generated.ts';
import { createSubject } from '../../src/sdk/observable.ts';
import type { CallOptions, Operations } from '../../src/sdk/operations.ts';
import { clientLink } from '../../src/sdk/text/client-link.ts';
import type { TextLink } from '../../src/sdk/text/link.ts';
import { persistently, RETRY_MS, type RetryOptions, retryAfter } from '../../src/sdk/text/persistently.ts';
import type { SocketClient } from './socket-client.ts';

/** Attempts to connect after which one counts as offline. */
const OFFLINE_AFTER_ATTEMPTS = 3;

/** A link that can be closed. */
export interface SocketLink extends TextLink {
  /** Closes the client, too. Idempotent. */
  close(): Promise<void>;
}

/** Settles as the promise does, or resolves when the signal is aborted before. */
const orAborted = (promise: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });

/** The link to a document over a client whose connection is tried again for as long as that makes sense. */
export function socketLink(
  client: SocketClient,
  documentId: string,
  { retryMs = RETRY_MS, onRetry, clock = systemClock }: Omit<RetryOptions, 'signal'> = {},
): SocketLink {
  const closing = new AbortController();
  const connection = createSubject<TextLink['connection']['current']>({ state: 'connecting' });
  let recovering: Promise<void> | null = null;
  let failures = 0;

  const become = (state: TextLink['connection']['current']['state']): void => {
    if (connection.current.state !== state && connection.current.state !== 'closed')
      connection.set({ state });
  };

  const options: RetryOptions = {
    signal: closing.signal,
    retryMs,
    clock,
    onRetry(error) {
      failures += 1;
      if (error instanceof ConnectionLost) {
        become(failures < OFFLINE_AFTER_ATTEMPTS ? 'reconnecting' : 'offline');
      }
      onRetry?.(error);
    },
  };

  /** Asks until it is answered. */
  async function ask<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const answer = await persistently(() => client.request(document, variables), options);
    failures = 0;
    become('connected');
    return answer;
  }

  /** Connects again; all that was lost with a connection wait for one attempt. */
  function recover(): Promise<void> {
    recovering ??= ask(ViewerDocument, {})
      .then(() => undefined)
      .finally(() => {
        recovering = null;
      });
    return recovering;
  }

  /** The connection is lost: it is made again, and the link is over where that makes no sense. */
  function lose(error: ConnectionLost): void {
    if (retryAfter(error, 0) === null) return become('closed');
    become('reconnecting');
    onRetry?.(error);
    recover().catch(() => become('closed'));
  }

  /** Waits until what failed may be tried again. Throws it when that makes no sense. */
  async function afterFailure(error: unknown, signal: AbortSignal): Promise<void> {
    const ms = retryAfter(error, retryMs);
    if (ms === null || signal.aborted || closing.signal.aborted) throw error;
    if (error instanceof ConnectionLost) {
      lose(error);
      return orAborted(recover(), signal);
    }
    onRetry?.(error as Error);
    await pause(clock, ms, signal);
  }

  /** A subscription that goes on for ever. `start` begins it where the last one has ended. */
  async function* follow<Data>(
    start: () => AsyncIterableIterator<Data, undefined>,
    signal: AbortSignal,
  ): AsyncGenerator<Data> {
    while (!signal.aborted) {
      const stream = start();
      const stop = (): void => void stream.return?.();
      signal.addEventListener('abort', stop);
      try {
        for await (const data of stream) yield data;
        // The server ends it in peace when it stops.
        if (!signal.aborted) throw new ConnectionLost(1001, 'The stream has ended.');
      } catch (error) {
        await afterFailure(error, signal);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    }
  }

  const operations: Operations = {
    query: ask,
    async mutate(document, variables) {
      try {
        return await client.request(document, variables);
      } catch (error) {
        if (error instanceof ConnectionLost) lose(error);
        throw error;
      }
    },
    async *subscribe<Data, Variables>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
      { signal = new AbortController().signal }: CallOptions = {},
    ) {
      let next = variables;
      for await (const data of follow(() => client.subscribe(document, next), signal)) {
        const { documentChanges } = data as { readonly documentChanges?: { readonly revision: number } };
        if (documentChanges) next = { ...variables, after: documentChanges.revision };
        yield data;
      }
      return undefined;
    },
  };

  return {
    ...clientLink(operations, documentId, { connection, clock }),
    async close() {
      become('closed');
      closing.abort();
      await client.close();
    },
  };
}
