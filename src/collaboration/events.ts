import type { CollaboratorShape } from '../documents/schema.ts';
import type { Cursor, Participant, PresenceEvent } from './presence.ts';

/** A session as it stands. A value: it does not change any more. */
export interface SessionView {
  readonly documentId: string;
  /** null when nobody is in it. Milliseconds since 1970, like every time here. */
  readonly startedAt: number | null;
  readonly participants: readonly Participant[];
}

/** What happens to the people in a session. `client` tells a user's clients apart; `clientId` is how it named itself. */
export type PeopleEvent =
  | PresenceEvent
  | {
      readonly kind: 'cursor-moved';
      readonly userId: string;
      readonly client: string;
      readonly clientId: string | null;
      readonly cursor: Cursor;
      readonly at: number;
    };

export interface ByUser<Kind extends string> {
  readonly kind: Kind;
  readonly by: string;
  readonly at: number;
}

/** A collaborator as the event left it. */
export interface OfCollaborator {
  collaborator(): CollaboratorShape | Promise<CollaboratorShape>;
}

/** What happens to the document that they are in, besides its text. */
export type HouseEvent =
  | (ByUser<'collaborator-added'> & OfCollaborator)
  | (ByUser<'collaborator-role-changed'> & OfCollaborator)
  | (ByUser<'collaborator-removed'> & { readonly userId: string })
  | (ByUser<'document-updated'> & { readonly documentId: string; readonly changedFields: readonly string[] });

/** What a subscriber of the events gets. */
export type CollaborationEvent =
  | { readonly kind: 'snapshot'; readonly session: SessionView; readonly at: number }
  | PeopleEvent
  | HouseEvent;

/** Somebody who follows a session. */
export interface Watcher {
  onEvent(event: PeopleEvent | HouseEvent): void;
  /** The view is another one now, with or without an event. */
  onState(): void;
  /** Who may read the document may have changed: ask again before anything else is delivered. */
  onAccess(): void;
}
