import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STATE_INTERVAL_MS } from '../../../src/platform/realtime/state-stream.ts';
import type { Request } from '../../../src/platform/storage/sqlite-protocol.ts';
import type { Person } from '../../support/documents.ts';
import { createWorkshop, REQUEST, type Shop, start, type Workshop } from './workshop.ts';

const WATCHERS = 20;

let workshop: Workshop;
let shop: Shop;
let ada: Person;

beforeEach(async () => {
  workshop = await createWorkshop();
  shop = await workshop.open();
  ada = shop.service.as('ada');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await workshop.close();
});

/** Counts the SELECTs from a table that are sent from now on. */
function countReads(): (table: string) => number {
  const spy = vi.spyOn(Worker.prototype, 'postMessage');
  return (table) =>
    spy.mock.calls
      .flatMap(([requests]) => requests as readonly Request[])
      .flatMap((request) => ('statements' in request ? request.statements : []))
      .filter(({ sql }) => sql.startsWith('select') && sql.includes(`"${table}"`)).length;
}

const nextOf = <T>(watchers: readonly AsyncIterator<T>[]): Promise<T[]> =>
  Promise.all(watchers.map(async (watcher) => (await watcher.next()).value as T));

describe('many who watch the same', () => {
  it('batch cost one read at first, and one for each change', async () => {
    const documentIds = [await ada.create('one'), await ada.create('two')];
    const batch = await shop.batches.start(ada.viewer, documentIds, REQUEST);
    const watchers = Array.from({ length: WATCHERS }, () => shop.streams.batchUpdates(batch));
    const reads = countReads();
    const first = await nextOf(watchers);
    expect(reads('processing_batches')).toBe(1);
    expect(new Set(first).size).toBe(1);

    workshop.advance(STATE_INTERVAL_MS);
    const second = nextOf(watchers);
    await shop.lifecycle.cancelBatch(batch);
    // The same value for all of them: it is executed and encoded once.
    expect(new Set(await second).size).toBe(1);
    expect((await second)[0]).toMatchObject({ cancelled: 2 });
    expect(reads('processing_batches')).toBe(2);
  });

  it('job cost one read for each change, and none of their access while nobody was removed', async () => {
    const documentId = await ada.create('text');
    const { jobId } = await start(shop, ada.viewer, documentId);
    const watchers = await Promise.all(
      Array.from({ length: WATCHERS }, () => shop.streams.updates(ada.viewer, documentId)),
    );
    const reads = countReads();
    await nextOf(watchers);
    workshop.advance(STATE_INTERVAL_MS);
    const second = nextOf(watchers);
    await shop.lifecycle.cancel({ tenantId: 'acme', jobId });
    expect((await second).map(({ job }) => job?.status)).toEqual(watchers.map(() => 'CANCELLED'));
    expect(reads('processing_jobs')).toBe(2);
    expect(reads('document_collaborators')).toBe(0);
  });

  it('job are told of their own access: who was removed gets FORBIDDEN, and the others what is new', async () => {
    const documentId = await ada.create('text');
    const ben = shop.service.as('ben');
    const { documents } = shop.service;
    await documents.collaborators.add(ada.viewer, documentId, 'ben', 'VIEWER');
    const { jobId } = await start(shop, ada.viewer, documentId);
    const [stays, goes] = [
      await shop.streams.updates(ada.viewer, documentId),
      await shop.streams.updates(ben.viewer, documentId),
    ];
    await nextOf([stays, goes]);
    await documents.collaborators.remove(ada.viewer, documentId, 'ben');
    await shop.lifecycle.cancel({ tenantId: 'acme', jobId });
    workshop.advance(STATE_INTERVAL_MS);
    const [told, refused] = await Promise.allSettled([stays.next(), goes.next()]);
    expect(told).toMatchObject({ value: { value: { job: { status: 'CANCELLED' } } } });
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'FORBIDDEN' } });
  });
});
