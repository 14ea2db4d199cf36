import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryBroker } from '../../../src/platform/realtime/memory-broker.ts';
import { StepError } from '../../../src/processing/step-error.ts';
import { type Person, turns } from '../../support/documents.ts';
import { createWorkshop, eventually, type Shop, start, type Workshop } from './workshop.ts';

let workshop: Workshop;
let shop: Shop;
let ada: Person;
let documentId: string;

beforeEach(async () => {
  workshop = await createWorkshop();
  shop = await workshop.open();
  ada = shop.service.as('ada');
  documentId = await ada.create('text');
  shop.runner.start();
});
afterEach(async () => {
  expect(await workshop.faults()).toEqual([]);
  await workshop.close();
});

const ask = (asked: Parameters<typeof start>[3] = {}) => start(shop, ada.viewer, documentId, asked);

describe('[P10] a job', () => {
  it('is queued, begun and completed, with what it has found', async () => {
    const before = shop.service.clock.now();
    const { jobId, ...queued } = await ask({ priority: 7 });
    expect(queued).toMatchObject({
      status: 'QUEUED',
      documentId,
      batchId: null,
      priority: 7,
      attempt: 0,
      maxAttempts: 3,
      progress: 0,
      errors: [],
      requestedBy: 'ada',
      createdAt: before,
    });
    const run = await shop.run(jobId);
    expect(await shop.job(jobId)).toMatchObject({ status: 'IN_PROGRESS', attempt: 1, startedAt: before });
    workshop.advance(500);
    run.progress.begin(0);
    run.progress.end('COMPLETED');
    const found = { revision: 1, summary: ['text'], indexed: true };
    run.complete(found);
    const job = await shop.ended(jobId);
    expect(job).toMatchObject({
      status: 'COMPLETED',
      progress: 100,
      errors: [],
      startedAt: before,
      finishedAt: before + 500,
    });
    expect(job.steps[0]).toMatchObject({ name: 'EXTRACT_TEXT', status: 'COMPLETED' });
    expect(await shop.result(jobId)).toEqual(found);
    expect(await workshop.story(jobId)).toEqual(['QUEUED', 'IN_PROGRESS', 'COMPLETED']);
  });

  it('writes down its beginning at once, and its progress four times a second at most, with its steps', async () => {
    const { jobId } = await ask({ steps: ['ANALYZE', 'INDEX'] });
    const { progress } = await shop.run(jobId);
    progress.begin(0);
    workshop.advance(1);
    await eventually(async () => (await shop.job(jobId)).steps[0]?.status).toBe('IN_PROGRESS');
    progress.report(0.25);
    workshop.advance(249);
    await shop.lifecycle.renew([]);
    expect(await shop.job(jobId)).toMatchObject({ progress: 0, steps: [{ status: 'IN_PROGRESS' }, {}] });
    progress.report(0.5);
    workshop.advance(1);
    await eventually(async () => (await shop.job(jobId)).progress).toBe(25);
    expect((await shop.job(jobId)).steps).toMatchObject([{ status: 'IN_PROGRESS' }, { status: 'QUEUED' }]);
    progress.report(0.9);
    workshop.advance(250);
    await eventually(async () => (await shop.job(jobId)).progress).toBe(45);
  });

  it('whose attempt fails is tried again after a while, and keeps what went wrong each time', async () => {
    const { jobId } = await ask({ maxAttempts: 3 });
    for (const [attempt, wait] of [
      [1, 1_000],
      [2, 2_000],
    ] as const) {
      (await shop.run(jobId)).fail(new Error(`broken ${attempt}`));
      await eventually(async () => (await shop.job(jobId)).status).toBe('QUEUED');
      const now = shop.service.clock.now();
      expect(await shop.job(jobId)).toMatchObject({ attempt, runAt: now + wait, progress: 0 });
      // Looks come every 2 s, and none of them takes it too early.
      workshop.advance(wait - 1);
      expect(shop.runs.filter(({ open }) => open)).toEqual([]);
      workshop.advance(2_001);
      await shop.run(jobId);
      expect((await shop.job(jobId)).updatedAt).toBeGreaterThanOrEqual(now + wait);
    }
    (await shop.run(jobId)).fail(new Error('broken 3'));
    const job = await shop.ended(jobId);
    expect(job).toMatchObject({ status: 'FAILED', attempt: 3 });
    expect(job.errors.map(({ attempt, message }) => [attempt, message])).toEqual([
      [1, 'Error: broken 1'],
      [2, 'Error: broken 2'],
      [3, 'Error: broken 3'],
    ]);
    expect(await shop.result(jobId)).toBeNull();
  });

  it('that fails and then does not is completed, and keeps the error', async () => {
    const { jobId } = await ask();
    (await shop.run(jobId)).fail(new Error('broken'));
    await eventually(async () => (await shop.job(jobId)).status).toBe('QUEUED');
    workshop.advance(3_000);
    (await shop.run(jobId)).complete();
    expect(await shop.ended(jobId)).toMatchObject({
      status: 'COMPLETED',
      attempt: 2,
      errors: [{ message: 'Error: broken' }],
    });
  });

  it('whose file is refused is not tried again', async () => {
    const { jobId } = await ask({ maxAttempts: 10 });
    const { progress, fail } = await shop.run(jobId);
    progress.begin(0);
    fail(new StepError('PROTECTED', 'The PDF is protected by a password.'));
    const job = await shop.ended(jobId);
    expect(job).toMatchObject({
      status: 'FAILED',
      attempt: 1,
      errors: [{ attempt: 1, message: 'The PDF is protected by a password.' }],
    });
    expect(job.steps.map(({ status }) => status)).toEqual(['FAILED', ...Array<string>(6).fill('QUEUED')]);
  });

  it('is cancelled while it waits, and never begun', async () => {
    const idle = await workshop.open();
    const { jobId } = await start(idle, ada.viewer, documentId);
    expect(await idle.jobs.cancel(ada.viewer, jobId)).toBe(true);
    workshop.advance(5_000);
    (await shop.run((await ask()).jobId)).complete();
    expect(shop.runs.map(({ job }) => job.jobId)).not.toContain(jobId);
    expect(await workshop.story(jobId)).toEqual(['QUEUED', 'CANCELLED']);
  });

  it('is cancelled while it runs: the work is told at once, and its result is dropped', async () => {
    const { jobId } = await ask();
    const run = await shop.run(jobId);
    run.progress.begin(0);
    expect(await shop.jobs.cancel(ada.viewer, jobId)).toBe(true);
    expect(run.signal.aborted).toBe(true);
    const job = await shop.job(jobId);
    expect(job).toMatchObject({ status: 'CANCELLED', finishedAt: shop.service.clock.now() });
    expect(new Set(job.steps.map(({ status }) => status))).toEqual(new Set(['CANCELLED']));
    // Somebody who does not hear, and goes on.
    expect(await shop.lifecycle.complete(run.job, run.progress, { revision: 1 })).toBe(false);
    expect(await shop.lifecycle.progress(run.job, run.progress)).toBe(false);
    expect(await shop.lifecycle.fail(run.job, run.progress, { message: 'late', retriable: true })).toBe(
      false,
    );
    await shop.lifecycle.giveBack(run.job);
    expect(await shop.job(jobId)).toEqual(job);
    expect(await shop.result(jobId)).toBeNull();
    await eventually(() => shop.runner.running).toBe(0);
  });

  it('is cancelled while it waits for its next attempt', async () => {
    const { jobId } = await ask();
    (await shop.run(jobId)).fail(new Error('broken'));
    await eventually(async () => (await shop.job(jobId)).status).toBe('QUEUED');
    expect(await shop.jobs.cancel(ada.viewer, jobId)).toBe(true);
    workshop.advance(10_000);
    expect(await workshop.story(jobId)).toEqual(['QUEUED', 'IN_PROGRESS', 'QUEUED', 'CANCELLED']);
  });

  it.each([
    ['completed', (run: Awaited<ReturnType<Shop['run']>>) => run.complete()],
    ['failed', (run: Awaited<ReturnType<Shop['run']>>) => run.fail(new StepError('EMPTY', 'empty'))],
  ])('that has %s cannot be cancelled, and is as it was', async (_, end) => {
    const { jobId } = await ask();
    end(await shop.run(jobId));
    const job = await shop.ended(jobId);
    expect(await shop.jobs.cancel(ada.viewer, jobId)).toBe(false);
    expect(await shop.job(jobId)).toEqual(job);
  });

  it('that is cancelled twice, or while it completes, ends once', async () => {
    const { jobId } = await ask();
    const run = await shop.run(jobId);
    const cancels = [1, 2, 3].map(() => shop.jobs.cancel(ada.viewer, jobId));
    run.complete();
    const answers = await Promise.all(cancels);
    const { status } = await shop.ended(jobId);
    expect(answers.filter((did) => did)).toHaveLength(status === 'CANCELLED' ? 1 : 0);
    expect(await workshop.story(jobId)).toHaveLength(3);
  });

  it('raises the alerts of its findings when it completes, and none when it was cancelled', async () => {
    const finding = {
      framework: 'PCI_DSS',
      rule: 'card-number',
      from: 0,
      to: 4,
      excerpt: '****',
      severity: 8,
    } as const;
    const cancelled = await ask();
    const run = await shop.run(cancelled.jobId);
    await shop.jobs.cancel(ada.viewer, cancelled.jobId);
    await shop.lifecycle.complete(run.job, run.progress, { revision: 1, findings: [finding] });
    const alerts = () =>
      shop.compliance.page(ada.viewer, { documentId: null, framework: null, minSeverity: 0 }, 10, null);
    expect(await alerts()).toEqual([]);
    const { jobId } = await ask();
    (await shop.run(jobId)).complete({ findings: [finding] });
    await shop.ended(jobId);
    expect(await alerts()).toMatchObject([{ documentId, framework: 'PCI_DSS' }]);
  });
});

describe('[P10] jobs of two instances on one database', () => {
  for (const shared of [true, false]) {
    it(`are run once each, ${shared ? 'who hear of each other' : 'who hear nothing of each other'}`, async () => {
      const broker = shared ? createMemoryBroker() : null;
      const options = broker ? { broker } : {};
      const [one, other] = [await workshop.open(options), await workshop.open(options)];
      await shop.runner.stop();
      const ids: string[] = [];
      for (let index = 0; index < 20; index += 1)
        ids.push((await start(one, ada.viewer, await ada.create('text'))).jobId);
      one.runner.start();
      other.runner.start();
      await eventually(() => [one.runs.length, other.runs.length]).toEqual([4, 4]);
      let completed = 0;
      while (completed < ids.length) {
        for (const run of [...one.runs, ...other.runs].filter(({ open }) => open)) {
          run.complete();
          completed += 1;
        }
        await turns(1);
      }
      for (const id of ids) {
        expect((await one.ended(id)).status).toBe('COMPLETED');
        expect(await workshop.story(id)).toEqual(['QUEUED', 'IN_PROGRESS', 'COMPLETED']);
      }
    });
  }

  it('that are cancelled at the other one, unheard, stop with the next thing they write', async () => {
    const other = await workshop.open();
    const { jobId } = await ask();
    const run = await shop.run(jobId);
    await other.jobs.cancel(ada.viewer, jobId);
    expect(run.signal.aborted).toBe(false);
    run.progress.begin(0);
    workshop.advance(250);
    await eventually(() => run.signal.aborted).toBe(true);
    const silent = await shop.run((await ask()).jobId);
    await other.jobs.cancel(ada.viewer, silent.job.jobId);
    workshop.advance(3_000);
    await eventually(() => silent.signal.aborted).toBe(true);
  });
});
