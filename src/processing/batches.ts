import { randomUUID } from 'node:crypto';
import { isClientId } from '../documents/ids.ts';
import { refusal } from '../documents/permissions.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import { type BatchKey, type BatchView, viewOf } from './batch.ts';
import {
  countBatchJobs,
  countReopened,
  findBatch,
  insertBatch,
  listBatchJobs,
  listUnfinished,
} from './batch-store.ts';
import { type Job, type JobRequestInput, readRequest } from './job.ts';
import { markRetried } from './job-store.ts';
import { type JobsOptions, mustHaveRoom } from './jobs.ts';
import { findKeyed, keyedRequest, rememberKey } from './keys.ts';
import { insertParts, type NewItem } from './parts.ts';

/** Documents of one batch. */
export const MAX_BATCH_DOCUMENTS = 10_000;

const batchNotFound = (): QuireError => new QuireError('NOT_FOUND', 'There is no such batch.');

/** Many documents processed alike, for the one who has asked for it: a batch is its asker's, and nobody else's. */
export function createBatches({ database, query, documents, lifecycle, clock }: JobsOptions) {
  const keyOf = (viewer: Viewer, batchId: string): BatchKey => ({ tenantId: viewer.tenantId, batchId });

  async function find(viewer: Viewer, batchId: string, from = query): Promise<BatchView | null> {
    const batch = isClientId(batchId) ? await findBatch(from, keyOf(viewer, batchId)) : null;
    return batch?.requestedBy === viewer.userId ? viewOf(batch, clock.now()) : null;
  }

  async function mustFind(viewer: Viewer, batchId: string, from = query): Promise<BatchView> {
    const batch = await find(viewer, batchId, from);
    if (!batch) throw batchNotFound();
    return batch;
  }

  /** The items, when the viewer may have all of the documents processed. Throws NOT_FOUND or FORBIDDEN about the first that is not. */
  async function itemsOf(viewer: Viewer, documentIds: readonly string[]): Promise<NewItem[]> {
    const standings = await documents.standing(viewer, documentIds);
    const known = new Map(standings.map((standing) => [standing.documentId, standing]));
    return documentIds.map((documentId) => {
      const standing = known.get(documentId);
      const refused = refusal(standing ? { role: standing.role, epoch: 0, deleted: false } : null, 'EDITOR');
      if (!standing || refused) {
        const { code = 'NOT_FOUND', message = '' } = refused ?? {};
        throw new QuireError(code, `${documentId}: ${message}`, { argument: 'documentIds' });
      }
      return { jobId: randomUUID(), documentId, revision: standing.revision };
    });
  }

  return {
    find,
    mustFind,

    /**
     * Asks for a job for each of the documents, which are checked first, all of them. Needs EDITOR of each. Throws
     * BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT or RATE_LIMITED.
     */
    async start(
      viewer: Viewer,
      documentIds: readonly string[],
      input: JobRequestInput & { readonly idempotencyKey?: string | null | undefined },
    ): Promise<BatchView> {
      const ids = [...new Set(documentIds)];
      if (ids.length === 0 || ids.length > MAX_BATCH_DOCUMENTS)
        throw badInput(
          'documentIds',
          `A batch has 1 to ${MAX_BATCH_DOCUMENTS} documents; these are ${ids.length}.`,
        );
      const request = readRequest(input);
      const keyed = keyedRequest(viewer, input.idempotencyKey, ['batch', ids, request]);
      // Before the documents are looked at: what was begun with the key is given even when one of them has gone since.
      const begun = await findKeyed(query, keyed);
      if (begun !== null) return mustFind(viewer, begun);
      const key = keyOf(viewer, randomUUID());
      const items = await itemsOf(viewer, ids);
      const write = (): Promise<string | null> =>
        query.transaction().execute(async (transaction) => {
          const earlier = await findKeyed(transaction, keyed);
          if (earlier !== null) return earlier;
          await mustHaveRoom(transaction, viewer.tenantId, items.length);
          const batch = { ...key, requestedBy: viewer.userId, at: clock.now() };
          await insertBatch(transaction, batch, items.length);
          await insertParts(transaction, batch, items, request);
          await rememberKey(transaction, keyed, key.batchId);
          return null;
        });
      const earlier = await write().catch((error: unknown) => {
        // The same was asked for at the same time, and the other was first.
        if (database.isUniqueViolation(error)) return write();
        throw error;
      });
      if (earlier !== null) return mustFind(viewer, earlier);
      await lifecycle.openParts(key);
      return mustFind(viewer, key.batchId);
    },

    /** Cancels what is open. Throws NOT_FOUND. */
    async cancel(viewer: Viewer, batchId: string): Promise<BatchView> {
      const batch = await mustFind(viewer, batchId);
      await lifecycle.openParts(batch);
      await lifecycle.cancelBatch(batch);
      return mustFind(viewer, batchId);
    },

    /**
     * Has the failed and cancelled items done again, those whose documents the viewer may still have processed. Throws
     * NOT_FOUND, and CONFLICT when there are none.
     */
    async retry(viewer: Viewer, batchId: string): Promise<BatchView> {
      const key = keyOf(viewer, batchId);
      await query.transaction().execute(async (transaction) => {
        await mustFind(viewer, batchId, transaction);
        const again = await listUnfinished(transaction, key);
        const standings = new Map(
          (
            await documents.standing(
              viewer,
              again.map(({ documentId }) => documentId),
            )
          ).map((standing) => [standing.documentId, standing]),
        );
        const replaced = again.flatMap((old) => {
          const { role, revision } = standings.get(old.documentId) ?? { role: null, revision: 0 };
          const mayNot = refusal({ role, epoch: 0, deleted: false }, 'EDITOR') !== null;
          return mayNot ? [] : [{ old, item: { jobId: randomUUID(), documentId: old.documentId, revision } }];
        });
        const [first] = replaced;
        if (!first) {
          const none = 'This batch has no failed or cancelled item to be done again.';
          const gone =
            'The documents of the failed and cancelled items were deleted, or you may not have them processed any more.';
          throw new QuireError('CONFLICT', again.length === 0 ? none : gone);
        }
        await mustHaveRoom(transaction, viewer.tenantId, replaced.length);
        const at = clock.now();
        const { steps, priority, maxAttempts } = first.old;
        await insertParts(
          transaction,
          { ...key, requestedBy: viewer.userId, at },
          replaced.map(({ item }) => item),
          { steps: steps.map(({ name }) => name), priority, maxAttempts },
        );
        await markRetried(
          transaction,
          replaced.map(({ old, item }) => ({ sequence: old.sequence, retriedBy: item.jobId })),
        );
        const failed = replaced.filter(({ old }) => old.status === 'FAILED').length;
        await countReopened(transaction, key, { failed, cancelled: replaced.length - failed }, at);
      });
      await lifecycle.openParts(key);
      return mustFind(viewer, batchId);
    },

    /** Jobs of a batch, in order, those whose documents the viewer may read: up to `first` and one more when there are more. */
    page: (viewer: Viewer, key: BatchKey, first: number, after: number): Promise<Job[]> =>
      listBatchJobs(query, key, viewer.userId, first + 1, after),
    count: (viewer: Viewer, key: BatchKey): Promise<number> => countBatchJobs(query, key, viewer.userId),
  };
}

export type Batches = ReturnType<typeof createBatches>;
