import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sdkChaos } from '../fuzz/sdk-chaos.ts';
import { startServer, type TestServer } from '../support/server.ts';

const CLIENTS = 8;
const SECONDS = 10;
const SEED = 1;

describe('shared texts over a bad network', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
  });
  afterAll(() => server.stop());

  it(`[P1] [P2] [P3] [P4] ${CLIENTS} people edit and undo for ${SECONDS} s over connections that are cut, delayed and stalled: all are equal in the end, with every edit once`, {
    timeout: 120_000,
  }, async () => {
    const counts = await sdkChaos({ url: server.url, seed: SEED, clients: CLIENTS, seconds: SECONDS });
    console.log(`seed ${SEED}: ${JSON.stringify(counts)}`);
    expect(counts.cuts).toBeGreaterThan(0);
    expect(counts.stalls).toBeGreaterThan(0);
    expect(counts.edits).toBeGreaterThan(CLIENTS * SECONDS);
  });
});
