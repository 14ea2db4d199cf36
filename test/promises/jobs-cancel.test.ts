import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cancelRunning } from '../fuzz/jobs-cancel.ts';
import { startServer, type TestServer } from '../support/server.ts';

const CANCELS = 12;

describe('jobs that are cancelled while they run', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ env: { WORKERS: '1' } });
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
  });
  afterAll(() => server.stop());

  it(`[P10] ${CANCELS} of them are cancelled within 2 s, or have ended already, and their worker is free within 3 s`, {
    timeout: 180_000,
  }, async () => {
    const { faults, cancelled, ended } = await cancelRunning(server, { cancels: CANCELS, seed: 2 });
    expect(faults).toEqual([]);
    expect(cancelled + ended).toBe(CANCELS);
    expect(cancelled).toBeGreaterThan(0);
  });
});
