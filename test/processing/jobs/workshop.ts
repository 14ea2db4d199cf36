import { pino } from 'pino';
import { expect } from 'vitest';
import { type Compliance, createCompliance } from '../../../src/compliance/compliance.ts';
import type { Viewer } from '../../../src/platform/graphql/context.ts';
import { createGroupCommit } from '../../../src/platform/storage/group-commit.ts';
import { type Batches, createBatches } from '../../../src/processing/batches.ts';
import { failureOf } from '../../../src/processing/execute.ts';
import { isTerminal, type Job, type JobRequestInput } from '../../../src/processing/job.ts';
import { findJob } from '../../../src/processing/job-store.ts';
import { createJobs, type Jobs } from '../../../src/processing/jobs.ts';
import { createLifecycle, type Lifecycle } from '../../../src/processing/lifecycle.ts';
import type { JobProgress } from '../../../src/processing/progress.ts';
import { findResult, type ProcessingResult } from '../../../src/processing/result.ts';
import { createRunner, type Execute, type Runner } from '../../../src/processing/runner.ts';
import { createProcessingStreams, type ProcessingStreams } from '../../../src/processing/streams.ts';
import type { ProcessingQuery, ProcessingTables } from '../../../src/processing/tables.ts';
import { createDesk, type Service, type ServiceOptions } from '../../support/documents.ts';
import { faultsOf, readHistory, recordJobs } from '../../support/job-history.ts';

const log = pino({ level: 'silent' });

/** Milliseconds that something may take on a busy machine. */
const PATIENCE = { timeout: 15_000, interval: 2 };

/** Waits until something is so, without turning any clock. */
export const eventually = <T>(value: () => T) => expect.poll(value, PATIENCE);

export const REQUEST: JobRequestInput = { priority: 5, maxAttempts: 3 };

/** An attempt that the test brings to its end. */
export interface Run {
  readonly job: Job;
  readonly progress: JobProgress;
  readonly signal: AbortSignal;
  /** False when it has ended, or was stopped. */
  readonly open: boolean;
  readonly complete: (result?: Partial<ProcessingResult>) => void;
  readonly fail: (error: Error) => void;
}

/** Work in the test's hands: it stops when it is told to, as the real one does. */
export function createHands() {
  const runs: Run[] = [];
  const execute: Execute = (job, { progress, signal }) =>
    new Promise((resolve, reject) => {
      let open = true;
      const close = (end: () => void): void => {
        open = false;
        end();
      };
      signal.addEventListener('abort', () => close(() => reject(signal.reason as Error)));
      runs.push({
        job,
        progress,
        signal,
        get open() {
          return open;
        },
        complete: (result) => close(() => resolve({ revision: 1, ...result })),
        fail: (error) => close(() => reject(error)),
      });
    });
  return { runs, execute };
}

/** One instance: documents, compliance and processing over a database of their own, or one that others use, too. */
export interface Shop {
  readonly service: Service;
  readonly query: ProcessingQuery;
  readonly compliance: Compliance;
  readonly lifecycle: Lifecycle;
  readonly jobs: Jobs;
  readonly batches: Batches;
  readonly streams: ProcessingStreams;
  readonly runner: Runner;
  /** What was begun here, in order. */
  readonly runs: readonly Run[];
  /** Waits for the next attempt at a job that is open; at any job when none is named. */
  run(jobId?: string): Promise<Run>;
  /** The job as its row has it. */
  job(jobId: string): Promise<Job>;
  /** The result that is kept of a job. */
  result(jobId: string): Promise<ProcessingResult | null>;
  /** Waits until a job has ended. */
  ended(jobId: string): Promise<Job>;
}

export interface ShopOptions extends ServiceOptions {
  /** Jobs that are worked on at once. */
  readonly capacity?: number;
  /** In place of the test's hands. */
  readonly execute?: Execute;
}

const TENANT = 'acme';

export async function createWorkshop() {
  const desk = await createDesk();
  const shops: Shop[] = [];

  async function open({ capacity = 4, execute, ...options }: ShopOptions = {}): Promise<Shop> {
    const service = await desk.open(options);
    const { database, documents, broker, clock } = service;
    if (shops.length === 0) await recordJobs(database);
    // Who comes later knows how late it is.
    clock.advance(Math.max(0, ...shops.map((shop) => shop.service.clock.now() - clock.now())));
    const query = database.query.withTables<ProcessingTables>();
    const compliance = createCompliance({ database, documents, broker, clock });
    const commits = createGroupCommit(database);
    const lifecycle = createLifecycle({ query, commits, broker, compliance, clock, random: () => 1 });
    const hands = createHands();
    const runner = createRunner({
      lifecycle,
      execute: execute ?? hands.execute,
      explain: (error) => failureOf(error) ?? { message: String(error), retriable: true },
      capacity,
      broker,
      clock,
      log,
    });
    const job = async (jobId: string): Promise<Job> => {
      const found = await findJob(query, { tenantId: TENANT, jobId });
      if (!found) throw new Error(`there is no job ${jobId}`);
      return found;
    };
    const shop: Shop = {
      service,
      query,
      compliance,
      lifecycle,
      runner,
      jobs: createJobs({ database, query, documents, lifecycle, clock }),
      batches: createBatches({ database, query, documents, lifecycle, clock }),
      streams: createProcessingStreams({ query, documents, broker, clock }),
      runs: hands.runs,
      async run(jobId) {
        const isIt = ({ job, open }: Run): boolean => open && (jobId === undefined || job.jobId === jobId);
        await eventually(() => hands.runs.some(isIt)).toBe(true);
        return hands.runs.find(isIt)!;
      },
      job,
      result: (jobId) => findResult(query, { tenantId: TENANT, jobId }),
      async ended(jobId) {
        await eventually(async () => isTerminal((await job(jobId)).status)).toBe(true);
        return job(jobId);
      },
    };
    shops.push(shop);
    return shop;
  }

  /** The first instance, on whose database all are. */
  const first = (): Shop => shops[0]!;

  return {
    desk,
    open,
    /** Turns the clocks of all instances, or of these alone, a little at a time, as they go in the world. */
    advance(ms: number, only: readonly Shop[] = shops): void {
      for (let left = ms; left > 0; left -= 100)
        for (const { service } of only) service.clock.advance(Math.min(100, left));
    },
    /** The states that a job has had, one after another, whoever had it. */
    async story(jobId: string): Promise<string[]> {
      return (await readHistory(first().service.database, jobId)).map(({ status }) => status);
    },
    faults: () => faultsOf(first().service.database),
    async close(): Promise<void> {
      for (const { runner } of shops) await runner.stop();
      await desk.close();
    },
  };
}

export type Workshop = Awaited<ReturnType<typeof createWorkshop>>;

/** Asks for a job with all steps, or with what is asked for besides. */
export const start = (
  { jobs }: Shop,
  viewer: Viewer,
  documentId: string,
  asked: Partial<JobRequestInput> & { readonly idempotencyKey?: string } = {},
): Promise<Job> => jobs.start(viewer, documentId, { ...REQUEST, ...asked });
