import { sql } from 'kysely';
import type { BatchKey } from './batch.ts';
import type { NewBatch } from './batch-store.ts';
import type { JobKey, JobRequest } from './job.ts';
import type { ProcessingQuery } from './tables.ts';

/** Items of one part: their jobs are written in some milliseconds, and a row of them holds some 8 KB. */
const PART_ITEMS = 100;
/**
 * Milliseconds of place between two items of a batch: what is asked for so much later stands before the second, and as long
 * as more than one a second are done, before all that are left. It orders them, and delays nothing.
 */
const ITEM_SPACING_MS = 1_000;

/** What an item of a batch is made of. */
export interface NewItem {
  readonly jobId: string;
  readonly documentId: string;
  readonly revision: number;
}

/** A job that was written, as an announcement names it. */
export interface OpenedJob extends JobKey, BatchKey {
  readonly documentId: string;
}

/** Writes down of which items a batch will have jobs. `openPart` writes those. */
export async function insertParts(
  query: ProcessingQuery,
  { tenantId, batchId, requestedBy, at }: NewBatch,
  items: readonly NewItem[],
  { steps, priority, maxAttempts }: JobRequest,
): Promise<void> {
  const starts = Array.from({ length: Math.ceil(items.length / PART_ITEMS) }, (_, part) => part * PART_ITEMS);
  const parts = starts.map((start) => {
    const part = items.slice(start, start + PART_ITEMS);
    return {
      tenant_id: tenantId,
      batch_id: batchId,
      requested_by: requestedBy,
      steps: JSON.stringify(steps),
      priority,
      max_attempts: maxAttempts,
      created_at: at,
      place: at + start * ITEM_SPACING_MS,
      count: part.length,
      items: JSON.stringify(part.map(({ jobId, documentId, revision }) => [jobId, documentId, revision])),
    };
  });
  await query.insertInto('processing_parts').values(parts).execute();
}

/** Items of a tenant whose jobs are yet to be written. */
export async function countInParts(query: ProcessingQuery, tenantId: string): Promise<number> {
  const { total } = await query
    .selectFrom('processing_parts')
    .select((eb) => eb.fn.sum<number | null>('count').as('total'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return Number(total ?? 0);
}

/** Whether there is a part; of one batch, when it is named. */
export async function hasPart(query: ProcessingQuery, key: BatchKey | null): Promise<boolean> {
  return (await firstPart(query, key).executeTakeFirst()) !== undefined;
}

/** Writes the jobs of the oldest part, within a transaction, and gives them; none when there is no part (of that batch). */
export async function openPart(query: ProcessingQuery, key: BatchKey | null): Promise<readonly OpenedJob[]> {
  const part = await firstPart(query, key).executeTakeFirst();
  if (!part) return [];
  const { sequence } = part;
  // One parameter for all of them, because a statement takes few thousand.
  const [{ rows }] = await Promise.all([
    sql<OpenedJob>`
      insert into processing_jobs (
        tenant_id, batch_id, requested_by, steps, priority, max_attempts, place, created_at, updated_at, run_at,
        job_id, document_id, requested_revision, status, attempt, interruptions, progress, errors, fence
      )
      select tenant_id, batch_id, requested_by, steps, priority, max_attempts,
        place + item.key * ${ITEM_SPACING_MS}, created_at, created_at, created_at,
        item.value ->> 0, item.value ->> 1, item.value ->> 2, 'QUEUED', 0, 0, 0, '[]', 0
      from processing_parts, json_each(items) as item where sequence = ${sequence}
      returning tenant_id as tenantId, batch_id as batchId, job_id as jobId, document_id as documentId
    `.execute(query),
    query.deleteFrom('processing_parts').where('sequence', '=', sequence).execute(),
  ]);
  return rows;
}

const firstPart = (query: ProcessingQuery, key: BatchKey | null) => {
  const oldest = query.selectFrom('processing_parts').select('sequence').orderBy('sequence').limit(1);
  return key ? oldest.where('tenant_id', '=', key.tenantId).where('batch_id', '=', key.batchId) : oldest;
};
