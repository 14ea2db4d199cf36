import { randomUUID } from 'node:crypto';
import type { Documents } from '../documents/documents.ts';
import { isClientId } from '../documents/ids.ts';
import { documentNotFound } from '../documents/permissions.ts';
import type { DocumentKey } from '../documents/store.ts';
import type { Clock } from '../platform/clock.ts';
import { QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Database, QueryBuilder } from '../platform/storage/database.ts';
import { countReopened } from './batch-store.ts';
import { type Job, type JobKey, type JobRequestInput, readRequest, type StepName } from './job.ts';
import {
  countJobs,
  countOpenJobs,
  findJob,
  findRetry,
  insertJob,
  listJobs,
  listOpenJobs,
  markRetried,
} from './job-store.ts';
import { findKeyed, keyedRequest, rememberKey } from './keys.ts';
import { canRetry, type Lifecycle } from './lifecycle.ts';
import { countInParts } from './parts.ts';
import type { ProcessingQuery, ProcessingTables } from './tables.ts';

/** Jobs of one tenant that may be open. */
export const MAX_OPEN_JOBS = 100_000;
/** Milliseconds after which one who has too many open jobs should come again. */
const RETRY_AFTER_MS = 10_000;

export interface JobsOptions {
  readonly database: Database;
  readonly query: ProcessingQuery;
  readonly documents: Documents;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
}

export const jobNotFound = (): QuireError => new QuireError('NOT_FOUND', 'There is no such job.');

/** Throws RATE_LIMITED when a tenant has no room for so many more open jobs. */
export async function mustHaveRoom(query: ProcessingQuery, tenantId: string, more: number): Promise<void> {
  const [open, waiting] = await Promise.all([countOpenJobs(query, tenantId), countInParts(query, tenantId)]);
  if (open + waiting + more <= MAX_OPEN_JOBS) return;
  throw new QuireError(
    'RATE_LIMITED',
    `At most ${MAX_OPEN_JOBS} jobs may be open. Wait until some have ended.`,
    {
      retryAfterMs: RETRY_AFTER_MS,
    },
  );
}

/** Asking for jobs, and for how they are. */
export function createJobs({ database, query, documents, lifecycle, clock }: JobsOptions) {
  const keyOf = (viewer: Viewer, jobId: string): JobKey => ({ tenantId: viewer.tenantId, jobId });

  /** The job, when the viewer has the role in its document; otherwise NOT_FOUND or FORBIDDEN. */
  async function mustFind(
    viewer: Viewer,
    jobId: string,
    needed: 'VIEWER' | 'EDITOR',
    from: QueryBuilder = database.query,
  ): Promise<Job> {
    const job = isClientId(jobId)
      ? await findJob(from.withTables<ProcessingTables>(), keyOf(viewer, jobId))
      : null;
    if (!job) throw jobNotFound();
    try {
      await documents.mustFindIn(from, viewer, job.documentId, needed);
    } catch (error) {
      // Whoever may not read the document learns nothing of its jobs.
      throw error instanceof QuireError && error.code === 'NOT_FOUND' ? jobNotFound() : error;
    }
    return job;
  }

  /** Runs a transaction again that has lost a race for a key: what the other one wrote is found then. */
  async function twice<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (!database.isUniqueViolation(error)) throw error;
      return task();
    }
  }

  const includesAll = (job: Job, steps: readonly StepName[]): boolean =>
    steps.every((wanted) => job.steps.some(({ name }) => name === wanted));

  return {
    mustFind,

    /** The job, when the viewer may read its document. */
    async find(viewer: Viewer, jobId: string): Promise<Job | null> {
      const job = isClientId(jobId) ? await findJob(query, keyOf(viewer, jobId)) : null;
      return job && (await documents.find(viewer, job.documentId)) ? job : null;
    },

    /**
     * Asks for a job. One that is open already, on the same revision and with all of the steps, is given instead. Needs
     * EDITOR. Throws NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, CONFLICT or RATE_LIMITED.
     */
    async start(
      viewer: Viewer,
      documentId: string,
      input: JobRequestInput & { readonly idempotencyKey?: string | null | undefined },
    ): Promise<Job> {
      const { tenantId, userId } = viewer;
      if (!isClientId(documentId)) throw documentNotFound();
      const request = readRequest(input);
      const keyed = keyedRequest(viewer, input.idempotencyKey, ['job', documentId, request]);
      const key = { tenantId, documentId };
      const { job, isNew } = await twice(() =>
        database.query.transaction().execute(async (base) => {
          const transaction = base.withTables<ProcessingTables>();
          const { revision } = await documents.mustFindIn(base, viewer, documentId, 'EDITOR');
          const earlierId = await findKeyed(transaction, keyed);
          const earlier =
            earlierId === null ? null : await findJob(transaction, { tenantId, jobId: earlierId });
          if (earlier) return { job: earlier, isNew: false };
          const running = (await listOpenJobs(transaction, key, revision)).find((open) =>
            includesAll(open, request.steps),
          );
          if (running) {
            await rememberKey(transaction, keyed, running.jobId);
            return { job: running, isNew: false };
          }
          await mustHaveRoom(transaction, tenantId, 1);
          const job = await insertJob(transaction, {
            ...key,
            ...request,
            jobId: randomUUID(),
            batchId: null,
            requestedRevision: revision,
            requestedBy: userId,
            at: clock.now(),
          });
          await rememberKey(transaction, keyed, job.jobId);
          return { job, isNew: true };
        }),
      );
      if (isNew) await lifecycle.announceQueued([job]);
      return job;
    },

    /** Cancels a job; false when it had ended. Needs EDITOR. Throws NOT_FOUND or FORBIDDEN. */
    async cancel(viewer: Viewer, jobId: string): Promise<boolean> {
      await mustFind(viewer, jobId, 'EDITOR');
      return lifecycle.cancel(keyOf(viewer, jobId));
    },

    /**
     * Has a job that has failed or was cancelled done again, by a new job that takes its place in its batch. Again gives the
     * same one. Needs EDITOR. Throws NOT_FOUND, FORBIDDEN or CONFLICT.
     */
    async retry(viewer: Viewer, jobId: string): Promise<Job> {
      const { tenantId, userId } = viewer;
      const { job, isNew } = await database.query.transaction().execute(async (base) => {
        const transaction = base.withTables<ProcessingTables>();
        const old = await mustFind(viewer, jobId, 'EDITOR', base);
        const retriedBy = await findRetry(transaction, old);
        const known = retriedBy === null ? null : await findJob(transaction, { tenantId, jobId: retriedBy });
        if (known) return { job: known, isNew: false };
        if (!canRetry(old)) throw new QuireError('CONFLICT', whyNot(old));
        const { revision } = await documents.mustFindIn(base, viewer, old.documentId, 'EDITOR');
        await mustHaveRoom(transaction, tenantId, 1);
        const at = clock.now();
        const job = await insertJob(transaction, {
          tenantId,
          jobId: randomUUID(),
          documentId: old.documentId,
          batchId: old.batchId,
          steps: old.steps.map(({ name }) => name),
          priority: old.priority,
          maxAttempts: old.maxAttempts,
          requestedRevision: revision,
          requestedBy: userId,
          at,
        });
        await markRetried(transaction, [{ sequence: old.sequence, retriedBy: job.jobId }]);
        if (old.batchId !== null) {
          const counts = old.status === 'FAILED' ? { failed: 1, cancelled: 0 } : { failed: 0, cancelled: 1 };
          await countReopened(transaction, { tenantId, batchId: old.batchId }, counts, at);
        }
        return { job, isNew: true };
      });
      if (isNew) await lifecycle.announceQueued([job]);
      return job;
    },

    /** Jobs of a document, the newest first: up to `first` and one more when there are more. */
    page: (key: DocumentKey, first: number, before: number | undefined): Promise<Job[]> =>
      listJobs(query, key, first + 1, before),
    count: (key: DocumentKey): Promise<number> => countJobs(query, key),
  };
}

export type Jobs = ReturnType<typeof createJobs>;

const whyNot = ({ status }: Job): string =>
  status === 'COMPLETED'
    ? 'This job has completed. Start a new one to process the document again.'
    : 'This job has not ended yet. Cancel it first, or wait.';
