import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { surviveJobKills } from '../fuzz/jobs-kill.ts';
import { startServer, type TestServer } from '../support/server.ts';

const KILLS = 3;
const JOBS = 60;

describe('a server that is killed while it processes', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ env: { WORKERS: '2' } });
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
  });
  afterAll(() => server.stop());

  it(`[P10] killed ${KILLS} times during ${JOBS} jobs, it ends each once and rightly, and has what was interrupted run again within 15 s`, {
    timeout: 300_000,
  }, async () => {
    const options = { kills: KILLS, jobs: JOBS, seed: 1, measuredEvery: 1 };
    const { faults, ends, interrupted } = await surviveJobKills(server, options);
    expect(faults).toEqual([]);
    expect((ends.COMPLETED ?? 0) + (ends.FAILED ?? 0)).toBe(JOBS);
    expect(interrupted).toBeGreaterThan(0);
  });
});
