import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../support/server.ts';
import { convergeOnOne, convergeOverRedis } from './convergence-runs.ts';
import { type Instances, startInstance, startInstances } from './instances.ts';
import { range } from './seeds.ts';

const RUN_MS = 120_000;

describe('replicas on real sockets', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startInstance();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
  });
  afterAll(() => server.stop());

  it('[P3] 150 seeds of 2 to 8 clients converge through delays, doubled changes and dropped sockets', {
    timeout: RUN_MS,
  }, async () => {
    const failures = await convergeOnOne(server.url, range(1, 150));
    expect(failures.map(({ message }) => message)).toEqual([]);
  });
});

describe('replicas on two instances', () => {
  let instances: Instances;

  beforeAll(async () => {
    instances = await startInstances();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(instances.log());
  });
  afterAll(() => instances.stop());

  it('[P3] [P4] 50 seeds converge while Redis is killed and started again in their middle', {
    timeout: RUN_MS,
  }, async () => {
    const failures = await convergeOverRedis(instances, range(151, 50));
    expect(failures.map(({ message }) => message)).toEqual([]);
  });
});
