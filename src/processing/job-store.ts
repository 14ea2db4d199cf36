import { type Selectable, sql } from 'kysely';
import type { DocumentKey } from '../documents/store.ts';
import {
  type AttemptError,
  type Job,
  type JobKey,
  type JobRequest,
  type JobStep,
  type StepName,
  stepsToDo,
} from './job.ts';
import type { ProcessingQuery, ProcessingTables } from './tables.ts';

type JobRow = Selectable<ProcessingTables['processing_jobs']>;

/** A job that is to be written. */
export interface NewJob extends JobKey, JobRequest {
  readonly documentId: string;
  readonly batchId: string | null;
  readonly requestedRevision: number;
  readonly requestedBy: string;
  readonly at: number;
}

const open = ['QUEUED', 'IN_PROGRESS'] as const;

export async function insertJob(query: ProcessingQuery, job: NewJob): Promise<Job> {
  const row = await query
    .insertInto('processing_jobs')
    .values({
      tenant_id: job.tenantId,
      job_id: job.jobId,
      document_id: job.documentId,
      batch_id: job.batchId,
      status: 'QUEUED',
      priority: job.priority,
      place: job.at,
      attempt: 0,
      max_attempts: job.maxAttempts,
      interruptions: 0,
      steps: JSON.stringify(job.steps),
      step_states: null,
      progress: 0,
      requested_revision: job.requestedRevision,
      errors: '[]',
      requested_by: job.requestedBy,
      created_at: job.at,
      updated_at: job.at,
      started_at: null,
      finished_at: null,
      run_at: job.at,
      fence: 0,
      lease_until: null,
      retried_by: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return jobFrom(row);
}

export async function findJob(query: ProcessingQuery, { tenantId, jobId }: JobKey): Promise<Job | null> {
  const row = await ofId(query, { tenantId, jobId }).selectAll().executeTakeFirst();
  return row ? jobFrom(row) : null;
}

/** The id of the job that a job was tried again by; null when it was not. */
export async function findRetry(query: ProcessingQuery, key: JobKey): Promise<string | null> {
  return (await ofId(query, key).select('retried_by').executeTakeFirst())?.retried_by ?? null;
}

/** Notes which jobs have taken the place of others, in one statement however many they are. */
export async function markRetried(
  query: ProcessingQuery,
  retries: readonly { readonly sequence: number; readonly retriedBy: string }[],
): Promise<void> {
  const list = JSON.stringify(retries.map(({ sequence, retriedBy }) => [sequence, retriedBy]));
  await sql`
    update processing_jobs set retried_by = retry.value ->> 1
    from json_each(${list}) as retry where sequence = retry.value ->> 0
  `.execute(query);
}

/** The open jobs of a document that were asked for at this revision, the newest first. */
export async function listOpenJobs(
  query: ProcessingQuery,
  key: DocumentKey,
  revision: number,
): Promise<Job[]> {
  const rows = await ofDocument(query, key)
    .selectAll()
    .where('status', 'in', open)
    .where('requested_revision', '=', revision)
    .orderBy('sequence', 'desc')
    .execute();
  return rows.map(jobFrom);
}

export async function countOpenJobs(query: ProcessingQuery, tenantId: string): Promise<number> {
  const { total } = await query
    .selectFrom('processing_jobs')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .where('tenant_id', '=', tenantId)
    .where('status', 'in', open)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** When the job was due that has waited longest for its turn, in milliseconds since 1970; null when none is due. */
export async function oldestDue(query: ProcessingQuery, now: number): Promise<number | null> {
  const row = await query
    .selectFrom('processing_jobs')
    .select((eb) => eb.fn.min('run_at').as('runAt'))
    .where('status', '=', 'QUEUED')
    .where('run_at', '<=', now)
    .executeTakeFirst();
  return row?.runAt ?? null;
}

/** Jobs of a document, newest first, those before a sequence number. */
export async function listJobs(
  query: ProcessingQuery,
  key: DocumentKey,
  limit: number,
  before: number = Number.MAX_SAFE_INTEGER,
): Promise<Job[]> {
  const rows = await ofDocument(query, key)
    .selectAll()
    .where('sequence', '<', before)
    .orderBy('sequence', 'desc')
    .limit(limit)
    .execute();
  return rows.map(jobFrom);
}

export async function countJobs(query: ProcessingQuery, key: DocumentKey): Promise<number> {
  const { total } = await ofDocument(query, key)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Cancels a job that is open. Gives it as it is then; null when it had ended. */
export async function cancelJob(
  query: ProcessingQuery,
  { tenantId, jobId }: JobKey,
  at: number,
): Promise<Job | null> {
  const row = await cancelled(query, at)
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', jobId)
    .returningAll()
    .executeTakeFirst();
  return row ? jobFrom(row) : null;
}

/** Cancels what is open of a batch. */
export async function cancelJobsOf(
  query: ProcessingQuery,
  { tenantId, batchId }: { tenantId: string; batchId: string },
  at: number,
): Promise<{ jobId: string; documentId: string }[]> {
  return cancelled(query, at)
    .where('tenant_id', '=', tenantId)
    .where('batch_id', '=', batchId)
    .returning(['job_id as jobId', 'document_id as documentId'])
    .execute();
}

/** The new fence takes the job away from whoever works on it. */
const cancelled = (query: ProcessingQuery, at: number) =>
  query
    .updateTable('processing_jobs')
    .set((eb) => ({
      status: 'CANCELLED' as const,
      fence: eb('fence', '+', 1),
      lease_until: null,
      finished_at: at,
      updated_at: at,
    }))
    .where('status', 'in', open);

const ofDocument = (query: ProcessingQuery, { tenantId, documentId }: DocumentKey) =>
  query.selectFrom('processing_jobs').where('tenant_id', '=', tenantId).where('document_id', '=', documentId);

const ofId = (query: ProcessingQuery, { tenantId, jobId }: JobKey) =>
  query.selectFrom('processing_jobs').where('tenant_id', '=', tenantId).where('job_id', '=', jobId);

/** A job from its row: the columns of a state that it is not in do not count. */
export function jobFrom(row: JobRow): Job {
  const facts = {
    tenantId: row.tenant_id,
    jobId: row.job_id,
    sequence: row.sequence,
    documentId: row.document_id,
    batchId: row.batch_id,
    priority: row.priority,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    steps: stepsFrom(row),
    progress: row.progress,
    errors: JSON.parse(row.errors) as AttemptError[],
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    fence: row.fence,
  };
  const { status, started_at: startedAt } = row;
  switch (status) {
    case 'QUEUED':
      return { ...facts, status, startedAt, runAt: row.run_at };
    case 'IN_PROGRESS':
      return { ...facts, status, startedAt: startedAt ?? row.updated_at, leaseUntil: row.lease_until ?? 0 };
    case 'COMPLETED':
      return {
        ...facts,
        status,
        startedAt: startedAt ?? row.updated_at,
        finishedAt: row.finished_at ?? row.updated_at,
      };
    case 'FAILED':
    case 'CANCELLED':
      return { ...facts, status, startedAt, finishedAt: row.finished_at ?? row.updated_at };
  }
}

function stepsFrom({ status, steps, step_states: states }: JobRow): JobStep[] {
  const known = states ? (JSON.parse(states) as JobStep[]) : stepsToDo(JSON.parse(steps) as StepName[]);
  if (status !== 'CANCELLED') return known;
  // Whoever cancels does not know how far the steps are.
  return known.map((step) => (step.status === 'COMPLETED' ? step : { ...step, status }));
}
