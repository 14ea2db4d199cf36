// A process that has a pool, as a server has. It gives one worker a file to compute on for minutes, lets another rest, and
// prints their process ids.
//
//   parent.ts <worker-pool, as a path from here>
import { systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import type * as WorkerPool from '../../../src/processing/pool/worker-pool.ts';
import { begun, deafening, never, tenMillion } from './tasks.ts';

const { createWorkerPool } = (await import(process.argv[2] ?? '')) as typeof WorkerPool;
const log = createLog('fatal');
const pool = createWorkerPool({ size: 2, memoryMb: 512, stepMs: 600_000, clock: systemClock, log });
const acquire = () => pool.acquire({ priority: 5, signal: never() });
const [working, resting] = await Promise.all([acquire(), acquire()]);
resting.release();
const { work, started } = begun();
void working.extract(deafening(), tenMillion, work);
await started;
process.stdout.write(`${JSON.stringify(pool.state().pids)}\n`);
