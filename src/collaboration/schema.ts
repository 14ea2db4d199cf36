import type { AuthTypes } from '../auth/schema.ts';
import type { DocumentTypes } from '../documents/schema.ts';
import { type Builder, mustSignIn, PER_VIEWER, tenantOf } from '../platform/graphql/builder.ts';
import type { Collaboration } from './collaboration.ts';
import { collaborationEventTypes } from './event-types.ts';
import type { SessionView } from './events.ts';
import { clientOf, collaborationMutations } from './mutations.ts';
import { type Cursor, type Participant, presenceStatuses } from './presence.ts';

/** Adds sessions, presence and cursors to the schema. */
export function collaborationTypes(
  builder: Builder,
  collaboration: Collaboration,
  { User }: AuthTypes,
  documents: DocumentTypes,
) {
  const Status = builder.enumType('PresenceStatus', {
    description: 'AWAY after 60 s without activity; OFFLINE is who is not in the session.',
    values: presenceStatuses,
  });

  const CursorPosition = builder.objectRef<Cursor>('CursorPosition').implement({
    description:
      'Where a client is. `position` and `selectionEnd` are UTF-16 code units and move along with changes of the text, for which no CursorMoved is sent; `line`, `column` and `selection` are as they were last sent.',
    fields: (t) => ({
      line: t.exposeInt('line'),
      column: t.exposeInt('column'),
      position: t.exposeInt('position'),
      selection: t.exposeString('selection'),
      selectionEnd: t.exposeInt('selectionEnd', { nullable: true }),
    }),
  });

  const ParticipantType = builder.objectRef<Participant>('Participant').implement({
    description: 'A user who is in the session, with all clients together.',
    fields: (t) => ({
      user: t.field({
        type: User,
        resolve: ({ userId }, _args, context) => ({ tenantId: tenantOf(context), id: userId }),
      }),
      status: t.field({ type: Status, resolve: ({ status }) => status }),
      cursor: t.field({
        type: CursorPosition,
        nullable: true,
        description: 'Of the client that moved last.',
        resolve: ({ cursor }) => cursor,
      }),
      typing: t.boolean({ resolve: ({ typist }) => typist !== null }),
      joinedAt: t.field({ type: 'DateTime', resolve: ({ joinedAt }) => joinedAt }),
      lastSeenAt: t.field({
        type: 'DateTime',
        description: 'When one of the clients joined, called or changed the text last.',
        resolve: ({ lastSeenAt }) => lastSeenAt,
      }),
      clientCount: t.exposeInt('clientCount', {
        description: 'Open clients (tabs, devices) of this user on the document.',
      }),
    }),
  });

  const Session = builder.objectRef<SessionView>('CollaborativeSession').implement({
    description: 'Who is on a document now.',
    fields: (t) => ({
      documentId: t.exposeID('documentId'),
      activeUsers: t.idList({
        description: 'Who is not OFFLINE.',
        resolve: ({ participants }) => participants.map(({ userId }) => userId),
      }),
      participants: t.field({ type: [ParticipantType], resolve: ({ participants }) => [...participants] }),
      userCursors: t.field({
        type: 'JSON',
        description: 'userId → CursorPosition',
        // fromEntries defines own properties, so that a user called __proto__ is just that.
        resolve: ({ participants }) =>
          Object.fromEntries(
            participants.flatMap(({ userId, cursor }) => (cursor ? [[userId, cursor]] : [])),
          ),
      }),
      recentChanges: t.field({
        type: [documents.Change],
        description: 'The newest 20 changes of the text, oldest first.',
        extensions: PER_VIEWER,
        resolve: ({ documentId }, _args, context) =>
          collaboration.recentChanges(mustSignIn(context), documentId),
      }),
      startedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'Since when somebody has been in it; null when nobody is.',
        resolve: ({ startedAt }) => startedAt,
      }),
    }),
  });

  const Event = collaborationEventTypes(builder, collaboration, {
    User,
    Status,
    CursorPosition,
    Session,
    ...documents,
  });

  builder.objectField(documents.Document, 'session', (t) =>
    t.field({
      type: Session,
      resolve: ({ tenantId, id }) => collaboration.session({ tenantId, documentId: id }),
    }),
  );

  builder.queryField('collaborativeSession', (t) =>
    t.field({
      type: Session,
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: { documentId: t.arg.id({ required: true }) },
      resolve: (_root, { documentId }, context) =>
        collaboration.session({ tenantId: mustSignIn(context).tenantId, documentId }),
    }),
  );

  builder.subscriptionFields((t) => ({
    collaborationUpdates: t.field({
      type: Session,
      description: 'STATE. Subscribing joins the session, ending it leaves.',
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: { documentId: t.arg.id({ required: true }), clientId: t.arg.id() },
      subscribe: (_root, args, context) =>
        collaboration.updates(mustSignIn(context), clientOf(args, context)),
      resolve: (session) => session,
    }),
    collaborationEvents: t.field({
      type: Event,
      description:
        "The session as small events: a SessionSnapshot first (and again when the client has fallen behind), then what happens. Subscribing joins. One's own CursorMoved and Typing events are left out.",
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: { documentId: t.arg.id({ required: true }), clientId: t.arg.id() },
      subscribe: (_root, args, context) => collaboration.events(mustSignIn(context), clientOf(args, context)),
      resolve: (event) => event,
    }),
  }));

  collaborationMutations(builder, collaboration, { Status, Session });
}
