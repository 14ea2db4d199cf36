import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_OPEN_JOBS } from '../../../src/processing/jobs.ts';
import { StepError } from '../../../src/processing/step-error.ts';
import { expectRefusal, type Person } from '../../support/documents.ts';
import { createWorkshop, REQUEST, type Shop, start, type Workshop } from './workshop.ts';

let workshop: Workshop;
let shop: Shop;
let ada: Person;
let bob: Person;
let documentId: string;

beforeEach(async () => {
  workshop = await createWorkshop();
  shop = await workshop.open();
  ada = shop.service.as('ada');
  bob = shop.service.as('bob');
  documentId = await ada.create('text');
});
afterEach(async () => {
  expect(await workshop.faults()).toEqual([]);
  await workshop.close();
});

type Asked = Parameters<typeof start>[3];
const ask = async (asked?: Asked, person = ada): Promise<string> =>
  (await start(shop, person.viewer, documentId, asked)).jobId;
const share = (role: 'VIEWER' | 'EDITOR') =>
  shop.service.documents.collaborators.add(ada.viewer, documentId, 'bob', role);
const countJobs = async (): Promise<number> =>
  (await shop.query.selectFrom('processing_jobs').select('job_id').execute()).length;

describe('asking for a job', () => {
  it('gives the open one on the same revision, whether it waits or runs, also to others', async () => {
    await share('EDITOR');
    const jobId = await ask();
    expect(await ask({ priority: 9 })).toBe(jobId);
    shop.runner.start();
    await shop.run(jobId);
    expect(await ask({}, bob)).toBe(jobId);
    expect(await ask({ steps: ['INDEX', 'ANALYZE'] })).toBe(jobId);
    expect(await countJobs()).toBe(1);
  });

  it('makes a new one when the text has moved on, when it lacks a step, and when it has ended', async () => {
    const partial = await ask({ steps: ['ANALYZE'] });
    const whole = await ask();
    expect(whole).not.toBe(partial);
    // The newest of those that have the steps.
    expect(await ask({ steps: ['ANALYZE'] })).toBe(whole);
    await ada.insert(documentId, 0, 'more ');
    const moved = await ask();
    expect([partial, whole]).not.toContain(moved);
    await shop.jobs.cancel(ada.viewer, moved);
    expect([partial, whole, moved]).not.toContain(await ask());
  });

  it('of several at once makes one', async () => {
    const other = await workshop.open();
    const ids = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const at = index % 2 === 0 ? shop : other;
        return (await start(at, ada.viewer, documentId)).jobId;
      }),
    );
    expect(new Set(ids).size).toBe(1);
  });

  it('with a key gives the same job, also at once, also when it has ended', async () => {
    const asked: Asked = { idempotencyKey: 'mine' };
    const ids = await Promise.all([ask(asked), ask(asked), ask(asked)]);
    expect(new Set(ids).size).toBe(1);
    shop.runner.start();
    (await shop.run(ids[0])).complete();
    await shop.ended(ids[0] ?? '');
    expect(await ask(asked)).toBe(ids[0]);
    expect(await ask({ idempotencyKey: 'another' })).not.toBe(ids[0]);
  });

  it('with a key that stood for something else is a CONFLICT', async () => {
    await ask({ idempotencyKey: 'mine' });
    for (const other of [{ priority: 6 }, { maxAttempts: 1 }, { steps: ['INDEX'] }] as const)
      await expectRefusal(ask({ idempotencyKey: 'mine', ...other }), 'CONFLICT', 'request.idempotencyKey');
    const elsewhere = await ada.create('text');
    await expectRefusal(
      start(shop, ada.viewer, elsewhere, { idempotencyKey: 'mine' }),
      'CONFLICT',
      'request.idempotencyKey',
    );
  });

  it('[P9] with a key does not meet the same key of others', async () => {
    await share('EDITOR');
    const jobId = await ask({ idempotencyKey: 'mine', steps: ['INDEX'] });
    await ask({ idempotencyKey: 'mine', priority: 1 }, bob);
    const stranger = shop.service.as('ada', 'other');
    const hers = await stranger.create('text');
    const job = await start(shop, stranger.viewer, hers, { idempotencyKey: 'mine' });
    expect(job.jobId).not.toBe(jobId);
  });

  it.each(['', 'x'.repeat(129), 'with space', 'ü'])('[P11] refuses the key %j', async (idempotencyKey) => {
    await expectRefusal(ask({ idempotencyKey }), 'BAD_USER_INPUT', 'request.idempotencyKey');
  });

  it('is for those who may change the document; strangers learn nothing of it', async () => {
    const jobId = await ask();
    const { jobs } = shop;
    const refusedWith = async (person: Person, code: 'NOT_FOUND' | 'FORBIDDEN'): Promise<void> => {
      await expectRefusal(start(shop, person.viewer, documentId), code);
      await expectRefusal(jobs.cancel(person.viewer, jobId), code);
      await expectRefusal(jobs.retry(person.viewer, jobId), code);
    };
    await refusedWith(bob, 'NOT_FOUND');
    expect(await jobs.find(bob.viewer, jobId)).toBeNull();
    const elsewhere = shop.service.as('ada', 'other');
    await refusedWith(elsewhere, 'NOT_FOUND');
    expect(await jobs.find(elsewhere.viewer, jobId)).toBeNull();
    await share('VIEWER');
    await refusedWith(bob, 'FORBIDDEN');
    expect((await jobs.find(bob.viewer, jobId))?.jobId).toBe(jobId);
    await shop.service.documents.delete(ada.viewer, documentId);
    await refusedWith(ada, 'NOT_FOUND');
    expect(await jobs.find(ada.viewer, jobId)).toBeNull();
  });

  it.each(['', 'nothing', "x' or 1=1 --", 'ü'])('[P11] of %j is NOT_FOUND', async (id) => {
    await expectRefusal(start(shop, ada.viewer, id), 'NOT_FOUND');
    await expectRefusal(shop.jobs.cancel(ada.viewer, id), 'NOT_FOUND');
    await expectRefusal(shop.jobs.retry(ada.viewer, id), 'NOT_FOUND');
    expect(await shop.jobs.find(ada.viewer, id)).toBeNull();
  });

  it('is refused while too many are open in the tenant, and in no other', { timeout: 60_000 }, async () => {
    const jobId = await ask();
    const row = await shop.query
      .selectFrom('processing_jobs')
      .selectAll()
      .where('job_id', '=', jobId)
      .executeTakeFirstOrThrow();
    const { sequence, ...columns } = row;
    expect(sequence).toBeGreaterThan(0);
    for (let made = 1; made < MAX_OPEN_JOBS; made += 500)
      await shop.query
        .insertInto('processing_jobs')
        .values(
          Array.from({ length: Math.min(500, MAX_OPEN_JOBS - made) }, (_one, index) => ({
            ...columns,
            job_id: `filler-${made + index}`,
            document_id: 'filler',
          })),
        )
        .execute();
    const next = await ada.create('text');
    await expect(start(shop, ada.viewer, next)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterMs: 10_000 },
    });
    await expectRefusal(shop.batches.start(ada.viewer, [next], REQUEST), 'RATE_LIMITED');
    const elsewhere = shop.service.as('eve', 'other');
    await start(shop, elsewhere.viewer, await elsewhere.create('text'));
    await shop.jobs.cancel(ada.viewer, jobId);
    await start(shop, ada.viewer, next);
  });
});

describe('retrying a job', () => {
  const fail = async (): Promise<string> => {
    const jobId = await ask({ steps: ['ANALYZE', 'INDEX'], priority: 8, maxAttempts: 2 });
    shop.runner.start();
    (await shop.run(jobId)).fail(new StepError('BROKEN', 'broken'));
    await shop.ended(jobId);
    await shop.runner.stop();
    return jobId;
  };

  it('makes a new one on the present revision, and leaves the old as it was', async () => {
    const jobId = await fail();
    await share('EDITOR');
    await ada.insert(documentId, 0, 'more ');
    const old = await shop.job(jobId);
    const again = await shop.jobs.retry(bob.viewer, jobId);
    expect(again).toMatchObject({
      status: 'QUEUED',
      priority: 8,
      attempt: 0,
      maxAttempts: 2,
      errors: [],
      requestedBy: 'bob',
      steps: [{ name: 'ANALYZE' }, { name: 'INDEX' }],
    });
    expect(await shop.job(jobId)).toEqual(old);
    // It is on the present revision, so that it is given to those who ask now.
    expect(await ask({ steps: ['ANALYZE'] })).toBe(again.jobId);
  });

  it('again, or at once, gives the same one, however that has ended', async () => {
    const jobId = await fail();
    const both = await Promise.all([1, 2].map(() => shop.jobs.retry(ada.viewer, jobId)));
    const [{ jobId: again } = { jobId: '' }] = both;
    expect(new Set(both.map((job) => job.jobId)).size).toBe(1);
    await shop.jobs.cancel(ada.viewer, again);
    expect(await shop.jobs.retry(ada.viewer, jobId)).toMatchObject({ jobId: again, status: 'CANCELLED' });
    const third = await shop.jobs.retry(ada.viewer, again);
    expect([jobId, again]).not.toContain(third.jobId);
  });

  it('that is open or has completed is a CONFLICT', async () => {
    const jobId = await ask();
    await expectRefusal(shop.jobs.retry(ada.viewer, jobId), 'CONFLICT');
    shop.runner.start();
    const run = await shop.run(jobId);
    await expectRefusal(shop.jobs.retry(ada.viewer, jobId), 'CONFLICT');
    run.complete();
    await shop.ended(jobId);
    await expectRefusal(shop.jobs.retry(ada.viewer, jobId), 'CONFLICT');
    expect(await countJobs()).toBe(1);
  });
});

describe('the order in which jobs are begun', () => {
  it('is that of their priority, then that of their asking', async () => {
    const ids: string[] = [];
    for (const priority of [5, 0, 10, 5, 10]) {
      workshop.advance(1);
      ids.push((await start(shop, ada.viewer, await ada.create('text'), { priority })).jobId);
    }
    const begun: string[] = [];
    for (let left = ids.length; left > 0; left -= 1) {
      const [job] = await shop.lifecycle.claim(1);
      begun.push(job?.jobId ?? '');
    }
    expect(begun).toEqual([2, 4, 0, 3, 1].map((index) => ids[index]));
  });

  it('lets nobody’s single job wait behind all of a batch of 1,000', async () => {
    const documents: string[] = [];
    for (let index = 0; index < 1_000; index += 1) documents.push(await ada.create(''));
    await shop.batches.start(ada.viewer, documents, REQUEST);
    // Three a second are done.
    for (let second = 0; second < 5; second += 1) {
      await shop.lifecycle.claim(3);
      workshop.advance(1_000);
    }
    const single = await bob.create('text');
    const { jobId } = await start(shop, bob.viewer, single);
    const next = await shop.lifecycle.claim(3);
    expect(next.map((job) => job.jobId)).toContain(jobId);
    // And the batch does not wait for ever behind those who come later.
    expect(next).toHaveLength(3);
  });
});
