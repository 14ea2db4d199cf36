import { checkText, type DocumentChange } from '../documents/change.ts';
import type { Documents } from '../documents/documents.ts';
import { checkClientId } from '../documents/ids.ts';
import type { DocumentKey, DocumentRow } from '../documents/store.ts';
import type { Clock } from '../platform/clock.ts';
import { badInput } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import type { SessionView } from './events.ts';
import type { Action, Cursor, PresenceStatus } from './presence.ts';
import { createSessions } from './sessions.ts';
import { type ClientName, createSessionStreams } from './streams.ts';

/** UTF-16 code units of a cursor's selected text. */
export const MAX_SELECTION_CHARS = 1_000;
/** Changes that a session shows. */
const RECENT_CHANGES = 20;

export interface CollaborationOptions {
  readonly documents: Documents;
  /** Carries what happens to documents; what happens in sessions stays in this process. */
  readonly broker: Broker;
  readonly clock: Clock;
}

/** Which client of the viewer, on which document; a null clientId is found out as `Session.act` says. */
export interface ClientKey extends ClientName {
  readonly documentId: string;
}

/**
 * Who is on a document: presence, cursors, typing. Callers have checked that the viewer may read the document.
 *
 * A client is here while it has a subscription, or for 45 s after each of its calls. `position` and `selectionEnd` of
 * a cursor move along with the text; `line` and `column` stay as they were last sent.
 */
export function createCollaboration({ documents, broker, clock }: CollaborationOptions) {
  const sessions = createSessions({
    broker,
    clock,
    collaborators: (key) => documents.collaborators.list(key),
  });
  const streams = createSessionStreams({ documents, sessions, clock });

  const keyOf = (viewer: Viewer, documentId: string): DocumentKey => ({
    tenantId: viewer.tenantId,
    documentId,
  });

  function act(viewer: Viewer, { documentId, clientId, connectionId }: ClientKey, action: Action): void {
    const named = checkName(clientId);
    sessions.into(keyOf(viewer, documentId), (session) =>
      session.act(viewer.userId, named, action, connectionId),
    );
  }

  function leave(viewer: Viewer, { documentId, clientId, connectionId }: ClientKey): boolean {
    const named = checkName(clientId);
    return sessions.find(keyOf(viewer, documentId))?.leave(viewer.userId, named, connectionId) ?? false;
  }

  return {
    session: (key: DocumentKey): SessionView => sessions.view(key),

    /** The document as the viewer may read it; NOT_FOUND otherwise. */
    document: (viewer: Viewer, documentId: string): Promise<DocumentRow> =>
      documents.mustFind(viewer, documentId, 'VIEWER'),

    /** The newest changes of the text, oldest first. Throws NOT_FOUND when the viewer may not read them. */
    async recentChanges(viewer: Viewer, documentId: string): Promise<DocumentChange[]> {
      const row = await documents.mustFind(viewer, documentId, 'VIEWER');
      return documents.changes(row, Math.max(0, row.revision - RECENT_CHANGES), RECENT_CHANGES);
    },

    /** Joins, or stays. Throws RATE_LIMITED when there is no room. */
    join(viewer: Viewer, client: ClientKey): SessionView {
      act(viewer, client, { kind: 'join' });
      return sessions.view(keyOf(viewer, client.documentId));
    },

    /** False when the client was not there. */
    leave,

    /** OFFLINE leaves. */
    updatePresence(viewer: Viewer, client: ClientKey, status: PresenceStatus): void {
      switch (status) {
        case 'OFFLINE':
          leave(viewer, client);
          break;
        case 'AWAY':
          act(viewer, client, { kind: 'away' });
          break;
        case 'ONLINE':
          act(viewer, client, { kind: 'online' });
          break;
      }
    },

    /** Throws BAD_USER_INPUT for numbers below 0 and for a long selection. */
    moveCursor(viewer: Viewer, client: ClientKey, cursor: Cursor): void {
      act(viewer, client, { kind: 'cursor', cursor: checkCursor(cursor) });
    },

    setTyping(viewer: Viewer, client: ClientKey, typing: boolean): void {
      act(viewer, client, { kind: 'typing', typing });
    },

    /** STATE of the session; joins it. Throws NOT_FOUND; ends with FORBIDDEN or NOT_FOUND. */
    async updates(viewer: Viewer, client: ClientKey) {
      checkName(client.clientId);
      return streams.updates(viewer, keyOf(viewer, client.documentId), client);
    },

    /** The events of the session, after a snapshot; joins it. Throws and ends as `updates` does. */
    async events(viewer: Viewer, client: ClientKey) {
      checkName(client.clientId);
      return streams.events(viewer, keyOf(viewer, client.documentId), client);
    },

    /** Documents with somebody on them, on this instance. */
    get activeDocuments(): number {
      return sessions.size;
    },

    /** Their names, as `tenant/document`. */
    occupied: (): Iterable<string> => sessions.names(),

    /** Ends all sessions. Idempotent. */
    close: (): void => sessions.close(),
  };
}

export type Collaboration = ReturnType<typeof createCollaboration>;

const checkName = (clientId: string | null): string | null =>
  clientId === null ? null : checkClientId('clientId', clientId);

function checkCursor(cursor: Cursor): Cursor {
  for (const name of ['line', 'column', 'position', 'selectionEnd'] as const) {
    if ((cursor[name] ?? 0) < 0) throw badInput(`position.${name}`, `${name} must not be negative.`);
  }
  if (cursor.selection.length > MAX_SELECTION_CHARS) {
    throw badInput('position.selection', `selection holds at most ${MAX_SELECTION_CHARS} characters.`);
  }
  checkText('position.selection', cursor.selection);
  return cursor;
}
