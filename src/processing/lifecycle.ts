import { setImmediate } from 'node:timers/promises';
import type { Compliance } from '../compliance/compliance.ts';
import type { Clock } from '../platform/clock.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import type { QueryBuilder } from '../platform/storage/database.ts';
import type { GroupCommit } from '../platform/storage/group-commit.ts';
import { type BatchKey, batchKeyOf } from './batch.ts';
import { countEnded, countStarted, markCancelled } from './batch-store.ts';
import { createEnder } from './endings.ts';
import { backoff, isTerminal, type Job, type JobKey } from './job.ts';
import { cancelJob, cancelJobsOf } from './job-store.ts';
import { claimLost, claimQueued, noteHeld, type ProgressNote, renewLeases, updateHeld } from './leases.ts';
import { hasPart, openPart } from './parts.ts';
import type { JobProgress } from './progress.ts';
import type { ProcessingResult } from './result.ts';
import type { ProcessingQuery, ProcessingTables } from './tables.ts';
import { batchChanged, jobChanged, RUNNERS, runnerCalls } from './topics.ts';

/** Milliseconds for which a job is its holder's without a renewal. */
export const LEASE_MS = 10_000;
/** Times that a job's holder may be gone in the middle of a step before the job is given up. */
export const MAX_INTERRUPTIONS = 20;
/** Announcements between which other events are let in. */
const ANNOUNCED_AT_ONCE = 250;

export interface LifecycleOptions {
  readonly query: ProcessingQuery;
  readonly commits: GroupCommit;
  readonly broker: Broker;
  readonly compliance: Pick<Compliance, 'raise' | 'announce'>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Why an attempt has failed, as whoever asked for the job is told. */
export interface Failure {
  readonly message: string;
  /** Whether another attempt may do better. */
  readonly retriable: boolean;
}

type Transaction = ProcessingQuery;

/** What an announcement names of a job. */
type Announced = Pick<Job, 'tenantId' | 'documentId' | 'jobId' | 'batchId'>;

/**
 * The life of jobs: each transition is one transaction, guarded by the state (and for the holder of a job by its fence), and
 * announced after its commit. Those that come at the same time share a transaction.
 */
export function createLifecycle({ query, commits, broker, compliance, clock, random }: LifecycleOptions) {
  const note = commits.together(async (base, notes: readonly ProgressNote[]) => {
    const held = new Set(await noteHeld(base.withTables<ProcessingTables>(), notes));
    return (one) => held.has(one);
  });

  const write = <T>(task: (transaction: Transaction, base: QueryBuilder) => Promise<T>): Promise<T> =>
    commits.write((base) => task(base.withTables<ProcessingTables>(), base));

  function announceBatch({ tenantId, batchId }: Announced): void {
    if (batchId !== null) broker.publish(batchChanged, { tenantId, key: batchId }, { batchId });
  }

  function announceJob({ tenantId, documentId, jobId }: Announced): void {
    broker.publish(jobChanged, { tenantId, key: documentId }, { jobId });
  }

  function announce(job: Announced): void {
    announceJob(job);
    announceBatch(job);
  }

  /** Announces a job, or the many of a batch. */
  async function announceAll(jobs: readonly Announced[]): Promise<void> {
    if (jobs[0]) announceBatch(jobs[0]);
    for (const [index, job] of jobs.entries()) {
      announceJob(job);
      if (index % ANNOUNCED_AT_ONCE === ANNOUNCED_AT_ONCE - 1) await setImmediate();
    }
  }

  const errorsWith = ({ errors, attempt }: Job, message: string, at: number): string =>
    JSON.stringify([...errors, { attempt, message, at }]);

  /** Ends a job that is held as failed; false when it was lost. */
  async function endFailed(
    transaction: Transaction,
    job: Job,
    steps: Job['steps'],
    message: string,
    at: number,
  ): Promise<boolean> {
    const errors = errorsWith(job, message, at);
    if (!(await updateHeld(transaction, job, { kind: 'failed', steps, errors, at }))) return false;
    if (job.batchId !== null)
      await countEnded(transaction, batchKeyOf(job, job.batchId), 'failed', 1, job.documentId, at);
    return true;
  }

  const end = commits.together(createEnder(compliance));

  /** Gives up what nobody could bring to its end. */
  async function giveUp(transaction: Transaction, job: Job, at: number): Promise<void> {
    const message = `Whoever ran this job was gone ${MAX_INTERRUPTIONS} times before it had ended. Retry it when the server is well.`;
    await endFailed(transaction, job, job.steps, message, at);
  }

  async function countBegun(transaction: Transaction, jobs: readonly Job[], at: number): Promise<void> {
    for (const job of newestOfBatches(jobs))
      if (job.batchId !== null)
        await countStarted(transaction, batchKeyOf(job, job.batchId), job.documentId, at);
  }

  /** Says that a job, or jobs of a batch, were written and wait to be run. */
  async function announceQueued(jobs: readonly Announced[]): Promise<void> {
    broker.publish(runnerCalls, RUNNERS, { kind: 'due' });
    await announceAll(jobs);
  }

  return {
    /** Takes up to `limit` jobs on whose turn it is. */
    async claim(limit: number): Promise<Job[]> {
      const taken = await write(async (transaction) => {
        const now = clock.now();
        const jobs = await claimQueued(transaction, { now, leaseUntil: now + LEASE_MS, limit });
        await countBegun(transaction, jobs, now);
        return jobs;
      });
      for (const job of taken) announce(job);
      return taken;
    },

    /** Takes up to `limit` jobs over whose holder is gone. */
    async takeOver(limit: number): Promise<Job[]> {
      const { taken, givenUp } = await write(async (transaction) => {
        const now = clock.now();
        const lost = await claimLost(transaction, { now, leaseUntil: now + LEASE_MS, limit });
        const isHopeless = ({ interruptions }: { interruptions: number }): boolean =>
          interruptions > MAX_INTERRUPTIONS;
        const givenUp = lost.filter(isHopeless).map(({ job }) => job);
        const taken = lost.filter((one) => !isHopeless(one)).map(({ job }) => job);
        for (const job of givenUp) await giveUp(transaction, job, now);
        await countBegun(transaction, taken, now);
        return { taken, givenUp };
      });
      for (const job of [...givenUp, ...taken]) announce(job);
      return taken;
    },

    /** Renews the leases of jobs that are held; gives those that were lost meanwhile. */
    async renew(jobs: readonly Job[]): Promise<Job[]> {
      const kept = await write((transaction) => renewLeases(transaction, jobs, clock.now() + LEASE_MS));
      return jobs.filter(({ sequence }) => !kept.has(sequence));
    },

    /** Writes down how far a job is; false when it was lost. */
    async progress(job: Job, progress: JobProgress): Promise<boolean> {
      const { steps, percent } = progress;
      const held = await note({ job, steps, progress: percent, at: clock.now() });
      if (held) announce(job);
      return held;
    },

    /** Ends a job with what it has found, which raises the alerts of its findings; false when it was lost. */
    async complete(job: Job, progress: JobProgress, result: ProcessingResult): Promise<boolean> {
      const { steps } = progress;
      const at = clock.now();
      const alerts = await end({ job, steps, at, result });
      if (!alerts) return false;
      announce(job);
      compliance.announce(alerts);
      return true;
    },

    /** Ends an attempt, and the job when there is to be no other; false when it was lost. */
    async fail(job: Job, progress: JobProgress, { message, retriable }: Failure): Promise<boolean> {
      const at = clock.now();
      const again = retriable && job.attempt < job.maxAttempts;
      const runAt = at + backoff(job.attempt, random);
      const held = await write((transaction) =>
        again
          ? updateHeld(transaction, job, {
              kind: 'requeued',
              errors: errorsWith(job, message, at),
              attempt: job.attempt,
              runAt,
              at,
            })
          : endFailed(transaction, job, progress.steps, message, at),
      );
      if (held) announce(job);
      return held;
    },

    /** Puts back a job that is given up unfinished: whoever is free may take it at once, and the attempt does not count. */
    async giveBack(job: Job): Promise<void> {
      const at = clock.now();
      const errors = JSON.stringify(job.errors);
      const attempt = job.attempt - 1;
      const held = await write((transaction) =>
        updateHeld(transaction, job, { kind: 'requeued', errors, attempt, runAt: at, at }),
      );
      if (!held) return;
      announce(job);
      broker.publish(runnerCalls, RUNNERS, { kind: 'due' });
    },

    /** Cancels a job; false when it had ended. */
    async cancel(key: JobKey): Promise<boolean> {
      const at = clock.now();
      const job = await write(async (transaction) => {
        const cancelled = await cancelJob(transaction, key, at);
        if (cancelled && cancelled.batchId !== null) {
          const { batchId, documentId } = cancelled;
          await countEnded(transaction, batchKeyOf(key, batchId), 'cancelled', 1, documentId, at);
        }
        return cancelled;
      });
      if (!job) return false;
      broker.publish(runnerCalls, RUNNERS, { kind: 'cancelled', ...key, batchId: null });
      announce(job);
      return true;
    },

    /** Cancels what is open of a batch. */
    async cancelBatch(key: BatchKey): Promise<void> {
      const at = clock.now();
      const jobs = await write(async (transaction) => {
        const cancelled = await cancelJobsOf(transaction, key, at);
        if (cancelled.length === 0) return cancelled;
        const last = cancelled.at(-1)?.documentId ?? null;
        await countEnded(transaction, key, 'cancelled', cancelled.length, last, at);
        await markCancelled(transaction, key, at);
        return cancelled;
      });
      if (jobs.length === 0) return;
      broker.publish(runnerCalls, RUNNERS, { kind: 'cancelled', ...key, jobId: null });
      await announceAll(jobs.map((job) => ({ ...key, ...job })));
    },

    /** Writes the jobs of a batch's parts, or of all that there are, so that others may write between two of them. */
    async openParts(key: BatchKey | null): Promise<void> {
      while (await hasPart(query, key)) {
        // In a transaction of its own: it is as long as one may be.
        const jobs = await query.transaction().execute((transaction) => openPart(transaction, key));
        await announceQueued(jobs);
      }
    },

    announceQueued,
  };
}

export type Lifecycle = ReturnType<typeof createLifecycle>;

/** Of each batch the last of its jobs. */
const newestOfBatches = (jobs: readonly Job[]): Job[] => [
  ...new Map(jobs.map((job) => [`${job.tenantId}/${job.batchId}`, job])).values(),
];

/** True when a job may be tried again. */
export const canRetry = ({ status }: Job): boolean => isTerminal(status) && status !== 'COMPLETED';
