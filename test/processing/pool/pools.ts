import { expect, onTestFinished } from 'vitest';
import type { Clock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { JobWorker } from '../../../src/processing/pool/job-worker.ts';
import type { WorkerErrorCode } from '../../../src/processing/pool/worker-error.ts';
import { createWorkerPool } from '../../../src/processing/pool/worker-pool.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { runs } from '../../support/processes.ts';
import { begun, inChunks, never, tenMillion } from './tasks.ts';

/** Real processes start and end in their own time. */
const POLL = { timeout: 20_000, interval: 20 };

export interface PoolOptions {
  readonly size?: number;
  readonly memoryMb?: number;
  readonly clock?: Clock;
  /** When it is closed: after the test, unless this says otherwise. */
  readonly closeAfter?: (close: () => Promise<void>) => void;
}

/** A pool of real processes; its clock stands still unless the test turns it. */
export function openPool({ size = 1, memoryMb = 512, clock, closeAfter = onTestFinished }: PoolOptions = {}) {
  const hands: ManualClock = createManualClock();
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  const pool = createWorkerPool({ size, memoryMb, stepMs: 30_000, clock: clock ?? hands, log });
  closeAfter(() => pool.close());
  return {
    pool,
    /** Turns the pool's clock. */
    advance: (ms: number) => hands.advance(ms),
    /** What the pool has logged. */
    logged: () => lines.join(''),
    worker: (priority = 5): Promise<JobWorker> => pool.acquire({ priority, signal: never() }),
    /** The process of a pool that has one. */
    pid: () => pool.state().pids[0] ?? 0,
  };
}

/** Waits until a process is gone. */
export const expectGone = (pid: number): Promise<void> => expect.poll(() => runs(pid), POLL).toBe(false);

/** Waits until something about real processes is so. */
export const eventually = <T>(value: () => T) => expect.poll(value, POLL);

/** What a task that was not finished rejects with. */
export const unfinished = (code: WorkerErrorCode, message: RegExp, retriable: boolean) =>
  expect.objectContaining({
    name: 'WorkerError',
    code,
    retriable,
    message: expect.stringMatching(message) as string,
  }) as Error;

/** Asks a worker for something small, to see that it is well. */
export async function expectWell(worker: JobWorker): Promise<void> {
  const { work } = begun();
  const { text } = await worker.extract(inChunks(Buffer.from('All is well.')), tenMillion, work);
  expect(text).toBe('All is well.');
}
