import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ViewerDocument } from '../../src/sdk/generated.ts';
import { revisions } from '../promises/guest.ts';
import { type FallbackProxy, startFallbackProxy } from '../support/fallback-proxy.ts';
import { until } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { openDesk, readLog, type Visitor, visit } from './visitor.ts';

/** Milliseconds as the client counts them: to the first byte, and to the next attempt to get a better transport. */
const FIRST_BYTE_MS = 5_000;
const BETTER_MS = 60_000;
/** And to the acknowledgement of a socket. */
const ACKNOWLEDGE_MS = 10_000;
/** Steps in which they pass: a stream that is silent for 30 s is taken for lost. */
const STEP_MS = 10_000;

let server: TestServer;
let proxy: FallbackProxy;
let documents = 0;

beforeAll(async () => {
  server = await startServer();
  proxy = await startFallbackProxy(server.url);
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
});
beforeEach(() => {
  Object.assign(proxy, { letsUpgrade: true, holdsUpgrades: false, gathers: false, isBroken: false });
});

const isBy = ({ client }: Visitor, transport: string): Promise<void> =>
  until(() => client.connection.current.transport === transport, `the transport is ${transport}`);

/** Bob reads what Ada writes meanwhile. */
async function open() {
  documents += 1;
  const desk = await openDesk(server.url, `fallback-${documents}`);
  const bob = visit(proxy.url);
  const stop = desk.writeOn();
  const log = readLog(bob, desk.documentId);
  return {
    bob,
    log,
    /** Some more revisions are written and read. */
    goesOn: (): Promise<void> => log.reaches((log.revisions.at(-1) ?? 0) + 10),
    /** So much time passes for the client, in which it reads on. */
    passes: async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        bob.clock.advance(STEP_MS);
        await log.reaches((log.revisions.at(-1) ?? 0) + 3);
      }
    },
    /** Everything was read, once and in order. */
    ends: async (): Promise<void> => {
      const newest = await stop();
      await log.reaches(newest);
      expect(log.failure()).toBeUndefined();
      expect(log.revisions).toEqual(revisions(1, newest));
      await bob.client.close();
      await desk.close();
      expect(bob.clock.pending).toBe(0);
    },
  };
}

describe('[P4] a log that is read while somebody writes', () => {
  it('[P4] comes by event streams where sockets are refused, and by a socket again when they are not', async () => {
    proxy.letsUpgrade = false;
    const refusedBefore = proxy.counts.refused;
    const { bob, goesOn, passes, ends } = await open();
    await isBy(bob, 'sse');
    expect(proxy.counts.refused - refusedBefore).toBe(2);
    await goesOn();
    await passes(BETTER_MS);
    await until(() => proxy.counts.refused - refusedBefore === 3, 'a socket is tried again');
    await goesOn();
    expect(bob.client.connection.current.transport).toBe('sse');
    proxy.letsUpgrade = true;
    await passes(BETTER_MS);
    await isBy(bob, 'websocket');
    await goesOn();
    await ends();
    expect(bob.states.map(({ state, transport }) => [state, transport])).toEqual([
      ['connecting', null],
      ['connecting', null],
      ['connected', 'sse'],
      ['connected', 'websocket'],
      ['closed', null],
    ]);
  });

  it('[P4] comes by event streams where sockets are never answered, and by a socket again when they are', async () => {
    proxy.holdsUpgrades = true;
    const { held } = proxy.counts;
    const { bob, goesOn, passes, ends } = await open();
    for (const tries of [1, 2]) {
      await until(() => proxy.counts.held - held === tries, 'a socket is kept waiting');
      bob.clock.advance(ACKNOWLEDGE_MS);
    }
    await isBy(bob, 'sse');
    await goesOn();
    proxy.holdsUpgrades = false;
    await passes(BETTER_MS);
    await isBy(bob, 'websocket');
    await goesOn();
    await ends();
  });

  it('[P4] is polled where event streams are gathered, and comes by a socket again when that is let through', async () => {
    Object.assign(proxy, { letsUpgrade: false, gathers: true });
    const { bob, goesOn, passes, ends } = await open();
    const { gathered } = proxy.counts;
    await isBy(bob, 'sse');
    await until(() => proxy.counts.gathered > gathered, 'an event stream is kept back');
    bob.clock.advance(FIRST_BYTE_MS);
    await isBy(bob, 'polling');
    const { polls } = proxy.counts;
    await goesOn();
    await goesOn();
    expect(proxy.counts.polls).toBeGreaterThan(polls);
    proxy.letsUpgrade = true;
    await passes(BETTER_MS);
    await isBy(bob, 'websocket');
    await goesOn();
    await ends();
  });

  it('[P4] goes from polling to event streams when these come through, and stays while they do not', async () => {
    Object.assign(proxy, { letsUpgrade: false, gathers: true });
    const { bob, goesOn, passes, ends } = await open();
    await isBy(bob, 'sse');
    const { gathered } = proxy.counts;
    await until(() => proxy.counts.gathered > gathered - 1 && bob.clock.pending > 1, 'a stream is kept back');
    bob.clock.advance(FIRST_BYTE_MS);
    await isBy(bob, 'polling');
    await goesOn();
    proxy.gathers = false;
    await passes(BETTER_MS);
    await isBy(bob, 'sse');
    await goesOn();
    await ends();
  });

  it('[P4] survives that each way is cut in the middle', async () => {
    const { bob, goesOn, ends } = await open();
    await isBy(bob, 'websocket');
    await goesOn();
    proxy.cut();
    await goesOn();
    proxy.letsUpgrade = false;
    proxy.cut();
    await isBy(bob, 'sse');
    await goesOn();
    proxy.cut();
    await goesOn();
    await ends();
  });
});

describe('a client whose transports are named', () => {
  it.each(['websocket', 'sse', 'polling'] as const)('uses %s alone, for questions too', async (transport) => {
    const bob = visit(server.url, { transports: [transport] });
    expect(await bob.client.query(ViewerDocument, {})).toMatchObject({ viewer: { user: { id: 'bob' } } });
    expect(bob.client.connection.current).toEqual({ state: 'connected', transport, reason: null });
    await bob.client.close();
  });

  it('does without sockets where the platform has none', async () => {
    const bob = visit(server.url, { webSocket: null });
    await bob.client.query(ViewerDocument, {});
    expect(bob.client.connection.current.transport).toBe('sse');
    await bob.client.close();
    expect(() => visit(server.url, { webSocket: null, transports: ['websocket'] })).toThrow(TypeError);
  });
});
