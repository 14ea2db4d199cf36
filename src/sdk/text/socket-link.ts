import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { pause, systemClock } from '../clock.ts';
import { ConnectionLost, OperationError } from '../errors.ts';
import {
  ApplyDocumentChangesDocument,
  CollaborationUpdatesDocument,
  DocumentChangesDocument,
  DocumentLogDocument,
  DocumentTextAtDocument,
  DocumentTextDocument,
  SetTypingDocument,
  UpdateCursorPositionDocument,
  UpdatePresenceDocument,
  ViewerDocument,
} from '../generated.ts';
import { createSubject } from '../observable.ts';
import type { SocketClient } from '../socket-client.ts';
import { toInput } from './client-link.ts';
import type { TextLink } from './link.ts';
import { persistently, RETRY_MS, type RetryOptions, retryAfter } from './persistently.ts';

/** Attempts to connect after which one counts as offline. */
const OFFLINE_AFTER_ATTEMPTS = 3;

/** A link that can be closed. */
export interface SocketLink extends TextLink {
  /** Closes the client, too. Idempotent. */
  close(): Promise<void>;
}

const noDocument = (): OperationError =>
  new OperationError([{ message: 'There is no such document.', extensions: { code: 'NOT_FOUND' } }]);

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

  async function askDocument<Data extends { readonly document: unknown }, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<NonNullable<Data['document']>> {
    const found = (await ask(document, variables)).document;
    if (!found) throw noDocument();
    return found;
  }

  return {
    documentId,
    connection,
    async open() {
      const { content, revision } = await askDocument(DocumentTextDocument, { id: documentId });
      const { viewer } = await ask(ViewerDocument, {});
      return { text: content, revision, userId: viewer.user.id };
    },
    async head(known) {
      const variables = { id: documentId, after: known, first: 1 };
      return (await askDocument(DocumentLogDocument, variables)).revision;
    },
    async textAt(revision) {
      return (await askDocument(DocumentTextAtDocument, { id: documentId, revision })).contentAt;
    },
    async *changes(after, signal) {
      let seen = after;
      const start = () => client.subscribe(DocumentChangesDocument, { documentId, after: seen, echo: true });
      for await (const { documentChanges } of follow(start, signal)) {
        seen = documentChanges.revision;
        yield documentChanges;
      }
    },
    async send({ changeId, baseRevision, splices }, signal) {
      const sent = { documentId, changes: splices.map(toInput), baseRevision, changeId };
      for (;;) {
        try {
          const { applyDocumentChanges } = await client.request(ApplyDocumentChangesDocument, sent);
          return { ...applyDocumentChanges, changeId, count: applyDocumentChanges.changes.length };
        } catch (error) {
          if (error instanceof ConnectionLost) {
            lose(error);
            throw error;
          }
          await afterFailure(error, signal);
        }
      }
    },
    async *session(signal) {
      const start = () => client.subscribe(CollaborationUpdatesDocument, { documentId });
      for await (const { collaborationUpdates } of follow(start, signal)) yield collaborationUpdates;
    },
    async moveCursor(position) {
      await client.request(UpdateCursorPositionDocument, { documentId, position });
    },
    async setTyping(typing) {
      await client.request(SetTypingDocument, { documentId, typing });
    },
    async setStatus(status) {
      await client.request(UpdatePresenceDocument, { documentId, status });
    },
    async close() {
      become('closed');
      closing.abort();
      await client.close();
    },
  };
}
