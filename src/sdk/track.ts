import { type Clock, wait } from './clock.ts';
import { ConnectionLost, OperationError } from './errors.ts';
import {
  type BatchFieldsFragment,
  BatchProcessingUpdatesDocument,
  ProcessingJobDocument,
  type ProcessingJobQuery,
  ProcessingUpdatesDocument,
  type ProcessingUpdatesSubscription,
} from './generated.ts';
import { isFatal } from './link.ts';
import type { CallOptions, Operations } from './operations.ts';
import { joinSignals, type StopSignal } from './signals.ts';

/** Milliseconds between two looks at a job of which its document's stream does not tell. */
const LOOK_MS = 2_000;

/** A job with its document and, when it has completed, what it has found. */
export type Job = NonNullable<ProcessingJobQuery['processingJob']>;

export interface TrackOptions {
  readonly operations: Pick<Operations, 'query' | 'subscribe'>;
  readonly clock: Clock;
  /** Ends what waits. */
  readonly ending: StopSignal;
}

/** Milliseconds after which a question is worth asking again; null when it is not. */
function askAgainAfter(error: unknown): number | null {
  if (error instanceof ConnectionLost) return isFatal(error) ? null : LOOK_MS;
  if (!(error instanceof OperationError)) return null;
  if (error.code === 'UNAVAILABLE') return LOOK_MS;
  return error.code === 'RATE_LIMITED'
    ? Math.max(Number(error.extensions['retryAfterMs']) || 0, LOOK_MS)
    : null;
}

/**
 * The states of a job to its end, also when it has ended already. Rejects with OperationError (NOT_FOUND for a job that
 * does not exist, or may not be seen any more), the signal's reason, or what has ended the client. The stream of its
 * document says when to look; when that tells of a newer job, it is looked for by the clock.
 */
export async function* trackJob(
  { operations, clock, ending }: TrackOptions,
  id: string,
  { signal }: CallOptions = {},
): AsyncGenerator<Job, undefined> {
  const own = new AbortController();
  const leaving = joinSignals(ending, signal, own.signal);
  const within = { signal: leaving.signal };

  async function read(): Promise<Job> {
    for (;;) {
      try {
        const { processingJob } = await operations.query(ProcessingJobDocument, { id }, within);
        if (processingJob) return processingJob;
        throw new OperationError([{ message: 'There is no such job.', extensions: { code: 'NOT_FOUND' } }]);
      } catch (error) {
        const ms = askAgainAfter(error);
        if (ms === null) throw error;
        await wait(clock, ms, leaving.signal);
      }
    }
  }

  try {
    let job = await read();
    const { document, finishedAt } = job;
    const updates =
      finishedAt === null &&
      operations.subscribe(ProcessingUpdatesDocument, { documentId: document.id }, within);
    let isTold = updates !== false;
    for (let told = ''; ; job = await read()) {
      const text = JSON.stringify(job);
      if (text !== told) yield job;
      told = text;
      if (job.finishedAt !== null) return undefined;
      isTold &&= updates !== false && (await isNext(updates.next()));
      if (!isTold) await wait(clock, LOOK_MS, leaving.signal);
    }
  } finally {
    own.abort(new Error('The job is not tracked any more.'));
    leaving.release();
  }

  /** Whether the next update is of this job. Why there is none is told by the job itself. */
  async function isNext(
    update: Promise<IteratorResult<ProcessingUpdatesSubscription, undefined>>,
  ): Promise<boolean> {
    try {
      const { value } = await update;
      return value?.processingUpdates.jobId === id;
    } catch {
      return false;
    }
  }
}

/** The states of a batch to its end, also when it has ended already. Rejects as `trackJob` does. */
export async function* trackBatch(
  { operations, ending }: TrackOptions,
  batchId: string,
  { signal }: CallOptions = {},
): AsyncGenerator<BatchFieldsFragment, undefined> {
  const updates = operations.subscribe(BatchProcessingUpdatesDocument, { batchId }, signal ? { signal } : {});
  for await (const { batchProcessingUpdates } of updates) yield batchProcessingUpdates;
  // A stream of a client that was closed ends in peace, but this is not the end of the batch.
  if (ending.aborted) throw ending.reason;
  return undefined;
}
