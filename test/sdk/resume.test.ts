import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ApplyDocumentChangesDocument,
  DeleteDocumentDocument,
  DocumentChangesDocument,
  SystemStatusUpdatesDocument,
  ViewerDocument,
} from '../../src/sdk/generated.ts';
import { revisions } from '../promises/guest.ts';
import { type InProcess, openInProcess } from '../promises/in-process.ts';
import { type FallbackProxy, startFallbackProxy } from '../support/fallback-proxy.ts';
import { until } from '../support/raw-socket.ts';
import { openDesk, readLog, visit } from './visitor.ts';

/** Milliseconds for which a short token is good. */
const BRIEF_MS = 5_000;

let server: InProcess;
let proxy: FallbackProxy;
let documents = 0;
const newDesk = () => {
  documents += 1;
  return openDesk(server.url, `resume-${documents}`);
};

beforeAll(async () => {
  server = await openInProcess();
  proxy = await startFallbackProxy(server.url);
});
afterAll(async () => {
  await proxy.close();
  await server.close();
});
beforeEach(() => {
  Object.assign(proxy, { letsUpgrade: true, holdsUpgrades: false, gathers: false, isBroken: false });
});

describe('a log over a socket', () => {
  it('[P4] has no gap and no duplicate when the socket is cut twenty times', async () => {
    const desk = await newDesk();
    const bob = visit(server.url);
    const stop = desk.writeOn();
    const log = readLog(bob, desk.documentId);
    for (let cut = 1; cut <= 20; cut += 1) {
      await log.reaches((log.revisions.at(-1) ?? 0) + 3);
      bob.drop();
    }
    const newest = await stop();
    await log.reaches(newest);
    expect(log.revisions).toEqual(revisions(1, newest));
    expect(bob.states.filter(({ state }) => state === 'reconnecting').length).toBe(20);
    await bob.client.close();
    await desk.close();
  });

  it('[P4] that begins from now on misses nothing of what comes while it is cut before its first event', async () => {
    const desk = await newDesk();
    for (let count = 0; count < 3; count += 1) await desk.write();
    const bob = visit(proxy.url);
    const log = readLog(bob, desk.documentId, {});
    await until(() => server.counts().subscriptions > 0, 'the log is subscribed to');
    proxy.isBroken = true;
    proxy.cut();
    await until(() => bob.client.connection.current.state === 'reconnecting', 'the cut is noticed');
    for (let count = 0; count < 3; count += 1) await desk.write();
    proxy.isBroken = false;
    for (let count = 0; count < 40 && log.revisions.length === 0; count += 1) {
      bob.clock.advance(1_000);
      await bob.client.query(ViewerDocument, {}).catch(() => {});
    }
    await log.reaches(6);
    expect(log.revisions).toEqual(revisions(4, 6));
    await bob.client.close();
    await desk.close();
  });

  it('[P4] is read to its end however slowly, when more waits than may', async () => {
    const desk = await newDesk();
    const content = 'x';
    const changes = Array.from(
      { length: 900 },
      () => ({ changeType: 'INSERT', position: 0, content }) as const,
    );
    // Splices that do not touch each other are a revision each.
    const apart = changes.map((change, index) => ({ ...change, position: index * 2 }));
    await desk.write('-'.repeat(1_000));
    for (let batch = 0; batch < 13; batch += 1)
      await desk.ada.request(ApplyDocumentChangesDocument, { documentId: desk.documentId, changes: apart });
    const newest = await desk.write();
    expect(newest).toBeGreaterThan(11_000);
    const bob = visit(server.url);
    const stream = bob.client.subscribe(DocumentChangesDocument, {
      documentId: desk.documentId,
      after: 0,
      echo: true,
    });
    await until(() => server.counts().subscriptions === 1, 'the log is subscribed to');
    await until(() => server.counts().subscriptions === 0, 'the reader is too slow for it');
    const seen: number[] = [];
    for await (const { documentChanges } of stream) {
      seen.push(documentChanges.revision);
      if (documentChanges.revision === newest) break;
    }
    expect(seen).toEqual(revisions(1, newest));
    await bob.client.close();
    await desk.close();
  });

  it('ends with the code when the server says so, over each transport', async () => {
    for (const transport of ['websocket', 'sse', 'polling'] as const) {
      const desk = await newDesk();
      const bob = visit(server.url, { transports: [transport] });
      const missing = readLog(bob, 'no-such-document');
      await missing.reading;
      expect(missing.failure()).toMatchObject({ name: 'OperationError', code: 'NOT_FOUND' });
      const future = readLog(bob, desk.documentId, { after: 7 });
      await future.reading;
      expect(future.failure()).toMatchObject({ code: 'BAD_USER_INPUT' });
      const log = readLog(bob, desk.documentId);
      await desk.write();
      await log.reaches(1);
      await desk.ada.request(DeleteDocumentDocument, { id: desk.documentId });
      await log.reading;
      expect(log.failure()).toMatchObject({ code: 'NOT_FOUND' });
      await bob.client.close();
      await desk.close();
    }
  });
});

describe('a token that expires', () => {
  it.each(['websocket', 'sse', 'polling'] as const)(
    '[P4] is replaced at once over %s, without a gap',
    async (transport) => {
      const desk = await newDesk();
      const late = (): number => server.clock.now() - Date.now();
      const bob = visit(server.url, {
        transports: [transport],
        claims: () => ({ expiresIn: late() + BRIEF_MS }),
      });
      const log = readLog(bob, desk.documentId);
      await desk.write();
      await log.reaches(1);
      for (let round = 2; round <= 4; round += 1) {
        const asked = bob.tokens();
        // So long as the client counts it, too: a connection that has just begun is not replaced at once.
        bob.clock.advance(BRIEF_MS);
        server.clock.advance(40_000);
        await desk.write();
        await log.reaches(round);
        expect(bob.tokens()).toBeGreaterThan(asked);
      }
      expect(log.failure()).toBeUndefined();
      expect(log.revisions).toEqual(revisions(1, 4));
      await bob.client.close();
      await desk.close();
    },
  );

  it.each(['websocket', 'sse'] as const)('ends the client over %s when it is refused', async (transport) => {
    const bob = visit(server.url, { transports: [transport], token: async () => 'sesame' });
    await expect(bob.client.query(ViewerDocument, {})).rejects.toThrow();
    const { state, reason } = bob.client.connection.current;
    expect(state).toBe('closed');
    expect(reason).toMatchObject(transport === 'websocket' ? { code: 4401 } : { code: 'UNAUTHENTICATED' });
    await expect(bob.client.query(ViewerDocument, {})).rejects.toBe(reason);
    await expect(bob.client.subscribe(SystemStatusUpdatesDocument, {}).next()).rejects.toBe(reason);
    await bob.client.close();
    expect(bob.clock.pending).toBe(0);
  });
});

describe('the state of the connection', () => {
  it('is told in order, with reasons', async () => {
    const bob = visit(proxy.url, { transports: ['websocket'] });
    await bob.client.query(ViewerDocument, {});
    proxy.isBroken = true;
    bob.drop();
    await until(() => bob.client.connection.current.state === 'reconnecting', 'the loss is noticed');
    await expect(bob.client.query(ViewerDocument, {})).rejects.toMatchObject({
      name: 'ConnectionLost',
      code: 1006,
    });
    proxy.isBroken = false;
    bob.clock.advance(1_000);
    await bob.client.query(ViewerDocument, {});
    await bob.client.close();
    expect(bob.states.map(({ state, reason }) => [state, reason?.message])).toEqual([
      ['connecting', undefined],
      ['connected', undefined],
      ['reconnecting', 'The connection was closed with 1006.'],
      ['reconnecting', 'Unexpected server response: 403'],
      ['reconnecting', 'Unexpected server response: 403'],
      ['offline', 'Unexpected server response: 403'],
      ['connected', undefined],
      ['closed', undefined],
    ]);
  });
});
