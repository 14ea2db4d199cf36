import { createSourceEventStream, type GraphQLSchema, parse } from 'graphql';
import { type Logger, pino } from 'pino';
import { createUsers, type Users } from '../../src/auth/users.ts';
import { type Collaboration, createCollaboration } from '../../src/collaboration/collaboration.ts';
import type { CollaborationEvent, SessionView } from '../../src/collaboration/events.ts';
import type { RequestContext, Viewer } from '../../src/platform/graphql/context.ts';
import { createTextBudget } from '../../src/platform/graphql/text-budget.ts';
import { isSource, pulledSource } from '../../src/platform/realtime/source.ts';
import { createDesk, LIMITS, type Service } from '../support/documents.ts';
import { until } from '../support/raw-socket.ts';

/** The document that all of this is about, in every tenant. */
export const DOCUMENT = 'd';
const TENANTS = ['acme', 'beta'];

/** Whoever asks differs from the others in everything that a context says. */
const viewerOf = (userId: string, tenantId: string, serial: number): Viewer => ({
  tenantId,
  userId,
  name: `${userId} of ${tenantId}`,
  roles: [`role-${serial}`],
  tokenExpiresAt: Date.UTC(2040, 0, serial),
});

const log: Logger = pino({ level: 'silent' });

/** A context of an operation of this viewer. */
export const contextOf = (viewer: Viewer): RequestContext => {
  const name = `${viewer.tenantId}-${viewer.userId}`;
  return {
    viewer,
    tenantId: viewer.tenantId,
    clientId: `${name}-tab`,
    connectionId: `${name}-connection`,
    lastEventId: null,
    requestId: `${name}-request`,
    log,
    texts: createTextBudget(LIMITS.documentChars),
  };
};

export interface WatchedTenant {
  /** The owner of the document, and somebody who may read it. */
  readonly viewers: readonly [Viewer, Viewer];
  /** What each subscription field has delivered to either of them, before it was rendered for anybody. */
  readonly events: Readonly<Record<string, readonly unknown[]>>;
}

export interface WatchedHouse {
  readonly service: Service;
  readonly users: Users;
  readonly collaboration: Collaboration;
  readonly tenants: readonly WatchedTenant[];
  close(): Promise<void>;
}

type SchemaOf = (
  features: Pick<WatchedHouse, 'users' | 'collaboration'> & Pick<Service, 'documents'>,
) => GraphQLSchema;

/** Takes what a subscription delivers, unrendered, until the returned function is called. */
const collect = async (
  schema: GraphQLSchema,
  field: string,
  viewer: Viewer,
  take: (event: unknown) => void,
): Promise<() => void> => {
  const document = parse(`subscription { ${field}(documentId: "${DOCUMENT}") { __typename } }`);
  const stream = await createSourceEventStream({ schema, document, contextValue: contextOf(viewer) });
  if (!(Symbol.asyncIterator in stream)) throw new Error(`${field} was refused`, { cause: stream.errors });
  const source = isSource(stream)
    ? stream
    : pulledSource(stream as AsyncIterableIterator<unknown, undefined>);
  return source.deliver<unknown>(
    { render: (event) => event },
    {
      hasRoom: true,
      offer(event) {
        take(event);
        return true;
      },
      whenRoom: (call) => queueMicrotask(call),
      end: () => {},
    },
  );
};

const isKind =
  (kind: CollaborationEvent['kind']) =>
  (event: unknown): boolean =>
    (event as CollaborationEvent).kind === kind;

/**
 * The real services on a database, with the same document id in two tenants that name the same users otherwise, and
 * everything happening to it that a subscription tells. All subscriptions stay open until it is closed.
 */
export const openWatchedHouse = async (schemaOf: SchemaOf): Promise<WatchedHouse> => {
  const desk = await createDesk();
  const service = await desk.open();
  const { documents, broker, clock } = service;
  const users = createUsers(service.database, clock);
  const collaboration = createCollaboration({ documents, broker, clock });
  const schema = schemaOf({ users, collaboration, documents });
  const fields = Object.keys(schema.getSubscriptionType()?.getFields() ?? {});
  const closers: (() => void)[] = [];

  const watch = async (tenantId: string, index: number): Promise<WatchedTenant> => {
    // The owner here is the reader there.
    const names = index === 0 ? ['ada', 'bob'] : ['bob', 'ada'];
    const viewers = names.map((name, at) => viewerOf(name, tenantId, 1 + 2 * index + at)) as [Viewer, Viewer];
    const guest = viewerOf('cem', tenantId, 9);
    const [owner, reader] = viewers;
    for (const viewer of [...viewers, guest]) await users.remember(viewer);
    await documents.create(owner, {
      id: DOCUMENT,
      title: `Notes of ${tenantId}`,
      content: `Of ${tenantId}.`,
    });
    await documents.collaborators.add(owner, DOCUMENT, reader.userId, 'VIEWER');
    const client = { documentId: DOCUMENT, clientId: 'tab', connectionId: null };
    const cursor = { line: 1, column: 2, position: 3, selection: 'x', selectionEnd: 4 };
    // Before anybody watches, so that the first snapshot has a cursor.
    collaboration.moveCursor(owner, client, cursor);
    const events: Record<string, unknown[]> = {};
    for (const field of fields) {
      const taken: unknown[] = (events[field] = []);
      for (const viewer of viewers) {
        closers.push(await collect(schema, field, viewer, (event) => void taken.push(event)));
      }
    }
    const told = events['collaborationEvents'] ?? [];
    const states = (events['collaborationUpdates'] ?? []) as SessionView[];
    const arrives = (what: string, isThere: () => boolean): Promise<void> =>
      until(() => {
        clock.advance(100);
        return isThere();
      }, what);
    await arrives('both are there', () => told.filter(isKind('snapshot')).length >= 2);

    await documents.apply(owner, {
      documentId: DOCUMENT,
      changes: [{ changeType: 'REPLACE', position: 0, length: 1, content: '🎈 o' }],
      argument: 'changes',
      clientId: 'tab',
    });
    for (const viewer of viewers) collaboration.moveCursor(viewer, client, cursor);
    for (const typing of [true, false]) collaboration.setTyping(owner, client, typing);
    collaboration.join(guest, client);
    collaboration.updatePresence(guest, client, 'AWAY');
    await documents.collaborators.add(owner, DOCUMENT, 'dan', 'VIEWER');
    await documents.collaborators.changeRole(owner, DOCUMENT, 'dan', 'EDITOR');
    await documents.update(owner, DOCUMENT, { title: `News of ${tenantId}` });
    await documents.collaborators.remove(owner, DOCUMENT, 'dan');
    await arrives('a cursor', () => told.some(isKind('cursor-moved')));
    collaboration.leave(guest, client);
    await arrives('both are told the last of it', () => told.filter(isKind('user-left')).length >= 2);
    await arrives('a state with a cursor', () =>
      states.some(({ participants }) => participants.some((one) => one.cursor !== null)),
    );
    await arrives('the change', () => (events['documentChanges'] ?? []).length >= 1);
    return { viewers, events };
  };

  const tenants: WatchedTenant[] = [];
  for (const [index, tenantId] of TENANTS.entries()) tenants.push(await watch(tenantId, index));
  return {
    service,
    users,
    collaboration,
    tenants,
    async close() {
      for (const close of closers) close();
      collaboration.close();
      await desk.close();
    },
  };
};
