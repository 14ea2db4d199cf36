import { readFile } from 'node:fs/promises';
import { type ExecutionResult, execute, type GraphQLSchema, parse, subscribe, validate } from 'graphql';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authTypes } from '../../src/auth/schema.ts';
import { createUsers } from '../../src/auth/users.ts';
import { collaborationTypes } from '../../src/collaboration/schema.ts';
import { documentScopes, documentTypes } from '../../src/documents/schema.ts';
import { createBuilder, platformScopes } from '../../src/platform/graphql/builder.ts';
import { createTextBudget } from '../../src/platform/graphql/text-budget.ts';
import { follow, type House, openHouse } from './house.ts';

const operations = parse(
  await readFile(new URL('../../schema/operations/collaboration.graphql', import.meta.url), 'utf8'),
);

let house: House;
let schema: GraphQLSchema;
let id: string;

beforeEach(async () => {
  house = await openHouse();
  id = await house.newDocument();
  const { documents, collaboration, database, clock } = house;
  const users = createUsers(database, clock);
  await users.remember({ ...house.ada, name: 'Ada' });
  const builder = createBuilder({ ...platformScopes, ...documentScopes(documents) });
  const auth = authTypes(builder, users);
  collaborationTypes(builder, collaboration, auth, documentTypes(builder, documents, auth, { page: 100 }));
  schema = builder.toSchema();
});

afterEach(() => house.close());

const log = pino({ level: 'silent' });
const request = (operationName: string, userId: string, variables: object, clientId: string | null) => ({
  schema,
  document: operations,
  operationName,
  variableValues: { documentId: id, id, ...variables },
  contextValue: {
    viewer: house.viewer(userId),
    clientId,
    connectionId: null,
    requestId: 'test',
    log,
    texts: createTextBudget(100_000),
  },
});

/** Runs an operation of schema/operations; its errors are codes. */
async function run(operationName: string, userId: string, variables = {}, clientId: string | null = null) {
  const { data, errors } = await execute(request(operationName, userId, variables, clientId));
  const codes = errors?.map(({ originalError }) => (originalError as { code?: string } | undefined)?.code);
  return codes ?? (JSON.parse(JSON.stringify(data)) as unknown);
}

async function watch(operationName: string, userId: string, clientId: string | null = null) {
  const result = await subscribe(request(operationName, userId, {}, clientId));
  if (!(Symbol.asyncIterator in result)) throw new Error('refused', { cause: result.errors?.[0] });
  return follow(result);
}

const event = ({ data, errors }: ExecutionResult): Record<string, unknown> => {
  if (errors) throw new Error('an event failed', { cause: errors[0] });
  return data?.collaborationEvents as Record<string, unknown>;
};
const named = (typename: string) => (result: ExecutionResult) => event(result).__typename === typename;
const position = { line: 1, column: 2, position: 5 };

describe('collaboration schema', () => {
  it('knows the operations of the clients', () => {
    expect(validate(schema, operations)).toEqual([]);
  });

  it('gives the session: people, cursors, the newest 20 changes', async () => {
    const empty = { activeUsers: [], participants: [], startedAt: null, userCursors: {} };
    expect(await run('CollaborativeSession', 'cem')).toMatchObject({ collaborativeSession: empty });
    for (let count = 0; count < 22; count += 1) await house.insert(house.ada, id, 0, `${count}`);
    expect(await run('JoinDocument', 'ada')).toMatchObject({ joinDocument: { activeUsers: ['ada'] } });
    expect(await run('UpdateCursorPosition', 'ada', { position })).toEqual({ updateCursorPosition: true });
    expect(await run('SetTyping', 'ada', { typing: true })).toEqual({ setTyping: true });
    expect(await run('UpdatePresence', 'cem', { status: 'AWAY' })).toEqual({ updatePresence: true });
    const cursor = { ...position, selection: '', selectionEnd: null };
    const now = new Date(house.clock.now()).toISOString();
    const session = {
      documentId: id,
      activeUsers: ['ada', 'cem'],
      participants: [
        {
          user: { id: 'ada', name: 'Ada' },
          status: 'ONLINE',
          cursor,
          typing: true,
          joinedAt: now,
          lastSeenAt: now,
          clientCount: 1,
        },
        { user: { id: 'cem', name: 'cem' }, status: 'AWAY', cursor: null, typing: false },
      ],
      startedAt: now,
    };
    const revisions = Array.from({ length: 20 }, (_, index) => ({ revision: index + 4, userId: 'ada' }));
    expect(await run('CollaborativeSession', 'bob')).toMatchObject({
      collaborativeSession: { ...session, userCursors: { ada: cursor }, recentChanges: revisions },
    });
    expect(await run('DocumentSession', 'bob')).toMatchObject({ document: { session } });
    expect(await run('LeaveDocument', 'ada')).toEqual({ leaveDocument: true });
    expect(await run('LeaveDocument', 'ada')).toEqual({ leaveDocument: false });
  });

  it('[P9] is for readers, typing for editors', async () => {
    const calls = [
      ['JoinDocument', {}],
      ['LeaveDocument', {}],
      ['UpdatePresence', {}],
      ['UpdateCursorPosition', { position }],
      ['SetTyping', { typing: true }],
      ['CollaborativeSession', {}],
    ] as const;
    for (const [name, variables] of calls) {
      expect(await run(name, 'eve', variables), name).toEqual(['NOT_FOUND']);
      const allowed = await run(name, 'cem', variables);
      if (name === 'SetTyping') expect(allowed).toEqual(['FORBIDDEN']);
      else expect(Array.isArray(allowed), name).toBe(false);
    }
    for (const name of ['CollaborationEvents', 'CollaborationUpdates']) {
      await expect(watch(name, 'eve'), name).rejects.toMatchObject({
        cause: { originalError: { code: 'NOT_FOUND' } },
      });
    }
    expect(house.collaboration.session({ tenantId: 'default', documentId: id }).participants).toHaveLength(1);
  });

  it('[P11] refuses a bad cursor with the name of what is wrong', async () => {
    expect(await run('UpdateCursorPosition', 'ada', { position: { ...position, line: -1 } })).toEqual([
      'BAD_USER_INPUT',
    ]);
    expect(house.collaboration.activeDocuments).toBe(0);
  });

  it('tells every kind of event', async () => {
    const { documents, ada, clock } = house;
    const bob = await watch('CollaborationEvents', 'bob', 'bobs-tab');
    expect(event(await bob.until(named('SessionSnapshot')))).toMatchObject({
      session: { activeUsers: ['bob'] },
    });
    const cem = await watch('CollaborationEvents', 'cem', 'cems-tab');
    await cem.until(named('SessionSnapshot'));
    await run('UpdateCursorPosition', 'cem', { position, clientId: 'cems-tab' });
    await run('UpdatePresence', 'cem', { status: 'AWAY' }, 'cems-tab');
    await run('SetTyping', 'ada', { typing: true });
    await run('SetTyping', 'ada', { typing: false });
    await documents.collaborators.add(ada, id, 'dan', 'VIEWER');
    await documents.collaborators.changeRole(ada, id, 'dan', 'EDITOR');
    await documents.update(ada, id, { title: 'Floods' });
    await documents.collaborators.remove(ada, id, 'dan');
    await cem.stop();
    const user = { id: 'cem', name: 'cem' };
    const byAda = { id: 'ada', name: 'Ada' };
    await bob.until((result) => event(result).__typename === 'UserLeft');
    const at = new Date(clock.now()).toISOString();
    expect(bob.seen.slice(1).map(event)).toMatchObject([
      { __typename: 'UserJoined', user },
      {
        __typename: 'CursorMoved',
        user,
        clientId: 'cems-tab',
        position: { ...position, selectionEnd: null },
      },
      { __typename: 'PresenceChanged', user, oldStatus: 'ONLINE', newStatus: 'AWAY' },
      { __typename: 'UserJoined', user: byAda },
      { __typename: 'TypingStarted', user: byAda },
      { __typename: 'TypingStopped', user: byAda },
      {
        __typename: 'CollaboratorAdded',
        collaborator: { user: { id: 'dan' }, role: 'VIEWER' },
        addedBy: byAda,
      },
      { __typename: 'CollaboratorRoleChanged', collaborator: { role: 'EDITOR' }, changedBy: byAda },
      {
        __typename: 'DocumentUpdated',
        document: { title: 'Floods' },
        changedFields: ['title'],
        updatedBy: byAda,
      },
      { __typename: 'CollaboratorRemoved', user: { id: 'dan' }, removedBy: byAda, timestamp: at },
      { __typename: 'UserLeft', user },
    ]);
    await bob.stop();
    await run('LeaveDocument', 'ada');
    expect(house.collaboration.activeDocuments).toBe(0);
  });

  it('gives the session again when it has changed', async () => {
    const cem = await watch('CollaborationUpdates', 'cem', 'tab');
    const isWith = (users: string[]) => (result: ExecutionResult) => {
      const session = result.data?.collaborationUpdates as { activeUsers: string[] };
      return session.activeUsers.join() === users.join();
    };
    await cem.until(isWith(['cem']));
    await run('JoinDocument', 'bob');
    house.clock.advance(100);
    await cem.until(isWith(['cem', 'bob']));
    await cem.stop();
    await run('LeaveDocument', 'bob');
    expect(house.broker.stats().listeners).toBe(0);
    expect(house.clock.pending).toBe(0);
  });
});
