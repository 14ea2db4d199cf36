import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DocumentTables } from '../../../src/documents/tables.ts';
import { type BatchView, batchStatusOf } from '../../../src/processing/batch.ts';
import { insertBatch } from '../../../src/processing/batch-store.ts';
import { MAX_BATCH_DOCUMENTS } from '../../../src/processing/batches.ts';
import { readRequest } from '../../../src/processing/job.ts';
import { MAX_OPEN_JOBS } from '../../../src/processing/jobs.ts';
import { insertParts } from '../../../src/processing/parts.ts';
import { StepError } from '../../../src/processing/step-error.ts';
import { expectRefusal, type Person } from '../../support/documents.ts';
import { createWorkshop, eventually, REQUEST, type Shop, start, type Workshop } from './workshop.ts';

let workshop: Workshop;
let shop: Shop;
let ada: Person;

beforeEach(async () => {
  workshop = await createWorkshop();
  shop = await workshop.open();
  ada = shop.service.as('ada');
});
afterEach(async () => {
  expect(await workshop.faults()).toEqual([]);
  await workshop.close();
});

const create = async (count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push(await ada.create('text'));
  return ids;
};

/** Many documents at once, as rows: to make them one after another would take longer than all that is tested. */
async function createMany(count: number): Promise<string[]> {
  const [model = ''] = await create(1);
  const ids = Array.from({ length: count }, (_, index) => `many-${index}`);
  const query = shop.service.database.query.withTables<DocumentTables>();
  await query.transaction().execute(async (transaction) => {
    for (const table of ['documents', 'document_collaborators'] as const) {
      const rows = await transaction.selectFrom(table).selectAll().where('document_id', '=', model).execute();
      for (let from = 0; from < count; from += 500)
        await transaction
          .insertInto(table)
          .values(
            ids
              .slice(from, from + 500)
              .flatMap((document_id) => rows.map((row) => ({ ...row, document_id }))),
          )
          .execute();
    }
  });
  return ids;
}

const batchOf = (ids: readonly string[], asked = {}): Promise<BatchView> =>
  shop.batches.start(ada.viewer, ids, { ...REQUEST, ...asked });
const find = async ({ batchId }: BatchView): Promise<BatchView> => {
  const batch = await shop.batches.find(ada.viewer, batchId);
  if (!batch) throw new Error('the batch has gone');
  return batch;
};
const itemsOf = (batch: BatchView) => shop.batches.page(ada.viewer, batch, 100, 0);

/** Ends what is begun, one after another, until the batch is over. */
async function workOff(
  batch: BatchView,
  end: (documentId: string) => Error | null = () => null,
): Promise<void> {
  await eventually(async () => {
    for (const run of shop.runs.filter(({ open }) => open)) {
      const error = end(run.job.documentId);
      if (error) run.fail(error);
      else run.complete();
    }
    return (await find(batch)).finishedAt;
  }).not.toBeNull();
}

describe('a batch', () => {
  it('is queued, begun and completed, and says how far it is', async () => {
    const ids = await create(3);
    const batch = await batchOf(ids);
    expect(batch).toMatchObject({ total: 3, processed: 0, failed: 0, cancelled: 0, currentItem: null });
    expect(batchStatusOf(batch)).toBe('QUEUED');
    shop.runner.start();
    const run = await shop.run();
    expect(batchStatusOf(await find(batch))).toBe('IN_PROGRESS');
    expect((await find(batch)).estimatedCompletion).toBeNull();
    workshop.advance(1_000);
    run.complete();
    await eventually(async () => (await find(batch)).processed).toBe(1);
    const now = shop.service.clock.now();
    expect(await find(batch)).toMatchObject({
      currentItem: run.job.documentId,
      estimatedCompletion: now + 2_000,
      finishedAt: null,
    });
    await workOff(batch);
    const over = await find(batch);
    expect(over).toMatchObject({ processed: 3, estimatedCompletion: null, finishedAt: now });
    expect(batchStatusOf(over)).toBe('COMPLETED');
  });

  it('has each document once, in the order of their naming', async () => {
    const ids = await create(3);
    const batch = await batchOf([...ids, ...ids].reverse());
    expect(batch.total).toBe(3);
    expect((await itemsOf(batch)).map(({ documentId }) => documentId)).toEqual([...ids].reverse());
  });

  it('with failures says so, and each says why', async () => {
    const ids = await create(3);
    const batch = await batchOf(ids);
    shop.runner.start();
    await workOff(batch, (id) => (id === ids[1] ? new StepError('DELETED', 'It was deleted.') : null));
    expect(batchStatusOf(await find(batch))).toBe('COMPLETED_WITH_FAILURES');
    const items = await itemsOf(batch);
    expect(items.map(({ status }) => status)).toEqual(['COMPLETED', 'FAILED', 'COMPLETED']);
    expect(items[1]?.errors.map(({ message }) => message)).toEqual(['It was deleted.']);
  });

  it('is cancelled as far as it is open, and then not again', async () => {
    const batch = await batchOf(await create(8));
    shop.runner.start();
    (await shop.run()).complete();
    await eventually(async () => (await find(batch)).processed).toBe(1);
    await eventually(() => shop.runs.filter(({ open }) => open).length).toBe(4);
    const running = shop.runs.filter(({ open }) => open);
    const cancelled = await shop.batches.cancel(ada.viewer, batch.batchId);
    expect(running.every(({ signal }) => signal.aborted)).toBe(true);
    expect(cancelled).toMatchObject({ processed: 1, cancelled: 7 });
    expect(batchStatusOf(cancelled)).toBe('CANCELLED');
    workshop.advance(5_000);
    expect(await shop.batches.cancel(ada.viewer, batch.batchId)).toEqual(cancelled);
  });

  it('is retried as far as it has failed or was cancelled, and its counts open again', async () => {
    const ids = await create(4);
    const batch = await batchOf(ids);
    shop.runner.start();
    await workOff(batch, (id) => (id === ids[0] ? new StepError('EMPTY', 'empty') : null));
    await expectRefusal(shop.batches.cancel(shop.service.as('eve').viewer, batch.batchId), 'NOT_FOUND');
    await expectRefusal(shop.batches.retry(shop.service.as('eve').viewer, batch.batchId), 'NOT_FOUND');
    await shop.runner.stop();
    const reopened = await shop.batches.retry(ada.viewer, batch.batchId);
    expect(reopened).toMatchObject({ total: 4, processed: 3, failed: 0, finishedAt: null });
    expect(batchStatusOf(reopened)).toBe('IN_PROGRESS');
    // What is open again cannot be opened once more.
    await expectRefusal(shop.batches.retry(ada.viewer, batch.batchId), 'CONFLICT');
    const cancelled = await shop.batches.cancel(ada.viewer, batch.batchId);
    expect(cancelled).toMatchObject({ processed: 3, cancelled: 1 });
    const again = await shop.batches.retry(ada.viewer, batch.batchId);
    expect(again).toMatchObject({ processed: 3, cancelled: 0, finishedAt: null, cancelledAt: null });
    const items = await itemsOf(batch);
    expect(new Set(items.map(({ documentId }) => documentId))).toEqual(new Set(ids));
    expect(items).toHaveLength(4);
  });

  it('is retried without what its asker may not have processed any more', async () => {
    const ids = await create(3);
    const batch = await batchOf(ids);
    await shop.batches.cancel(ada.viewer, batch.batchId);
    await shop.service.documents.delete(ada.viewer, ids[0] ?? '');
    const again = await shop.batches.retry(ada.viewer, batch.batchId);
    expect(again).toMatchObject({ total: 3, cancelled: 1 });
  });

  it('goes on when one of its items is retried by itself', async () => {
    const ids = await create(2);
    const batch = await batchOf(ids);
    shop.runner.start();
    await workOff(batch, (id) => (id === ids[0] ? new StepError('EMPTY', 'empty') : null));
    const [failed] = await itemsOf(batch);
    const { jobId } = await shop.jobs.retry(ada.viewer, failed?.jobId ?? '');
    (await shop.run(jobId)).complete();
    await shop.ended(jobId);
    expect(batchStatusOf(await find(batch))).toBe('COMPLETED');
  });

  it('is its asker’s alone', async () => {
    const batch = await batchOf(await create(1));
    for (const stranger of [shop.service.as('eve').viewer, shop.service.as('ada', 'other').viewer]) {
      expect(await shop.batches.find(stranger, batch.batchId)).toBeNull();
      await expectRefusal(shop.batches.mustFind(stranger, batch.batchId), 'NOT_FOUND');
      await expectRefusal(shop.batches.cancel(stranger, batch.batchId), 'NOT_FOUND');
      await expectRefusal(shop.batches.retry(stranger, batch.batchId), 'NOT_FOUND');
    }
    for (const id of ['', 'nothing', "x' or 1=1 --", 'ü'])
      await expectRefusal(shop.batches.mustFind(ada.viewer, id), 'NOT_FOUND');
  });

  it('shows the jobs of the documents that its asker may read now', async () => {
    const [mine = '', lost = ''] = await create(2);
    const batch = await batchOf([mine, lost]);
    await shop.service.documents.delete(ada.viewer, lost);
    expect((await itemsOf(batch)).map(({ documentId }) => documentId)).toEqual([mine]);
    expect(await shop.batches.count(ada.viewer, batch)).toBe(1);
    expect((await find(batch)).total).toBe(2);
  });

  it('asked for with a key is begun once, also at the same time, and also when a document has gone since', async () => {
    const ids = await create(2);
    const asked = { idempotencyKey: 'nightly' };
    const both = await Promise.all([batchOf(ids, asked), batchOf(ids, asked)]);
    expect(new Set(both.map(({ batchId }) => batchId)).size).toBe(1);
    await expectRefusal(batchOf(ids.slice(1), asked), 'CONFLICT', 'request.idempotencyKey');
    await expectRefusal(start(shop, ada.viewer, ids[0] ?? '', asked), 'CONFLICT');
    await shop.service.documents.delete(ada.viewer, ids[0] ?? '');
    expect((await batchOf(ids, asked)).batchId).toBe(both[0]?.batchId);
    expect(await shop.query.selectFrom('processing_jobs').selectAll().execute()).toHaveLength(2);
  });
});

describe('[P11] a batch is refused', () => {
  const refused = async (
    ids: readonly string[],
    code: 'NOT_FOUND' | 'FORBIDDEN',
    about: string,
  ): Promise<void> => {
    await expect(batchOf(ids)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(about) as string,
      details: { argument: 'documentIds' },
    });
    expect(await shop.query.selectFrom('processing_jobs').selectAll().execute()).toEqual([]);
  };

  it('without documents, and with more than 10,000', async () => {
    await expectRefusal(batchOf([]), 'BAD_USER_INPUT', 'documentIds');
    const many = Array.from({ length: MAX_BATCH_DOCUMENTS + 1 }, (_, index) => `d${index}`);
    await expectRefusal(batchOf(many), 'BAD_USER_INPUT', 'documentIds');
  });

  it('with one that is not its asker’s, or only to be read, and then nothing is begun', async () => {
    const ids = await create(2);
    const bob = shop.service.as('bob');
    const his = await bob.create('text');
    await refused([...ids, his], 'NOT_FOUND', his);
    await shop.service.documents.collaborators.add(bob.viewer, his, 'ada', 'VIEWER');
    await refused([...ids, his], 'FORBIDDEN', his);
  });

  it('[P9] with one of another tenant, deleted, unknown or unnameable', async () => {
    const ids = await create(2);
    const elsewhere = await shop.service.as('ada', 'other').create('text');
    await refused([...ids, elsewhere], 'NOT_FOUND', elsewhere);
    await shop.service.documents.delete(ada.viewer, ids[1] ?? '');
    await refused(ids, 'NOT_FOUND', ids[1] ?? '');
    await refused([ids[0] ?? '', 'no such id!'], 'NOT_FOUND', 'no such id!');
  });
});

describe('a batch whose asker’s server was gone before all of its jobs were written', () => {
  const at = 1_000;
  /** As a server leaves it that ends right after its first commit: 600 items, in six parts. */
  const leave = async (): Promise<BatchView> => {
    const ids = await createMany(600);
    const batch = { tenantId: 'acme', batchId: randomUUID(), requestedBy: 'ada', at };
    const items = ids.map((documentId) => ({ jobId: randomUUID(), documentId, revision: 1 }));
    await shop.query.transaction().execute(async (transaction) => {
      await insertBatch(transaction, batch, items.length);
      await insertParts(transaction, batch, items, readRequest(REQUEST));
    });
    return shop.batches.mustFind(ada.viewer, batch.batchId);
  };
  const parts = async (): Promise<number> =>
    (await shop.query.selectFrom('processing_parts').select('sequence').execute()).length;

  it('[P10] is gone on with by the next, in the order of its items', async () => {
    const batch = await leave();
    expect(batch).toMatchObject({ total: 600, processed: 0, finishedAt: null });
    expect(await parts()).toBe(6);
    shop.runner.start();
    await eventually(parts).toBe(0);
    const rows = await shop.query
      .selectFrom('processing_jobs')
      .select(['document_id', 'place', 'status'])
      .where('batch_id', '=', batch.batchId)
      .orderBy('place')
      .execute();
    expect(rows.map(({ document_id }) => document_id)).toEqual(
      Array.from({ length: 600 }, (_, index) => `many-${index}`),
    );
    expect(rows.map(({ place }) => place)).toEqual(
      Array.from({ length: 600 }, (_, index) => at + index * 1_000),
    );
    await workOff(batch);
    expect(await find(batch)).toMatchObject({ processed: 600, failed: 0, cancelled: 0 });
  });

  it('is cancelled whole', async () => {
    const batch = await leave();
    expect(await shop.batches.cancel(ada.viewer, batch.batchId)).toMatchObject({ cancelled: 600 });
    expect(await parts()).toBe(0);
  });

  it('takes the room of its items', async () => {
    const batch = await leave();
    await shop.query
      .updateTable('processing_parts')
      .set({ count: MAX_OPEN_JOBS / 6 })
      .execute();
    await expectRefusal(start(shop, ada.viewer, (await create(1))[0] ?? ''), 'RATE_LIMITED');
    await shop.batches.cancel(ada.viewer, batch.batchId);
  });
});

describe(`a batch of ${MAX_BATCH_DOCUMENTS}`, () => {
  it('is begun, cancelled and retried in bounded time, and lets others work meanwhile', {
    timeout: 120_000,
  }, async () => {
    const ids = await createMany(MAX_BATCH_DOCUMENTS);
    const lag = monitorEventLoopDelay({ resolution: 5 });
    const times: Record<string, string> = {};
    const timed = async (name: string, task: () => Promise<BatchView>): Promise<BatchView> => {
      lag.enable();
      lag.reset();
      const since = performance.now();
      const batch = await task();
      const ms = performance.now() - since;
      lag.disable();
      times[name] = `${ms.toFixed(0)} ms, the loop stood still for ${(lag.max / 1e6).toFixed(0)} ms at most`;
      expect(ms).toBeLessThan(15_000);
      expect(lag.max / 1e6).toBeLessThan(750);
      return batch;
    };
    const batch = await timed('begun', () => batchOf(ids));
    expect(batch).toMatchObject({ total: MAX_BATCH_DOCUMENTS, processed: 0 });
    const cancelled = await timed('cancelled', () => shop.batches.cancel(ada.viewer, batch.batchId));
    expect(cancelled.cancelled).toBe(MAX_BATCH_DOCUMENTS);
    const again = await timed('retried', () => shop.batches.retry(ada.viewer, batch.batchId));
    expect(again).toMatchObject({ total: MAX_BATCH_DOCUMENTS, cancelled: 0 });
    console.log(times);
  });
});
