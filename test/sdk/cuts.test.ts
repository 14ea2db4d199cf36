import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { revisions } from '../promises/guest.ts';
import { startProxy } from '../support/proxy.ts';
import { Random } from '../support/random.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { openDesk, readLog, visit } from './visitor.ts';

/** Revisions that each log has in the end. */
const REVISIONS = 400;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

describe('a log over connections that are cut anywhere', () => {
  it.each([
    ['websocket', ['websocket']],
    ['sse', ['sse']],
    ['polling', ['polling']],
    ['whichever works', ['websocket', 'sse', 'polling']],
  ] as const)('[P4] has no gap and no duplicate by %s', async (name, transports) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    process.stdout.write(`connections are cut by seed ${seed} (${name})\n`);
    const random = new Random(seed);
    const documentId = `cut-${transports.join('-')}`;
    const desk = await openDesk(server.url, documentId);
    let connections = 0;
    const proxy = await startProxy(server.url, () => {
      connections += 1;
      return random.between(1_500, 20_000);
    });
    const bob = visit(proxy.url, { transports });
    const log = readLog(bob, documentId);
    for (let count = 0; count < REVISIONS; count += 1) await desk.write('0123456789'.repeat(10));
    await log.reaches(REVISIONS);
    expect(log.failure(), `seed ${seed}`).toBeUndefined();
    expect(log.revisions, `seed ${seed}`).toEqual(revisions(1, REVISIONS));
    expect(connections).toBeGreaterThan(5);
    await bob.client.close();
    await proxy.close();
    await desk.close();
    expect(bob.clock.pending).toBe(0);
  });
});
