// What no-op jobs cost with BullMQ: added at once, run by one worker in the same process, kept by a Redis of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { familyCpuOf } from './cpu.js';

/**
 * The parts of BullMQ that are used: its own types are there only when the peers are installed.
 * @typedef {object} BullMq
 * @property {new (name: string, options: object) => Jobs} Queue
 * @property {new (name: string, run: (job: { id?: string }) => Promise<void>, options: object) => Runner} Worker
 *
 * @typedef {object} Jobs
 * @property {(jobs: readonly object[]) => Promise<unknown>} addBulk
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Runner
 * @property {(event: 'error' | 'completed', listener: (about: unknown) => void) => unknown} on
 * @property {(event: 'completed') => unknown} removeAllListeners
 * @property {() => Promise<unknown>} waitUntilReady
 * @property {() => Promise<void>} close
 */

/** @param {string} name @returns {Promise<BullMq>} */
async function load(name) {
  /** @type {unknown} */
  const loaded = await import(name);
  return /** @type {BullMq} */ (loaded);
}

const START_MS = 10_000;
const QUEUE = 'bench';
/** As many as Quire takes on at once on two cores. */
const CONCURRENCY = 10;
const WARM_UP = 500;
/** Jobs that one call adds. */
const ADDED_AT_ONCE = 1_000;

const [count = '', appendFsync = 'no'] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'quire-bench-redis-'));
const path = join(directory, 'redis.sock');
const durable =
  appendFsync === 'always' ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
const redis = spawn(
  'redis-server',
  ['--port', '0', '--unixsocket', path, '--dir', directory, '--save', '', ...durable],
  {
    stdio: 'ignore',
  },
);
const redisGone = once(redis, 'exit');
process.on('disconnect', () => {
  redis.kill();
  process.exit();
});

/** @type {{ jobs: number, ms: number, cpu: number } | undefined} */
let measured;
/** How often each job was run. @type {Map<string, number>} */
let runs = new Map();
try {
  for (const until = Date.now() + START_MS; !existsSync(path); await sleep(10))
    if (Date.now() > until) throw new Error('Redis did not start.');
  const connection = { path, maxRetriesPerRequest: null };
  const { Queue, Worker } = await load('bullmq');
  const queue = new Queue(QUEUE, { connection });
  const worker = new Worker(
    QUEUE,
    async ({ id = '' }) => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
    },
    { connection, concurrency: CONCURRENCY },
  );
  worker.on('error', (error) => console.error(error));
  await worker.waitUntilReady();

  /** @param {number} jobs */
  const run = async (jobs) => {
    runs = new Map();
    let completed = 0;
    const ended = new Promise((resolve) => {
      worker.on('completed', () => {
        completed += 1;
        if (completed === jobs) resolve(undefined);
      });
    });
    for (let from = 0; from < jobs; from += ADDED_AT_ONCE)
      await queue.addBulk(
        Array.from({ length: Math.min(ADDED_AT_ONCE, jobs - from) }, (_, index) => ({
          name: 'nothing',
          data: { documentId: `${from + index}` },
        })),
      );
    await ended;
    worker.removeAllListeners('completed');
    if (runs.size !== jobs || [...runs.values()].some((times) => times !== 1))
      throw new Error('BullMQ has not run every job once.');
  };

  await run(WARM_UP);
  const jobs = Number(count);
  const before = familyCpuOf(process.pid);
  const start = performance.now();
  await run(jobs);
  const ms = performance.now() - start;
  const after = familyCpuOf(process.pid);
  await worker.close();
  await queue.close();
  measured = { jobs, ms, cpu: (after.server - before.server + after.children - before.children) / jobs };
} finally {
  redis.kill();
  await redisGone;
  await rm(directory, { recursive: true, force: true });
}
// Last: whoever hears it ends this process.
process.send?.({ kind: 'done', ...measured });
