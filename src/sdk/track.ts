import { type Clock, wait } from './clock.ts';
import { ConnectionLost, OperationError } from './errors.ts';
import {
  type BatchFieldsFragment,
  BatchProcessingUpdatesDocument,
  ProcessingJobDocument,
  type ProcessingJobQuery,
  ProcessingUpdatesDocument,
} from './generated.ts';
import { isFatal } from './link.ts';
import type { CallOptions, Operations } from './operations.ts';
import { joinSignals } from './signals.ts';

/** Milliseconds between two looks at a job of which its document's stream does not tell. */
const LOOK_MS = 2_000;

/** A job with its document and, when it has completed, what it has found. */
export type Job = NonNullable<ProcessingJobQuery['processingJob']>;

export interface TrackOptions {
  readonly operations: Pick<Operations, 'query' | 'subscribe'>;
  readonly clock: Clock;
  /** Ends what waits. */
  readonly ending: AbortSignal;
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
    const updates = job.finishedAt === null && watch(job.document.id);
    for (let told = ''; ; job = await read()) {
      const text = JSON.stringify(job);
      if (text !== told) yield job;
      told = text;
      if (job.finishedAt !== null) return undefined;
      await wait(clock, LOOK_MS, leaving.signal, (updates && updates.next()) || undefined);
    }
  } finally {
    own.abort(new Error('The job is not tracked any more.'));
    leaving.release();
  }

  /** Something to wait for: the next update that was not waited for yet; nothing once there are no more. */
  function watch(documentId: string): { next(): Promise<unknown> | null } {
    const stream = operations.subscribe(ProcessingUpdatesDocument, { documentId }, within);
    let hasCome = true;
    let isOver = false;
    let update: Promise<unknown> | null = null;
    const onUpdate = (over: boolean): void => {
      hasCome = true;
      isOver = over;
    };
    return {
      next() {
        if (!hasCome) return update;
        hasCome = false;
        // Why it ends is told by the job, which is asked for next.
        update = isOver
          ? null
          : stream.next().then(
              ({ done }) => onUpdate(done === true),
              () => onUpdate(true),
            );
        return update;
      },
    };
  }
}

/** The states of a batch to its end, also when it has ended already. Rejects with OperationError or the signal's reason. */
export async function* trackBatch(
  { operations }: Pick<TrackOptions, 'operations'>,
  batchId: string,
  { signal }: CallOptions = {},
): AsyncGenerator<BatchFieldsFragment, undefined> {
  const updates = operations.subscribe(BatchProcessingUpdatesDocument, { batchId }, signal ? { signal } : {});
  for await (const { batchProcessingUpdates } of updates) yield batchProcessingUpdates;
  return undefined;
}
