import type { Documents } from '../documents/documents.ts';
import type { DocumentKey } from '../documents/store.ts';
import { documentEvents } from '../documents/topics.ts';
import type { Clock } from '../platform/clock.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker, Listener, Listening } from '../platform/realtime/broker.ts';
import { createSharedReads } from '../platform/realtime/shared-reads.ts';
import { createStateStream } from '../platform/realtime/state-stream.ts';
import { type BatchKey, type BatchView, isBatchOver, viewOf } from './batch.ts';
import { findBatch } from './batch-store.ts';
import { isTerminal, type Job } from './job.ts';
import { listJobs } from './job-store.ts';
import { findResult, type ProcessingResult } from './result.ts';
import type { ProcessingQuery } from './tables.ts';
import { type BatchChanged, batchChanged, type JobChanged, jobChanged } from './topics.ts';

/** Milliseconds after which a state is read without an announcement: whoever changed it may have died before announcing it. */
const POLL_MS = 5_000;

/** The newest job of a document, with what it has found; `job` is null when there is none. */
export interface JobState {
  readonly documentId: string;
  readonly job: Job | null;
  readonly result: ProcessingResult | null;
  /** When it came to be so, or was looked at when there is no job; milliseconds since 1970. */
  readonly at: number;
}

export interface ProcessingStreamsOptions {
  readonly query: ProcessingQuery;
  readonly documents: Documents;
  readonly broker: Broker;
  readonly clock: Clock;
}

/** How jobs and batches stand, live: a terminal state is the last one, and always comes. */
export function createProcessingStreams({ query, documents, broker, clock }: ProcessingStreamsOptions) {
  async function readJob({ tenantId, documentId }: DocumentKey): Promise<JobState> {
    const [job = null] = await listJobs(query, { tenantId, documentId }, 1);
    const result = job?.status === 'COMPLETED' ? await findResult(query, job) : null;
    return { documentId, job, result, at: job?.updatedAt ?? clock.now() };
  }

  /** A document's state and, read behind it, the epoch of its access; null when the document is gone. */
  const readDocument = createSharedReads(
    ({ tenantId, documentId }: DocumentKey) => JSON.stringify([tenantId, documentId]),
    async (key) => {
      const state = await readJob(key);
      return { state, document: await documents.lookUp(key) };
    },
  );

  const readBatch = createSharedReads(
    ({ tenantId, batchId }: BatchKey) => JSON.stringify([tenantId, batchId]),
    async (key) => {
      const batch = await findBatch(query, key);
      if (!batch) throw new Error('A batch has gone.');
      return viewOf(batch, clock.now());
    },
  );

  return {
    /** STATE of the newest job of a document. Throws NOT_FOUND; ends with FORBIDDEN when access ends. */
    async updates(viewer: Viewer, documentId: string): Promise<AsyncIterableIterator<JobState>> {
      const key = { tenantId: viewer.tenantId, documentId };
      const gate = await documents.streams.createGate(viewer, key);

      const listen = (listener: Listener<unknown>): Listening => {
        const address = { tenantId: key.tenantId, key: documentId };
        const jobs = broker.listen<JobChanged>(jobChanged, address, listener);
        const access = broker.listen(documentEvents, address, {
          onEvent({ kind }) {
            if (kind === 'deleted' || kind === 'collaborator-removed') listener.onEvent(undefined);
          },
        });
        return {
          ready: Promise.all([jobs.ready, access.ready]).then(([hearing]) => hearing),
          close() {
            jobs.close();
            access.close();
          },
        };
      };

      return createStateStream<JobState>({
        listen,
        async read() {
          const { state, document } = await readDocument(key);
          // Of a time behind the reading: what was written after access had ended is not given.
          await gate.admit(document);
          return state;
        },
        isFinal: ({ job }) => job !== null && isTerminal(job.status),
        isSame: ({ job: one }, { job: other }) =>
          one?.jobId === other?.jobId &&
          one?.status === other?.status &&
          one?.updatedAt === other?.updatedAt &&
          one?.fence === other?.fence,
        pollMs: POLL_MS,
        clock,
      });
    },

    /** STATE of a batch of the viewer's own. */
    batchUpdates({ tenantId, batchId }: BatchKey): AsyncIterableIterator<BatchView> {
      return createStateStream<BatchView>({
        listen: (listener) => broker.listen<BatchChanged>(batchChanged, { tenantId, key: batchId }, listener),
        read: () => readBatch({ tenantId, batchId }),
        isFinal: isBatchOver,
        isSame: (one, other) => JSON.stringify(viewOf(one, 0)) === JSON.stringify(viewOf(other, 0)),
        pollMs: POLL_MS,
        clock,
      });
    },
  };
}

export type ProcessingStreams = ReturnType<typeof createProcessingStreams>;
