import type { Clock } from '../platform/clock.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker, Listener, Listening } from '../platform/realtime/broker.ts';
import { createLogStream, type LogHint } from '../platform/realtime/log-stream.ts';
import { addressOf } from './authority.ts';
import type { DocumentChange } from './change.ts';
import { checkClientId } from './ids.ts';
import { readChanges } from './log.ts';
import { documentNotFound, refusal } from './permissions.ts';
import { type DocumentKey, readAccess } from './store.ts';
import type { DocumentQuery } from './tables.ts';
import { type DocumentEvent, documentChanged, documentEvents } from './topics.ts';

export interface ChangeStreamsOptions {
  readonly query: DocumentQuery;
  readonly broker: Broker;
  readonly clock: Clock;
}

export interface ChangeStreamInput {
  readonly documentId: string;
  /** The revision behind which the stream begins; from now on where it is left out. */
  readonly after?: number | null | undefined;
  /** Whether the subscriber's own changes come, too. */
  readonly echo: boolean;
  readonly clientId: string | null;
}

/** The LOG streams of documents' changes. */
export function createChangeStreams({ query, broker, clock }: ChangeStreamsOptions) {
  /** Keeps a stream to those who may read: asks again when the access epoch has moved on. */
  async function createGate(viewer: Viewer, key: DocumentKey) {
    const found = await readAccess(query, key, [viewer.userId]);
    const refused = refusal(found?.accessOf(viewer.userId) ?? null, 'VIEWER');
    if (!found || refused) throw refused ?? documentNotFound();
    let checked = found.accessOf(viewer.userId).epoch;

    async function recheck(): Promise<void> {
      const access = (await readAccess(query, key, [viewer.userId]))?.accessOf(viewer.userId);
      if (!access || access.deleted) throw new QuireError('NOT_FOUND', 'The document was deleted.');
      if (access.role === null) throw new QuireError('FORBIDDEN', 'Your access to this document has ended.');
      checked = access.epoch;
    }

    return {
      revision: found.revision,
      /** `newest` is about to be delivered; null asks whether the stream may go on. Throws what ends it. */
      admit: (newest: DocumentChange | null): void | Promise<void> =>
        newest && newest.epoch <= checked ? undefined : recheck(),
    };
  }

  return {
    createGate,

    /**
     * Every revision after `after`, once, in order. Throws NOT_FOUND when the viewer may not read the document, and
     * BAD_USER_INPUT; ends with FORBIDDEN when access ends, with NOT_FOUND when the document is deleted.
     */
    async changes(viewer: Viewer, input: ChangeStreamInput): Promise<AsyncIterableIterator<DocumentChange>> {
      const key = { tenantId: viewer.tenantId, documentId: input.documentId };
      const gate = await createGate(viewer, key);
      if (input.clientId !== null) checkClientId('clientId', input.clientId);
      const after = input.after ?? gate.revision;
      if (after < 0 || after > gate.revision) {
        throw badInput('after', `after must be between 0 and ${gate.revision}, the newest revision.`);
      }
      const stream = createLogStream<DocumentChange>({
        listen(listener: Listener<LogHint<DocumentChange>>): Listening {
          const changed = broker.listen(documentChanged, addressOf(key), listener);
          const events = broker.listen(documentEvents, addressOf(key), {
            onEvent(event) {
              if (mayEndAccess(event, viewer)) stream.recheck();
            },
            onLive: () => stream.recheck(),
          });
          // Access may have ended between the gate's look and here; nobody would say so again.
          stream.recheck();
          return {
            ready: Promise.all([changed.ready, events.ready]).then(([hearing]) => hearing),
            close() {
              changed.close();
              events.close();
            },
          };
        },
        read: (from, limit) => readChanges(query, key, from, limit),
        cursorOf: ({ revision }) => revision,
        charsOf: ({ content }) => content.length,
        after,
        admit: gate.admit,
        clock,
      });
      return input.echo ? stream : withoutOwn(stream, viewer, input.clientId);
    },
  };
}

const mayEndAccess = (event: DocumentEvent, { userId }: Viewer): boolean =>
  event.kind === 'deleted' || (event.kind === 'collaborator-removed' && event.userId === userId);

/** Leaves out what the subscriber itself has sent: by client where it has named itself, by user otherwise. */
function withoutOwn(
  stream: AsyncIterableIterator<DocumentChange>,
  viewer: Viewer,
  clientId: string | null,
): AsyncIterableIterator<DocumentChange> {
  const isOwn = (change: DocumentChange): boolean =>
    change.userId === viewer.userId && (clientId === null || change.clientId === clientId);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      for (;;) {
        const result = await stream.next();
        if (result.done || !isOwn(result.value)) return result;
      }
    },
    return: () => stream.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  };
}
