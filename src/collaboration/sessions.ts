import { addressOf } from '../documents/authority.ts';
import type { DocumentChange } from '../documents/change.ts';
import type { CollaboratorShape } from '../documents/schema.ts';
import type { CollaboratorRow, DocumentKey } from '../documents/store.ts';
import { type DocumentEvent, documentChanged, documentEvents } from '../documents/topics.ts';
import type { Clock } from '../platform/clock.ts';
import { QuireError } from '../platform/errors.ts';
import type { Broker, Hearing } from '../platform/realtime/broker.ts';
import { type LogHint, POLL_MS, SAFETY_POLL_MS } from '../platform/realtime/log-stream.ts';
import type { HouseEvent, SessionView } from './events.ts';
import { Session } from './session.ts';

/** Documents with somebody on them that one instance holds. */
const MAX_SESSIONS = 50_000;

export interface SessionsOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  /** The collaborators of a document as they are now. */
  readonly collaborators: (key: DocumentKey) => Promise<readonly CollaboratorRow[]>;
}

/** A session that somebody is in, with its ear on what happens to the document. */
interface OpenSession {
  readonly session: Session;
  /** Resolves once it is known whether announcements arrive. */
  readonly ready: Promise<void>;
  close(): void;
}

/** The sessions of this instance: one a document, for as long as somebody is on it. */
export function createSessions({ broker, clock, collaborators }: SessionsOptions) {
  const open = new Map<string, OpenSession>();
  let closed = false;

  function start(key: DocumentKey): OpenSession {
    const name = nameOf(key);
    let hearing: Hearing | undefined;
    let stopped = false;
    let cancelCheck = () => {};
    /** The newest access epoch seen in a change: an announcement of who lost access may itself be lost. */
    let epoch = -1;

    const checkLater = (): void => {
      cancelCheck();
      if (stopped) return;
      cancelCheck = clock.after(hearing === 'interrupted' ? POLL_MS : SAFETY_POLL_MS, () => {
        session.recheck();
        checkLater();
      });
    };

    const hear = (now: Hearing): void => {
      if (now === 'live') session.recheck();
      hearing = now;
      checkLater();
    };

    const onChange = ({ events = [] }: LogHint<DocumentChange>): void => {
      const newest = Math.max(epoch, ...events.map((change) => change.epoch));
      if (newest > epoch || events.length === 0) session.recheck();
      epoch = newest;
      session.follow(events);
    };

    const onEvent = (event: DocumentEvent): void => {
      if (event.kind !== 'updated') session.recheck();
      const announced = houseEvent(key, event, collaborators);
      if (announced) session.announce(announced);
      if (event.kind === 'deleted') session.expel();
      if (event.kind === 'collaborator-removed') session.expel(event.userId);
    };

    const close = (): void => {
      stopped = true;
      if (open.get(name) === entry) open.delete(name);
      cancelCheck();
      changes.close();
      events.close();
      session.close();
    };

    const session = new Session({ documentId: key.documentId, clock, onEmpty: close });
    const health = { onInterrupted: () => hear('interrupted'), onLive: () => hear('live') };
    const changes = broker.listen(documentChanged, addressOf(key), { onEvent: onChange });
    const events = broker.listen(documentEvents, addressOf(key), { onEvent, ...health });
    const ready = Promise.all([changes.ready, events.ready]).then(([, answer]) => {
      // What onLive and onInterrupted have said meanwhile is newer.
      hearing ??= answer;
      checkLater();
    });
    const entry: OpenSession = { session, ready, close };
    open.set(name, entry);
    checkLater();
    return entry;
  }

  return {
    /** How many documents have somebody on them. */
    get size(): number {
      return open.size;
    },

    /** The documents that somebody is on, as `tenant/document`. */
    names: (): Iterable<string> => open.keys(),

    /** The session when there is one. */
    find: (key: DocumentKey): Session | null => open.get(nameOf(key))?.session ?? null,

    view: (key: DocumentKey): SessionView =>
      open.get(nameOf(key))?.session.view() ?? {
        documentId: key.documentId,
        startedAt: null,
        participants: [],
      },

    /**
     * Lets `enter` put somebody into the session, which is begun when there is none and dropped when its last one has
     * gone. `ready` resolves when the session hears of the document. Throws RATE_LIMITED, or UNAVAILABLE after `close`.
     */
    into<T>(key: DocumentKey, enter: (session: Session, ready: Promise<void>) => T): T {
      if (closed) throw new QuireError('UNAVAILABLE', 'The server is closing. Connect again.');
      const known = open.get(nameOf(key));
      if (!known && open.size >= MAX_SESSIONS) {
        throw new QuireError('RATE_LIMITED', 'People are on too many documents at once. Try again later.', {
          retryAfterMs: SAFETY_POLL_MS,
        });
      }
      const { session, ready } = known ?? start(key);
      return enter(session, ready);
    },

    /** Drops all sessions. Idempotent. */
    close(): void {
      closed = true;
      for (const entry of [...open.values()]) entry.close();
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;

/** A tenant's name has no slash, so the name is unambiguous. */
const nameOf = ({ tenantId, documentId }: DocumentKey): string => `${tenantId}/${documentId}`;

/** What the people in a session are told of a document's event; null for its end, which ends their streams. */
function houseEvent(
  key: DocumentKey,
  event: DocumentEvent,
  collaborators: SessionsOptions['collaborators'],
): HouseEvent | null {
  const { by, at } = event;
  switch (event.kind) {
    case 'deleted':
      return null;
    case 'updated':
      return {
        kind: 'document-updated',
        documentId: key.documentId,
        changedFields: event.changedFields,
        by,
        at,
      };
    case 'collaborator-removed':
      return { kind: 'collaborator-removed', userId: event.userId, by, at };
    case 'collaborator-added':
    case 'collaborator-role-changed': {
      const { kind, userId, role } = event;
      const added: CollaboratorShape = { tenantId: key.tenantId, userId, role, addedBy: by, addedAt: at };
      if (kind === 'collaborator-added') return { kind, collaborator: () => added, by, at };
      // Who added them, and when, is in the database alone; read once however many ask.
      let reading: Promise<CollaboratorShape> | undefined;
      const read = async (): Promise<CollaboratorShape> => {
        const row = (await collaborators(key)).find((one) => one.userId === userId);
        return row ? { ...row, role, tenantId: key.tenantId } : added;
      };
      return { kind, collaborator: () => (reading ??= read()), by, at };
    }
  }
}
