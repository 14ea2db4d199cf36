import { type Selectable, sql } from 'kysely';
import type { Batch, BatchKey } from './batch.ts';
import type { Job } from './job.ts';
import { jobFrom } from './job-store.ts';
import type { ProcessingQuery, ProcessingTables } from './tables.ts';

type BatchRow = Selectable<ProcessingTables['processing_batches']>;

export interface NewBatch extends BatchKey {
  readonly requestedBy: string;
  readonly at: number;
}

/** Writes a batch of so many items. */
export async function insertBatch(
  query: ProcessingQuery,
  { tenantId, batchId, requestedBy, at }: NewBatch,
  total: number,
): Promise<void> {
  await query
    .insertInto('processing_batches')
    .values({
      tenant_id: tenantId,
      batch_id: batchId,
      total,
      processed: 0,
      failed: 0,
      cancelled: 0,
      current_item: null,
      requested_by: requestedBy,
      created_at: at,
      updated_at: at,
      started_at: null,
      finished_at: null,
      cancelled_at: null,
      rate_since: null,
      rate_ended: 0,
    })
    .execute();
}

export async function findBatch(
  query: ProcessingQuery,
  { tenantId, batchId }: BatchKey,
): Promise<Batch | null> {
  const row = await query
    .selectFrom('processing_batches')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('batch_id', '=', batchId)
    .executeTakeFirst();
  return row ? batchFrom(row) : null;
}

/** Notes that items have begun; the first one begins the measurement of the rate. */
export async function countStarted(
  query: ProcessingQuery,
  key: BatchKey,
  currentItem: string,
  at: number,
): Promise<void> {
  await ofBatch(query, key)
    .set((eb) => ({
      started_at: eb.fn.coalesce('started_at', eb.val(at)),
      rate_since: eb.fn.coalesce('rate_since', eb.val(at)),
      current_item: currentItem,
      updated_at: at,
    }))
    .execute();
}

type Ended = 'processed' | 'failed' | 'cancelled';

/** Counts items that have ended. To be called in the transaction that ends their jobs. */
export async function countEnded(
  query: ProcessingQuery,
  key: BatchKey,
  how: Ended,
  count: number,
  currentItem: string | null,
  at: number,
): Promise<void> {
  await ofBatch(query, key)
    .set((eb) => ({
      [how]: eb(how, '+', count),
      ...(currentItem !== null && { current_item: currentItem }),
      finished_at: sql<
        number | null
      >`case when processed + failed + cancelled + ${count} = total then ${at} end`,
      updated_at: at,
    }))
    .execute();
}

/** Takes items that had ended back into the open ones: the batch goes on, and its rate is measured anew. */
export async function countReopened(
  query: ProcessingQuery,
  key: BatchKey,
  { failed, cancelled }: { readonly failed: number; readonly cancelled: number },
  at: number,
): Promise<void> {
  await ofBatch(query, key)
    .set((eb) => ({
      failed: eb('failed', '-', failed),
      cancelled: eb('cancelled', '-', cancelled),
      finished_at: null,
      cancelled_at: null,
      rate_since: null,
      rate_ended: sql<number>`processed + failed + cancelled - ${failed + cancelled}`,
      updated_at: at,
    }))
    .execute();
}

export async function markCancelled(query: ProcessingQuery, key: BatchKey, at: number): Promise<void> {
  await ofBatch(query, key).set({ cancelled_at: at }).execute();
}

/** The items of a batch that have failed or were cancelled, and were not tried again. */
export async function listUnfinished(
  query: ProcessingQuery,
  { tenantId, batchId }: BatchKey,
): Promise<Job[]> {
  const rows = await currentJobs(query, { tenantId, batchId })
    .selectAll('processing_jobs')
    .where('processing_jobs.status', 'in', ['FAILED', 'CANCELLED'])
    .orderBy('processing_jobs.sequence')
    .execute();
  return rows.map(jobFrom);
}

/** A page of the jobs of a batch whose documents a user may read, in order. */
export async function listBatchJobs(
  query: ProcessingQuery,
  key: BatchKey,
  userId: string,
  limit: number,
  after: number,
): Promise<Job[]> {
  const rows = await readableJobs(query, key, userId)
    .selectAll('processing_jobs')
    .where('processing_jobs.sequence', '>', after)
    .orderBy('processing_jobs.sequence')
    .limit(limit)
    .execute();
  return rows.map(jobFrom);
}

export async function countBatchJobs(query: ProcessingQuery, key: BatchKey, userId: string): Promise<number> {
  const { total } = await readableJobs(query, key, userId)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** The jobs that stand for the items: not those that were tried again. */
const currentJobs = (query: ProcessingQuery, { tenantId, batchId }: BatchKey) =>
  query
    .selectFrom('processing_jobs')
    .where('processing_jobs.tenant_id', '=', tenantId)
    .where('processing_jobs.batch_id', '=', batchId)
    .where('processing_jobs.retried_by', 'is', null);

const readableJobs = (query: ProcessingQuery, key: BatchKey, userId: string) =>
  currentJobs(query, key)
    .innerJoin('documents', (join) =>
      join
        .onRef('documents.tenant_id', '=', 'processing_jobs.tenant_id')
        .onRef('documents.document_id', '=', 'processing_jobs.document_id'),
    )
    .innerJoin('document_collaborators as collaborator', (join) =>
      join
        .onRef('collaborator.tenant_id', '=', 'processing_jobs.tenant_id')
        .onRef('collaborator.document_id', '=', 'processing_jobs.document_id'),
    )
    .where('documents.deleted_at', 'is', null)
    .where('collaborator.user_id', '=', userId);

const ofBatch = (query: ProcessingQuery, { tenantId, batchId }: BatchKey) =>
  query.updateTable('processing_batches').where('tenant_id', '=', tenantId).where('batch_id', '=', batchId);

const batchFrom = (row: BatchRow): Batch => ({
  tenantId: row.tenant_id,
  batchId: row.batch_id,
  total: row.total,
  processed: row.processed,
  failed: row.failed,
  cancelled: row.cancelled,
  currentItem: row.current_item,
  requestedBy: row.requested_by,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
  cancelledAt: row.cancelled_at,
  rateSince: row.rate_since,
  rateEnded: row.rate_ended,
});
