import type { Clock } from '../platform/clock.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker, Listener, Listening } from '../platform/realtime/broker.ts';
import type { Verdict } from '../platform/realtime/log-feed.ts';
import { createLogFeeds, type OpenLog } from '../platform/realtime/log-feeds.ts';
import type { LogHint } from '../platform/realtime/log-stream.ts';
import type { Source } from '../platform/realtime/source.ts';
import { addressOf } from './authority.ts';
import type { DocumentChange } from './change.ts';
import { checkClientId } from './ids.ts';
import { readChanges } from './log.ts';
import { type Access, documentNotFound, refusal } from './permissions.ts';
import { type DocumentKey, readAccess } from './store.ts';
import type { DocumentQuery } from './tables.ts';
import { documentChanged, documentEvents } from './topics.ts';

/** Users whose access one query asks for. */
const MAX_USERS_PER_QUERY = 500;

export interface ChangeStreamsOptions {
  readonly query: DocumentQuery;
  readonly broker: Broker;
  readonly clock: Clock;
  /** Called when a change was handed to so many live subscribers, once or more for each change. */
  readonly onDelivered?: ((change: DocumentChange, subscribers: number) => void) | undefined;
}

export interface ChangeStreamInput {
  readonly documentId: string;
  /** The revision behind which the stream begins; from now on where it is left out. */
  readonly after?: number | null | undefined;
  /** What `after` is called where it came from, for the error about it. */
  readonly afterName?: string;
  /** Whether the subscriber's own changes come, too. */
  readonly echo: boolean;
  readonly clientId: string | null;
}

/** The LOG streams of documents' changes: one feed a document that somebody watches. */
export function createChangeStreams({ query, broker, clock, onDelivered }: ChangeStreamsOptions) {
  const feeds = createLogFeeds<DocumentChange, string>();

  /** Keeps a stream to those who may read: asks again when the access epoch has moved on. */
  async function createGate(viewer: Viewer, key: DocumentKey) {
    const found = await readAccess(query, key, [viewer.userId]);
    const refused = refusal(found?.accessOf(viewer.userId) ?? null, 'VIEWER');
    if (!found || refused) throw refused ?? documentNotFound();
    let checked = found.accessOf(viewer.userId).epoch;

    async function recheck(): Promise<void> {
      const access = (await readAccess(query, key, [viewer.userId]))?.accessOf(viewer.userId) ?? null;
      const ended = endOf(access);
      if (ended) throw ended;
      checked = access?.epoch ?? checked;
    }

    return {
      revision: found.revision,
      /** `newest` is about to be delivered (its epoch says it); null asks whether the stream may go on. Throws what ends it. */
      admit: (newest: { readonly epoch: number } | null): void | Promise<void> =>
        newest && newest.epoch <= checked ? undefined : recheck(),
    };
  }

  async function check(key: DocumentKey, viewers: readonly string[]): Promise<Verdict<string>> {
    const userIds = [...new Set(viewers)];
    const refusals = new Map<string, QuireError>();
    let epoch = Number.POSITIVE_INFINITY;
    for (let from = 0; from < userIds.length; from += MAX_USERS_PER_QUERY) {
      const asked = userIds.slice(from, from + MAX_USERS_PER_QUERY);
      const found = await readAccess(query, key, asked);
      for (const userId of asked) {
        const access = found?.accessOf(userId) ?? null;
        const ended = endOf(access);
        if (ended) refusals.set(userId, ended);
        // Those of several queries are good under the oldest epoch of them.
        epoch = Math.min(epoch, access?.epoch ?? 0);
      }
    }
    return { epoch, refusalOf: (userId) => refusals.get(userId) ?? null };
  }

  function listenTo(
    key: DocumentKey,
    listener: Listener<LogHint<DocumentChange>>,
    recheck: () => void,
  ): Listening {
    const changed = broker.listen(documentChanged, addressOf(key), listener);
    const events = broker.listen(documentEvents, addressOf(key), {
      onEvent({ kind }) {
        if (kind === 'deleted' || kind === 'collaborator-removed') recheck();
      },
      onLive: recheck,
    });
    return {
      ready: Promise.all([changed.ready, events.ready]).then(([hearing]) => hearing),
      close() {
        changed.close();
        events.close();
      },
    };
  }

  const openLog =
    (key: DocumentKey, head: number): OpenLog<DocumentChange, string> =>
    (recheck) => ({
      listen: (listener) => listenTo(key, listener, recheck),
      read: (after, limit) => readChanges(query, key, after, limit),
      cursorOf: ({ revision }) => revision,
      charsOf: ({ content }) => content.length,
      epochOf: ({ epoch }) => epoch,
      check: (viewers) => check(key, viewers),
      head,
      clock,
      onDelivered,
    });

  return {
    createGate,

    /**
     * Every revision after `after`, once, in order. Throws NOT_FOUND when the viewer may not read the document, and
     * BAD_USER_INPUT; ends with FORBIDDEN when access ends, with NOT_FOUND when the document is deleted.
     */
    async changes(viewer: Viewer, input: ChangeStreamInput): Promise<Source<DocumentChange>> {
      const key = { tenantId: viewer.tenantId, documentId: input.documentId };
      const { revision } = await createGate(viewer, key);
      if (input.clientId !== null) checkClientId('clientId', input.clientId);
      const { after, afterName = 'after' } = { ...input, after: input.after ?? revision };
      if (after < 0 || after > revision) {
        throw badInput(afterName, `${afterName} must be between 0 and ${revision}, the newest revision.`);
      }
      const skips = input.echo ? null : isOwn(viewer, input.clientId);
      const name = `${key.tenantId}/${key.documentId}`;
      return feeds.source(name, { viewer: viewer.userId, after, skips }, openLog(key, revision));
    },

    /** The documents that somebody watches, as `tenant/document`. */
    watched: (): Iterable<string> => feeds.names(),

    /** What is open now. */
    counts: () => feeds.counts(),
  };
}

/** What ends a stream of somebody who has this access; null while it may go on. */
function endOf(access: Access | null): QuireError | null {
  if (!access || access.deleted) return new QuireError('NOT_FOUND', 'The document was deleted.');
  return access.role === null ? new QuireError('FORBIDDEN', 'Your access to this document has ended.') : null;
}

/** What the subscriber itself has sent: by client where it has named itself, by user otherwise. */
const isOwn =
  ({ userId }: Viewer, clientId: string | null) =>
  (change: DocumentChange): boolean =>
    change.userId === userId && (clientId === null || change.clientId === clientId);
