import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CollaborationUpdatesDocument,
  CreateDocumentDocument,
  DocumentDocument,
  JoinDocumentDocument,
  ViewerDocument,
} from '../../src/sdk/generated.ts';
import { revisions } from '../promises/guest.ts';
import { until } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { openDesk, readLog, type Visitor, visit } from './visitor.ts';

let server: TestServer;
let documents = 0;
const visitors: Visitor[] = [];

const warnings: Error[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning);

beforeAll(async () => {
  process.on('warning', onWarning);
  server = await startServer({ env: { LIMIT_SUBSCRIPTIONS_PER_SOCKET: '2' } });
});
afterAll(async () => {
  process.off('warning', onWarning);
  await server.stop();
  // Of a signal that ever more listen to, for one: a client tries very often here, as it waits for nothing in between.
  expect(warnings).toEqual([]);
});
afterEach(async () => {
  for (const { client } of visitors.splice(0)) await client.close();
});

const enter: typeof visit = (url, options) => {
  const visitor = visit(url, options);
  visitors.push(visitor);
  return visitor;
};
const newDesk = () => {
  documents += 1;
  return openDesk(server.url, `waiting-${documents}`);
};

describe('[P4] a log', () => {
  it.each(['websocket', 'sse', 'polling'] as const)(
    'is read on over %s when the server was killed and is there again',
    async (transport) => {
      const desk = await newDesk();
      const bob = enter(server.url, { transports: [transport] });
      const log = readLog(bob, desk.documentId);
      for (let count = 0; count < 3; count += 1) await desk.write();
      await log.reaches(3);
      await server.kill();
      await until(() => bob.client.connection.current.state === 'offline', 'the client knows');
      await server.restart();
      bob.clock.advance(30_000);
      await until(() => bob.client.connection.current.state === 'connected', 'the client is back');
      for (let count = 0; count < 3; count += 1) await desk.write();
      await log.reaches(6);
      expect(log.failure()).toBeUndefined();
      expect(log.revisions).toEqual(revisions(1, 6));
      await desk.close();
    },
  );

  it('waits for its turn where a socket has as many as it may', async () => {
    const desk = await newDesk();
    await desk.write();
    const bob = enter(server.url, { transports: ['websocket'] });
    const leaving = new AbortController();
    const first = bob.client.subscribe(
      CollaborationUpdatesDocument,
      { documentId: desk.documentId },
      { signal: leaving.signal },
    );
    const second = bob.client.subscribe(CollaborationUpdatesDocument, { documentId: desk.documentId });
    await Promise.all([first.next(), second.next()]);
    const before = bob.clock.pending;
    const log = readLog(bob, desk.documentId);
    await until(() => bob.clock.pending > before, 'it was told to come again');
    expect(log.revisions).toEqual([]);
    leaving.abort();
    await expect(first.next()).rejects.toThrow();
    bob.clock.advance(1_000);
    await log.reaches(1);
    await desk.close();
  });
});

describe('a client that is much used', () => {
  it.each(['sse', 'polling'] as const)('follows and asks as much as it likes over %s', async (transport) => {
    const desk = await newDesk();
    await desk.write();
    const bob = enter(server.url, { transports: [transport] });
    const logs = Array.from({ length: 20 }, () => readLog(bob, desk.documentId));
    const answers = Array.from({ length: 20 }, () => bob.client.operations.Viewer());
    expect(new Set((await Promise.all(answers)).map(({ viewer }) => viewer?.user.id))).toEqual(
      new Set(['bob']),
    );
    await Promise.all(logs.map((log) => log.reaches(1)));
    await bob.client.close();
    await Promise.all(logs.map((log) => log.reading));
    expect(warnings).toEqual([]);
    await desk.close();
  });
});

describe('a state', () => {
  it('gives who reads slowly the newest alone', async () => {
    const desk = await newDesk();
    const bob = enter(server.url);
    const session = bob.client.subscribe(CollaborationUpdatesDocument, { documentId: desk.documentId });
    const watching = bob.client.subscribe(CollaborationUpdatesDocument, { documentId: desk.documentId });
    await session.next();
    for (const clientId of ['one', 'two', 'three'])
      await desk.ada.request(JoinDocumentDocument, { documentId: desk.documentId, clientId });
    const isThere = (participants: readonly { clientCount: number }[]): boolean =>
      participants.some(({ clientCount }) => clientCount === 3);
    for await (const { collaborationUpdates } of watching)
      if (isThere(collaborationUpdates.participants)) break;
    const next = await session.next();
    expect(isThere(next.value?.collaborationUpdates.participants ?? [])).toBe(true);
    await desk.close();
  });
});

describe('an operation', () => {
  it('that is too large for a socket goes by a request', async () => {
    const bob = enter(server.url);
    await bob.client.query(ViewerDocument, {});
    const content = 'x'.repeat(300_000);
    await bob.client.mutate(CreateDocumentDocument, { input: { id: 'large', title: 'Large', content } });
    const { document } = await bob.client.query(DocumentDocument, { id: 'large' });
    expect(document?.content.length).toBe(300_000);
    expect(bob.states.map(({ state }) => state)).toEqual(['connecting', 'connected']);
  });

  it('[P11] that is refused says why, over each transport, and harms nothing else', async () => {
    for (const transport of ['websocket', 'sse', 'polling'] as const) {
      const bob = enter(server.url, { transports: [transport] });
      const bad = bob.client.mutate(CreateDocumentDocument, { input: { id: '?', title: 'Notes' } });
      await expect(bad).rejects.toMatchObject({
        name: 'OperationError',
        code: 'BAD_USER_INPUT',
        extensions: { argument: 'input.id' },
      });
      expect(await bob.client.operations.Viewer()).toMatchObject({ viewer: { tenantId: 'default' } });
    }
  });

  it('that nobody answers is a lost connection, told when the client is offline', async () => {
    const bob = enter('http://127.0.0.1:1');
    const asked = bob.client.query(ViewerDocument, {});
    await expect(asked).rejects.toMatchObject({ name: 'ConnectionLost', code: 1006 });
    await expect(asked).rejects.toThrow('ECONNREFUSED');
    expect(bob.client.connection.current).toMatchObject({ state: 'offline', transport: null });
    expect(() => visit('no address')).toThrow(TypeError);
  });
});
