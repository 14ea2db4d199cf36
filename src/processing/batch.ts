/** Names a batch: an id means nothing without its tenant. */
export interface BatchKey {
  readonly tenantId: string;
  readonly batchId: string;
}

/** The key of a batch of somebody's tenant. */
export const batchKeyOf = ({ tenantId }: { readonly tenantId: string }, batchId: string): BatchKey => ({
  tenantId,
  batchId,
});

export const batchStatuses = [
  'QUEUED',
  'IN_PROGRESS',
  'COMPLETED',
  'COMPLETED_WITH_FAILURES',
  'CANCELLED',
] as const;
export type BatchStatus = (typeof batchStatuses)[number];

/** A batch of documents that are processed alike. At every moment processed + failed + cancelled + open = total. */
export interface Batch extends BatchKey {
  readonly total: number;
  readonly processed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** The document of the item that changed last. */
  readonly currentItem: string | null;
  readonly requestedBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly cancelledAt: number | null;
  /** Since when the rate is measured, and how many items had ended then. */
  readonly rateSince: number | null;
  readonly rateEnded: number;
}

/** Items that have come to an end, whichever. */
const endedOf = ({ processed, failed, cancelled }: Batch): number => processed + failed + cancelled;

/** What a batch's counts amount to. */
export function batchStatusOf(batch: Batch): BatchStatus {
  const { total, failed, cancelled, startedAt, cancelledAt } = batch;
  const ended = endedOf(batch);
  if (ended < total) return startedAt === null && ended === 0 ? 'QUEUED' : 'IN_PROGRESS';
  if (cancelledAt !== null || cancelled === total) return 'CANCELLED';
  return failed + cancelled > 0 ? 'COMPLETED_WITH_FAILURES' : 'COMPLETED';
}

/** True when nothing of it is open; it may be opened again by a retry. */
export const isBatchOver = (batch: Batch): boolean => endedOf(batch) === batch.total;

/** A batch as it is told. */
export interface BatchView extends Batch {
  /** Milliseconds since 1970; null without a rate, and at the end. */
  readonly estimatedCompletion: number | null;
}

/** When the open items will have ended at the rate of those that have, in milliseconds since 1970; null without a rate. */
function estimatedCompletion(batch: Batch, now: number): number | null {
  const { total, rateSince, rateEnded } = batch;
  const ended = endedOf(batch);
  const measured = ended - rateEnded;
  if (rateSince === null || measured === 0 || ended === total || now <= rateSince) return null;
  return Math.round(now + ((total - ended) * (now - rateSince)) / measured);
}

/** How a batch is told at a time, in milliseconds since 1970. */
export const viewOf = (batch: Batch, now: number): BatchView => ({
  ...batch,
  estimatedCompletion: estimatedCompletion(batch, now),
});
