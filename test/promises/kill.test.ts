import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { surviveKill } from '../fuzz/kill.ts';
import { range, runSeeds } from '../fuzz/seeds.ts';
import { startServer, type TestServer } from '../support/server.ts';

const KILLS = 20;

describe('a server that is killed', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
  });
  afterAll(() => server.stop());

  it(`[P1] [P2] [P4] killed ${KILLS} times among edits, it keeps what it acknowledged, applies nothing twice, and streams resume without a gap`, {
    timeout: 120_000,
  }, async () => {
    const failures = await runSeeds(range(1, KILLS), 1, (seed) => surviveKill(seed, server));
    expect(failures.map(({ message }) => message)).toEqual([]);
  });
});
