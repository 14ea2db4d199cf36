import type { EnumRef, ObjectRef } from '@pothos/core';
import type { UserRef } from '../auth/schema.ts';
import type { DocumentTypes } from '../documents/schema.ts';
import {
  type Builder,
  type BuilderTypes,
  mustSignIn,
  PER_VIEWER,
  tenantOf,
} from '../platform/graphql/builder.ts';
import type { RequestContext } from '../platform/graphql/context.ts';
import type { Collaboration } from './collaboration.ts';
import type { CollaborationEvent, SessionView } from './events.ts';
import type { Cursor, PresenceStatus } from './presence.ts';

interface Refs extends Pick<DocumentTypes, 'Document' | 'Collaborator'> {
  readonly User: ObjectRef<BuilderTypes, UserRef>;
  readonly Status: EnumRef<BuilderTypes, PresenceStatus>;
  readonly CursorPosition: ObjectRef<BuilderTypes, Cursor>;
  readonly Session: ObjectRef<BuilderTypes, SessionView>;
}

type EventOf<Kind extends CollaborationEvent['kind']> = Extract<CollaborationEvent, { kind: Kind }>;

/** The name of each event's type. */
const typeNames = {
  snapshot: 'SessionSnapshot',
  'user-joined': 'UserJoined',
  'user-left': 'UserLeft',
  'cursor-moved': 'CursorMoved',
  'typing-started': 'TypingStarted',
  'typing-stopped': 'TypingStopped',
  'presence-changed': 'PresenceChanged',
  'collaborator-added': 'CollaboratorAdded',
  'collaborator-removed': 'CollaboratorRemoved',
  'collaborator-role-changed': 'CollaboratorRoleChanged',
  'document-updated': 'DocumentUpdated',
} as const satisfies Record<CollaborationEvent['kind'], string>;

const userNamed = (id: string, context: RequestContext): UserRef => ({
  tenantId: tenantOf(context),
  id,
});

/** Adds the events of a session to the schema; returns their union. */
export function collaborationEventTypes(builder: Builder, collaboration: Collaboration, refs: Refs) {
  const { User, Status, CursorPosition, Session, Collaborator, Document } = refs;

  const event = <Kind extends CollaborationEvent['kind']>(kind: Kind) =>
    builder.objectRef<EventOf<Kind>>(typeNames[kind]);

  // Fields that several events have.
  const timestamp = { type: 'DateTime' as const, resolve: ({ at }: { readonly at: number }) => at };
  const user = {
    type: User,
    resolve: ({ userId }: { readonly userId: string }, _args: object, context: RequestContext) =>
      userNamed(userId, context),
  };
  const by = {
    type: User,
    resolve: ({ by }: { readonly by: string }, _args: object, context: RequestContext) =>
      userNamed(by, context),
  };
  const collaborator = {
    type: Collaborator,
    resolve: (event: EventOf<'collaborator-added' | 'collaborator-role-changed'>) => event.collaborator(),
  };

  return builder.unionType('CollaborationEvent', {
    resolveType: ({ kind }) => typeNames[kind],
    types: [
      event('snapshot').implement({
        fields: (t) => ({
          session: t.field({ type: Session, resolve: ({ session }) => session }),
          timestamp: t.field(timestamp),
        }),
      }),
      event('user-joined').implement({
        description: "A user's first client has come.",
        fields: (t) => ({ user: t.field(user), timestamp: t.field(timestamp) }),
      }),
      event('user-left').implement({
        description: "A user's last client has gone.",
        fields: (t) => ({ user: t.field(user), timestamp: t.field(timestamp) }),
      }),
      event('cursor-moved').implement({
        description: 'At most 20 a second of one client; the last one always comes.',
        fields: (t) => ({
          user: t.field(user),
          clientId: t.exposeID('clientId', { nullable: true }),
          position: t.field({ type: CursorPosition, resolve: ({ cursor }) => cursor }),
          timestamp: t.field(timestamp),
        }),
      }),
      event('typing-started').implement({
        fields: (t) => ({ user: t.field(user), timestamp: t.field(timestamp) }),
      }),
      event('typing-stopped').implement({
        fields: (t) => ({ user: t.field(user), timestamp: t.field(timestamp) }),
      }),
      event('presence-changed').implement({
        fields: (t) => ({
          user: t.field(user),
          oldStatus: t.field({ type: Status, resolve: ({ oldStatus }) => oldStatus }),
          newStatus: t.field({ type: Status, resolve: ({ newStatus }) => newStatus }),
          timestamp: t.field(timestamp),
        }),
      }),
      event('collaborator-added').implement({
        fields: (t) => ({
          collaborator: t.field(collaborator),
          addedBy: t.field(by),
          timestamp: t.field(timestamp),
        }),
      }),
      event('collaborator-removed').implement({
        fields: (t) => ({ user: t.field(user), removedBy: t.field(by), timestamp: t.field(timestamp) }),
      }),
      event('collaborator-role-changed').implement({
        fields: (t) => ({
          collaborator: t.field(collaborator),
          changedBy: t.field(by),
          timestamp: t.field(timestamp),
        }),
      }),
      event('document-updated').implement({
        description: 'The document was changed other than in its text.',
        fields: (t) => ({
          document: t.field({
            type: Document,
            extensions: PER_VIEWER,
            resolve: ({ documentId }, _args, context) =>
              collaboration.document(mustSignIn(context), documentId),
          }),
          changedFields: t.stringList({ resolve: ({ changedFields }) => [...changedFields] }),
          updatedBy: t.field(by),
          timestamp: t.field(timestamp),
        }),
      }),
    ],
  });
}
