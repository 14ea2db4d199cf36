import { sql } from 'kysely';
import type { Job, JobStep } from './job.ts';
import { jobFrom } from './job-store.ts';
import type { ProcessingQuery } from './tables.ts';

/** A job that somebody works on: the fence tells whether it still is theirs. */
export interface Held {
  readonly sequence: number;
  readonly fence: number;
}

export interface ClaimOptions {
  readonly now: number;
  readonly leaseUntil: number;
  /** Jobs at most. */
  readonly limit: number;
}

/** Takes jobs whose turn it is: the highest priority first, then in the order of their places. Each begins an attempt. */
export async function claimQueued(
  query: ProcessingQuery,
  { now, leaseUntil, limit }: ClaimOptions,
): Promise<Job[]> {
  const rows = await query
    .updateTable('processing_jobs')
    .set((eb) => ({
      status: 'IN_PROGRESS' as const,
      attempt: eb('attempt', '+', 1),
      fence: eb('fence', '+', 1),
      lease_until: leaseUntil,
      started_at: eb.fn.coalesce('started_at', eb.val(now)),
      updated_at: now,
      step_states: null,
      progress: 0,
    }))
    .where('sequence', 'in', (eb) =>
      eb
        .selectFrom('processing_jobs as due')
        .select('due.sequence')
        .where('due.status', '=', 'QUEUED')
        .where('due.run_at', '<=', now)
        .orderBy('due.priority', 'desc')
        .orderBy('due.place')
        .orderBy('due.sequence')
        .limit(limit),
    )
    .returningAll()
    .execute();
  return inOrder(rows);
}

/**
 * Takes jobs over whose holder has not renewed its lease. They go on with the same attempt. That is an interruption when a
 * step had begun: what merely waited for a worker had no part in its holder's end.
 */
export async function claimLost(
  query: ProcessingQuery,
  { now, leaseUntil, limit }: ClaimOptions,
): Promise<{ job: Job; interruptions: number }[]> {
  const rows = await query
    .updateTable('processing_jobs')
    .set((eb) => ({
      interruptions: eb(
        'interruptions',
        '+',
        eb.case().when('step_states', 'is', null).then(0).else(1).end(),
      ),
      fence: eb('fence', '+', 1),
      lease_until: leaseUntil,
      updated_at: now,
      step_states: null,
      progress: 0,
    }))
    .where('sequence', 'in', (eb) =>
      eb
        .selectFrom('processing_jobs as lost')
        .select('lost.sequence')
        .where('lost.status', '=', 'IN_PROGRESS')
        .where('lost.lease_until', '<=', now)
        .limit(limit),
    )
    .returningAll()
    .execute();
  return rows.map((row) => ({ job: jobFrom(row), interruptions: row.interruptions }));
}

/** Renews leases. Gives the sequence numbers of those that are still theirs; the others were lost. */
export async function renewLeases(
  query: ProcessingQuery,
  held: readonly Held[],
  leaseUntil: number,
): Promise<Set<number>> {
  const rows = await query
    .updateTable('processing_jobs')
    .set({ lease_until: leaseUntil })
    .where('status', '=', 'IN_PROGRESS')
    .where((eb) =>
      eb.or(
        held.map(({ sequence, fence }) => eb.and([eb('sequence', '=', sequence), eb('fence', '=', fence)])),
      ),
    )
    .returning('sequence')
    .execute();
  return new Set(rows.map(({ sequence }) => sequence));
}

/** How the holder of a job changes it. */
export type HeldUpdate =
  | {
      readonly kind: 'failed';
      readonly steps: readonly JobStep[];
      /** JSON of all attempts' errors. */
      readonly errors: string;
      readonly at: number;
    }
  /** To be run again: the attempt has failed, or (`attempt` back to what it was before) was given up unfinished. */
  | {
      readonly kind: 'requeued';
      readonly errors: string;
      readonly attempt: number;
      readonly runAt: number;
      readonly at: number;
    };

/** Writes to a job that is held; false when it was lost, and nothing is written. */
export async function updateHeld(
  query: ProcessingQuery,
  { sequence, fence }: Held,
  update: HeldUpdate,
): Promise<boolean> {
  const row = await query
    .updateTable('processing_jobs')
    .set(columnsOf(update))
    .where('sequence', '=', sequence)
    .where('fence', '=', fence)
    .where('status', '=', 'IN_PROGRESS')
    .returning('sequence')
    .executeTakeFirst();
  return row !== undefined;
}

/** How far a job is. */
export interface ProgressNote {
  readonly job: Held;
  readonly steps: readonly JobStep[];
  /** Percent of the whole job. */
  readonly progress: number;
  readonly at: number;
}

/** Writes down how far jobs are, in one statement however many they are. Gives those that were not lost. */
export async function noteHeld(
  query: ProcessingQuery,
  notes: readonly ProgressNote[],
): Promise<ProgressNote[]> {
  const list = notes.map(({ job, steps, progress, at }) => [
    job.sequence,
    job.fence,
    JSON.stringify(steps),
    progress,
    at,
  ]);
  const rows = await updateHeldOf(query, list)
    .set({
      step_states: sql<string>`held.value ->> 2`,
      progress: sql<number>`held.value ->> 3`,
      updated_at: sql<number>`held.value ->> 4`,
    })
    .returning(['sequence', 'fence'])
    .execute();
  return notLost(notes, rows);
}

/** A job that is brought to its end. */
export interface Completion {
  readonly job: Held;
  readonly steps: readonly JobStep[];
  readonly at: number;
}

/** Ends jobs that are held, in one statement however many they are. Gives those that were not lost. */
export async function completeHeld<Given extends Completion>(
  query: ProcessingQuery,
  completions: readonly Given[],
): Promise<Given[]> {
  const list = completions.map(({ job, steps, at }) => [job.sequence, job.fence, JSON.stringify(steps), at]);
  const rows = await updateHeldOf(query, list)
    .set({
      status: 'COMPLETED',
      step_states: sql<string>`held.value ->> 2`,
      progress: 100,
      lease_until: null,
      finished_at: sql<number>`held.value ->> 3`,
      updated_at: sql<number>`held.value ->> 3`,
    })
    .returning(['sequence', 'fence'])
    .execute();
  return notLost(completions, rows);
}

/** An update of jobs that are held still; the items of the list begin with a sequence number and a fence. */
const updateHeldOf = (query: ProcessingQuery, list: readonly (readonly unknown[])[]) =>
  query
    .updateTable('processing_jobs')
    .from(sql<{ value: string }>`json_each(${JSON.stringify(list)})`.as('held'))
    .where('sequence', '=', sql<number>`held.value ->> 0`)
    .where('fence', '=', sql<number>`held.value ->> 1`)
    .where('status', '=', 'IN_PROGRESS');

/** Those whose job is among the rows that were written. */
function notLost<Given extends { readonly job: Held }>(
  given: readonly Given[],
  rows: readonly Held[],
): Given[] {
  const fences = new Map(rows.map(({ sequence, fence }) => [sequence, fence]));
  return given.filter(({ job }) => fences.get(job.sequence) === job.fence);
}

function columnsOf(update: HeldUpdate) {
  const { at } = update;
  switch (update.kind) {
    case 'failed':
      return {
        status: 'FAILED' as const,
        step_states: JSON.stringify(update.steps),
        errors: update.errors,
        lease_until: null,
        finished_at: at,
        updated_at: at,
      };
    case 'requeued':
      return {
        status: 'QUEUED' as const,
        step_states: null,
        progress: 0,
        errors: update.errors,
        attempt: update.attempt,
        run_at: update.runAt,
        lease_until: null,
        updated_at: at,
      };
  }
}

const inOrder = (rows: Parameters<typeof jobFrom>[0][]): Job[] =>
  rows
    .sort(
      (one, other) =>
        other.priority - one.priority || one.place - other.place || one.sequence - other.sequence,
    )
    .map(jobFrom);
