import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/platform/realtime/broker.ts';
import { createMemoryBroker } from '../../../src/platform/realtime/memory-broker.ts';
import { STATE_INTERVAL_MS } from '../../../src/platform/realtime/state-stream.ts';
import type { BatchView } from '../../../src/processing/batch.ts';
import { JobProgress } from '../../../src/processing/progress.ts';
import { StepError } from '../../../src/processing/step-error.ts';
import type { JobState } from '../../../src/processing/streams.ts';
import { begin, expectRefusal, type Person } from '../../support/documents.ts';
import { createWorkshop, eventually, REQUEST, type Shop, start, type Workshop } from './workshop.ts';

/** Milliseconds after which a state is read without an announcement. */
const POLL_MS = 5_000;

let workshop: Workshop;
let shop: Shop;
let ada: Person;
let bob: Person;
let documentId: string;

beforeEach(async () => {
  workshop = await createWorkshop();
  shop = await workshop.open();
  [ada, bob] = [shop.service.as('ada'), shop.service.as('bob')];
  documentId = await ada.create('text');
});
afterEach(async () => {
  expect(await workshop.faults()).toEqual([]);
  await workshop.close();
});

const ask = async (): Promise<string> => (await start(shop, ada.viewer, documentId)).jobId;
const watch = (person = ada, at = shop) => at.streams.updates(person.viewer, documentId);
const take = async <T>(stream: AsyncIterator<T, undefined>): Promise<T> => {
  const result = await stream.next();
  if (result.done) throw new Error('the stream has ended');
  return result.value;
};
const statusOf = ({ job }: JobState): string | undefined => job?.status;

/** Reads a stream to its end, as somebody does who is always ready for more. */
function collect<T>(stream: AsyncIterableIterator<T>) {
  const seen: T[] = [];
  const ended = (async () => {
    for await (const value of stream) seen.push(value);
  })();
  ended.catch(() => undefined);
  return { seen, ended };
}

describe('processingUpdates', () => {
  it('tells of a document without a job, and of the job when there is one', async () => {
    const stream = await watch();
    expect(await take(stream)).toMatchObject({ documentId, job: null, result: null });
    const next = begin(stream);
    const jobId = await ask();
    workshop.advance(STATE_INTERVAL_MS);
    expect((await next).value).toMatchObject({ job: { jobId, status: 'QUEUED' } });
  });

  it('tells the state of then at once, and goes on to the end, which is the last', async () => {
    const jobId = await ask();
    shop.runner.start();
    const run = await shop.run(jobId);
    const stream = await watch();
    expect(statusOf(await take(stream))).toBe('IN_PROGRESS');
    const next = begin(stream);
    run.complete({ revision: 1, summary: ['text'] });
    await shop.ended(jobId);
    workshop.advance(STATE_INTERVAL_MS);
    expect((await next).value).toMatchObject({
      job: { jobId, status: 'COMPLETED' },
      result: { revision: 1, summary: ['text'] },
    });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('tells the end at once to one who subscribes after it', async () => {
    const jobId = await ask();
    await shop.jobs.cancel(ada.viewer, jobId);
    const { seen, ended } = collect(await watch());
    await ended;
    expect(seen.map(statusOf)).toEqual(['CANCELLED']);
  });

  it('tells a slow reader the end, and nothing of what was before it', async () => {
    const jobId = await ask();
    const stream = await watch();
    await take(stream);
    shop.runner.start();
    const run = await shop.run(jobId);
    run.progress.begin(0);
    workshop.advance(1_000);
    run.fail(new StepError('EMPTY', 'empty'));
    await shop.ended(jobId);
    workshop.advance(60_000);
    expect(statusOf(await take(stream))).toBe('FAILED');
    expect((await stream.next()).done).toBe(true);
  });

  it('is of the newest job', async () => {
    await shop.jobs.cancel(ada.viewer, await ask());
    const newer = await ask();
    expect((await take(await watch())).job?.jobId).toBe(newer);
  });

  it('tells each state that differs, also when an attempt fails in the millisecond in which it began', async () => {
    await ask();
    const [job] = await shop.lifecycle.claim(1);
    const stream = await watch();
    expect(statusOf(await take(stream))).toBe('IN_PROGRESS');
    const next = begin(stream);
    const progress = new JobProgress([], () => undefined);
    await shop.lifecycle.fail(job!, progress, { message: 'broken', retriable: true });
    workshop.advance(STATE_INTERVAL_MS);
    expect((await next).value).toMatchObject({ job: { status: 'QUEUED', attempt: 1 } });
  });

  it('[P7] ends with FORBIDDEN when access ends, and with NOT_FOUND when the document is deleted', async () => {
    const { collaborators } = shop.service.documents;
    await collaborators.add(ada.viewer, documentId, 'bob', 'VIEWER');
    const [his, hers] = [await watch(bob), await watch()];
    await Promise.all([take(his), take(hers)]);
    const next = begin(his);
    workshop.advance(STATE_INTERVAL_MS);
    await collaborators.remove(ada.viewer, documentId, 'bob');
    await expectRefusal(next, 'FORBIDDEN');
    await expectRefusal(watch(bob), 'NOT_FOUND');
    const end = begin(hers);
    let over = false;
    end.catch(() => {
      over = true;
    });
    await shop.service.documents.delete(ada.viewer, documentId);
    // Bob's going made her stream look again: whether it pauses before the deletion or after it is left to chance.
    await eventually(() => {
      workshop.advance(STATE_INTERVAL_MS);
      return over;
    }).toBe(true);
    await expectRefusal(end, 'NOT_FOUND');
    expect(shop.service.clock.pending).toBe(0);
  });

  it('[P9] is nothing for strangers', async () => {
    await expectRefusal(watch(bob), 'NOT_FOUND');
    await expectRefusal(watch(shop.service.as('ada', 'other')), 'NOT_FOUND');
  });
});

describe('announcements that are lost', () => {
  const createDeafBroker = (): Broker => ({ ...createMemoryBroker(), publish: () => undefined });

  it('cost a subscriber 5 s, and no state: of a job, of access, of a batch', async () => {
    const deaf = await workshop.open({ broker: createDeafBroker() });
    await shop.service.documents.collaborators.add(ada.viewer, documentId, 'bob', 'VIEWER');
    const jobId = await ask();
    const batch = await shop.batches.start(ada.viewer, [await ada.create('text')], REQUEST);
    const streams = [await watch(ada, deaf), await watch(bob, deaf)] as const;
    const ofBatch = deaf.streams.batchUpdates(batch);
    await Promise.all([take(streams[0]), take(streams[1]), take(ofBatch)]);
    const nexts = [begin(streams[0]), begin(streams[1]), begin(ofBatch)] as const;
    await shop.service.documents.collaborators.remove(ada.viewer, documentId, 'bob');
    await shop.jobs.cancel(ada.viewer, jobId);
    await shop.batches.cancel(ada.viewer, batch.batchId);
    workshop.advance(POLL_MS);
    expect((await nexts[0]).value).toMatchObject({ job: { status: 'CANCELLED' } });
    await expectRefusal(nexts[1], 'FORBIDDEN');
    expect((await nexts[2]).value).toMatchObject({ cancelled: 1 });
    expect((await ofBatch.next()).done).toBe(true);
  });
});

describe('batchProcessingUpdates', () => {
  const COUNT = 40;
  const startBatch = async (): Promise<BatchView> => {
    const ids: string[] = [];
    for (let index = 0; index < COUNT; index += 1) ids.push(await ada.create('text'));
    return shop.batches.start(ada.viewer, ids, REQUEST);
  };

  it('tells at most ten states a second, each of which adds up, and the end', async () => {
    const batch = await startBatch();
    const { seen, ended } = collect(shop.streams.batchUpdates(batch));
    await eventually(() => seen.length).toBe(1);
    expect(seen[0]).toMatchObject({ total: COUNT, processed: 0 });
    shop.runner.start();
    for (let completed = 0; completed < COUNT; ) {
      const run = await shop.run();
      run.complete();
      completed += 1;
      // Twenty items a second.
      if (completed % 2 === 0) workshop.advance(STATE_INTERVAL_MS);
    }
    const last = async (): Promise<number> =>
      (await shop.batches.mustFind(ada.viewer, batch.batchId)).processed;
    await eventually(last).toBe(COUNT);
    workshop.advance(STATE_INTERVAL_MS);
    await ended;
    expect(seen.at(-1)).toMatchObject({ processed: COUNT, estimatedCompletion: null });
    expect(seen.length).toBeLessThanOrEqual(COUNT / 2 + 3);
    for (const { processed, failed, cancelled } of seen) {
      expect([failed, cancelled]).toEqual([0, 0]);
      expect(processed).toBeLessThanOrEqual(COUNT);
    }
    expect(seen.map(({ processed }) => processed)).toEqual(
      seen.map(({ processed }) => processed).sort((a, b) => a - b),
    );
  });

  it('tells the end at once to one who subscribes after it, and to a slow reader', async () => {
    const batch = await startBatch();
    const slow = shop.streams.batchUpdates(batch);
    await take(slow);
    await shop.batches.cancel(ada.viewer, batch.batchId);
    workshop.advance(60_000);
    expect(await take(slow)).toMatchObject({ cancelled: COUNT });
    expect((await slow.next()).done).toBe(true);
    const { seen, ended } = collect(shop.streams.batchUpdates(batch));
    await ended;
    expect(seen).toMatchObject([{ cancelled: COUNT }]);
  });

  it('estimates the end by the rate, once there is one', async () => {
    const batch = await startBatch();
    shop.runner.start();
    const rate = async () => shop.batches.mustFind(ada.viewer, batch.batchId);
    for (let completed = 1; completed < COUNT; completed += 1) {
      const run = await shop.run();
      expect((await rate()).estimatedCompletion === null).toBe(completed === 1);
      workshop.advance(500);
      run.complete();
      await eventually(async () => (await rate()).processed).toBe(completed);
      const { estimatedCompletion } = await rate();
      expect(estimatedCompletion).toBe(shop.service.clock.now() + (COUNT - completed) * 500);
    }
  });
});
