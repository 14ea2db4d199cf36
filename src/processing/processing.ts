import type { Logger } from 'pino';
import type { Compliance } from '../compliance/compliance.ts';
import type { Documents } from '../documents/documents.ts';
import type { DocumentKey } from '../documents/store.ts';
import type { Clock } from '../platform/clock.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import type { Database } from '../platform/storage/database.ts';
import { createGroupCommit } from '../platform/storage/group-commit.ts';
import { createBatches } from './batches.ts';
import { createExecute, failureOf } from './execute.ts';
import type { Job, JobKey } from './job.ts';
import { findJob, oldestDue } from './job-store.ts';
import { createJobs } from './jobs.ts';
import { createLifecycle, type Failure } from './lifecycle.ts';
import { createWorkerPool } from './pool/worker-pool.ts';
import { findNewestResult, findResult, type ProcessingResult } from './result.ts';
import { createRunner } from './runner.ts';
import { createProcessingStreams } from './streams.ts';
import type { ProcessingTables } from './tables.ts';

/** Jobs that are taken on beyond one for each worker: they wait for a worker, or need none. */
const SPARE_JOBS = 8;

export interface ProcessingOptions {
  readonly database: Database;
  readonly documents: Documents;
  readonly compliance: Compliance;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Logger;
  /** Child processes. */
  readonly workers: number;
  readonly limits: {
    readonly changeChars: number;
    readonly documentChars: number;
    readonly stepMs: number;
    readonly workerMb: number;
  };
}

export interface RunnerState {
  /** Jobs that are worked on here. */
  readonly running: number;
  /** Milliseconds since it last looked for jobs; null when it never has. */
  readonly silentMs: number | null;
  /** Milliseconds for which the job that has waited longest has been due. */
  readonly waitedMs: number;
}

/** Processing of documents: jobs and batches, who runs them, and how they stand. */
export function createProcessing(options: ProcessingOptions) {
  const { database, documents, compliance, broker, clock, log, workers, limits } = options;
  const query = database.query.withTables<ProcessingTables>();
  const commits = createGroupCommit(database);
  const lifecycle = createLifecycle({ query, commits, broker, compliance, clock, random: Math.random });
  const pool = createWorkerPool({
    size: workers,
    memoryMb: limits.workerMb,
    stepMs: limits.stepMs,
    clock,
    log,
  });

  const explain = (error: unknown, job: Job): Failure => {
    const failure = failureOf(error);
    if (failure) return failure;
    log.error({ err: error, job: job.jobId, document: job.documentId }, 'an attempt failed');
    return { message: 'Something went wrong on the server. Its log says what.', retriable: true };
  };
  const runner = createRunner({
    lifecycle,
    execute: createExecute({ documents, pool, limits }),
    explain,
    capacity: workers + SPARE_JOBS,
    broker,
    clock,
    log,
  });

  return {
    jobs: createJobs({ database, query, documents, lifecycle, clock }),
    batches: createBatches({ database, query, documents, lifecycle, clock }),
    streams: createProcessingStreams({ query, documents, broker, clock }),
    /** The document of a job. Throws NOT_FOUND when the viewer may not read it. */
    documentOf: (viewer: Viewer, documentId: string) => documents.mustFind(viewer, documentId, 'VIEWER'),
    /** What a job has found; null when it has not completed. */
    result: (key: JobKey) => findResult(query, key),
    /** The newest completed result of a document, with its job; null when there is none. */
    async analysis(key: DocumentKey): Promise<{ job: Job; result: ProcessingResult } | null> {
      const found = await findNewestResult(query, key);
      const job = found ? await findJob(query, { tenantId: key.tenantId, jobId: found.jobId }) : null;
      return found && job ? { job, result: found.result } : null;
    },
    pool,
    /** Begins to run jobs, with those that were left when a process has ended. */
    start: () => runner.start(),
    /** How the jobs' runner does. Rejects when the database does not answer. */
    async runnerState(): Promise<RunnerState> {
      const now = clock.now();
      const due = await oldestDue(query, now);
      const { running, lookedAt } = runner;
      return {
        running,
        silentMs: lookedAt === null ? null : now - lookedAt,
        waitedMs: due === null ? 0 : now - due,
      };
    },
    /** Listeners that the broker has of it, as long as jobs are run: they are nobody's who subscribes. */
    get listeners(): number {
      return runner.isOn ? 1 : 0;
    },
    /** Jobs that are worked on here. */
    get running(): number {
      return runner.running;
    },
    /** Puts back what is under way, and ends the workers. Idempotent. */
    async stop(): Promise<void> {
      await runner.stop();
      await pool.close();
      await commits.settled();
    },
  };
}

export type Processing = ReturnType<typeof createProcessing>;
