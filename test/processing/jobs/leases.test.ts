import type { RootOperationNode } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/platform/realtime/broker.ts';
import { createMemoryBroker } from '../../../src/platform/realtime/memory-broker.ts';
import type { Database } from '../../../src/platform/storage/database.ts';
import { LEASE_MS, MAX_INTERRUPTIONS } from '../../../src/processing/lifecycle.ts';
import { JobProgress } from '../../../src/processing/progress.ts';
import type { Person } from '../../support/documents.ts';
import { createWorkshop, eventually, REQUEST, type Shop, start, type Workshop } from './workshop.ts';

/** Milliseconds between two renewals, and between two looks for jobs whose holder is gone. */
const RENEW_MS = 3_000;
const LOOK_MS = 2_000;
/** What P10 promises. */
const AGAIN_MS = 15_000;

let workshop: Workshop;
/** Where jobs are asked for; nothing runs here unless a test starts it. */
let shop: Shop;
let ada: Person;
let broker: Broker;

beforeEach(async () => {
  workshop = await createWorkshop();
  broker = createMemoryBroker();
  shop = await workshop.open({ broker });
  ada = shop.service.as('ada');
});
afterEach(async () => {
  expect(await workshop.faults()).toEqual([]);
  await workshop.close();
});

const ask = async (): Promise<string> => (await start(shop, ada.viewer, await ada.create('text'))).jobId;

/** An instance that runs jobs and hears of those that are asked for, unless it is opened otherwise. */
async function openRunning(options: Parameters<Workshop['open']>[0] = {}): Promise<Shop> {
  const opened = await workshop.open({ broker, ...options });
  opened.runner.start();
  return opened;
}

/** Lets time pass for these instances; between two seconds what they began to write is written. */
async function pass(ms: number, shops: readonly Shop[]): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    workshop.advance(Math.min(1_000, left), shops);
    for (const { lifecycle } of shops) await lifecycle.renew([]);
  }
}

describe('[P10] a job whose holder is gone', () => {
  it('is taken over within 15 s, in the same attempt, and the old holder writes nothing any more', async () => {
    const frozen = await openRunning();
    const jobId = await ask();
    const old = await frozen.run(jobId);
    const other = await openRunning();
    // Its clock stands still, as in a process that is stopped; that of the other goes.
    await pass(LEASE_MS - 1, [other]);
    expect(other.runs).toEqual([]);
    await pass(LOOK_MS, [other]);
    const { job, complete } = await other.run(jobId);
    expect(LEASE_MS + LOOK_MS).toBeLessThan(AGAIN_MS);
    expect(job).toMatchObject({ attempt: 1, fence: old.job.fence + 1 });

    const before = await shop.job(jobId);
    const { lifecycle } = frozen;
    expect(await lifecycle.progress(old.job, old.progress)).toBe(false);
    expect(await lifecycle.complete(old.job, old.progress, { revision: 7 })).toBe(false);
    expect(await lifecycle.fail(old.job, old.progress, { message: 'old', retriable: false })).toBe(false);
    expect(await lifecycle.fail(old.job, old.progress, { message: 'old', retriable: true })).toBe(false);
    await lifecycle.giveBack(old.job);
    expect(await lifecycle.renew([old.job])).toEqual([old.job]);
    expect(await shop.job(jobId)).toEqual(before);

    complete({ revision: 1 });
    expect(await shop.ended(jobId)).toMatchObject({ status: 'COMPLETED', attempt: 1, errors: [] });
    expect(await shop.result(jobId)).toEqual({ revision: 1 });
    expect(await workshop.story(jobId)).toEqual(['QUEUED', 'IN_PROGRESS', 'IN_PROGRESS', 'COMPLETED']);
  });

  it('is given up by a holder that finds out', async () => {
    const frozen = await openRunning();
    const jobId = await ask();
    const old = await frozen.run(jobId);
    const other = await openRunning();
    await pass(LEASE_MS + LOOK_MS, [other]);
    const taken = await other.run(jobId);
    expect(old.signal.aborted).toBe(false);
    workshop.advance(RENEW_MS, [frozen]);
    await eventually(() => old.signal.aborted).toBe(true);
    await eventually(() => frozen.runner.running).toBe(0);
    expect(taken.signal.aborted).toBe(false);
    taken.complete();
    expect((await shop.ended(jobId)).status).toBe('COMPLETED');
  });

  it('is taken over by one that has no room for another job', async () => {
    const frozen = await openRunning({ capacity: 1 });
    const jobId = await ask();
    await frozen.run(jobId);
    const full = await openRunning({ capacity: 1 });
    const own = await ask();
    await full.run(own);
    await pass(LEASE_MS + LOOK_MS, [full]);
    await full.run(jobId);
    expect(full.runner.running).toBe(2);
    // What waits its turn goes on waiting.
    const waiting = await ask();
    await pass(LOOK_MS, [full]);
    expect(full.runs.map(({ job }) => job.jobId)).not.toContain(waiting);
  });

  it('is given up when that has happened too often, and counted in its batch', async () => {
    const { batchId } = await shop.batches.start(ada.viewer, [await ada.create('text')], REQUEST);
    let [held] = await shop.lifecycle.claim(1);
    const jobId = held?.jobId ?? '';
    const interrupt = async (isBegun: boolean): Promise<void> => {
      const progress = new JobProgress(['INDEX'], () => undefined);
      progress.begin(0);
      if (isBegun) expect(await shop.lifecycle.progress(held!, progress)).toBe(true);
      expect(await shop.lifecycle.takeOver(10)).toEqual([]);
      workshop.advance(LEASE_MS);
    };
    // What had not begun is not to blame.
    for (const isBegun of [...Array<boolean>(MAX_INTERRUPTIONS).fill(true), false, false]) {
      await interrupt(isBegun);
      const { fence } = held!;
      [held] = await shop.lifecycle.takeOver(10);
      expect(held).toMatchObject({ jobId, attempt: 1, fence: fence + 1 });
    }
    await interrupt(true);
    expect(await shop.lifecycle.takeOver(10)).toEqual([]);
    const job = await shop.job(jobId);
    expect(job).toMatchObject({ status: 'FAILED', attempt: 1 });
    expect(job.errors.map(({ message }) => message)).toEqual([
      `Whoever ran this job was gone ${MAX_INTERRUPTIONS} times before it had ended. Retry it when the server is well.`,
    ]);
    expect(await shop.batches.find(ada.viewer, batchId)).toMatchObject({ failed: 1, total: 1 });
  });

  it('is taken on again by a process that has slept, which goes on with it', async () => {
    shop.runner.start();
    const jobId = await ask();
    const old = await shop.run(jobId);
    // All that was due meanwhile comes at once, and the leases have run out.
    shop.service.clock.advance(LEASE_MS + LOOK_MS);
    await eventually(() => old.signal.aborted).toBe(true);
    const again = await shop.run(jobId);
    expect(again.job).toMatchObject({ attempt: 1, fence: old.job.fence + 1 });
    await pass(3 * RENEW_MS, [shop]);
    expect(again.signal.aborted).toBe(false);
    again.complete();
    expect((await shop.ended(jobId)).status).toBe('COMPLETED');
  });
});

describe('[P10] a job whose holder lives', () => {
  it('stays with it, however long it takes', async () => {
    const holder = await openRunning();
    const other = await openRunning();
    const jobId = await ask();
    workshop.advance(LOOK_MS);
    await eventually(() => holder.runs.length + other.runs.length).toBe(1);
    const [run] = [...holder.runs, ...other.runs];
    await pass(120_000, [holder, other]);
    expect(holder.runs.length + other.runs.length).toBe(1);
    run?.complete();
    expect((await shop.ended(jobId)).status).toBe('COMPLETED');
  });

  for (const [how, shared] of [
    ['at once by one who hears of it', true],
    ['at the next look by one who does not', false],
  ] as const) {
    it(`is put back when that stops, and taken ${how}`, async () => {
      const stopping = await openRunning();
      const jobId = await ask();
      const old = await stopping.run(jobId);
      old.progress.begin(0);
      const other = await openRunning(shared ? {} : { broker: createMemoryBroker() });
      await stopping.runner.stop();
      expect(old.signal.aborted).toBe(true);
      expect(stopping.service.clock.pending).toBe(0);
      if (!shared) workshop.advance(LOOK_MS);
      const { job, complete } = await other.run(jobId);
      expect(job).toMatchObject({ attempt: 1, errors: [] });
      complete();
      await shop.ended(jobId);
      expect(await workshop.story(jobId)).toEqual([
        'QUEUED',
        'IN_PROGRESS',
        'QUEUED',
        'IN_PROGRESS',
        'COMPLETED',
      ]);
    });
  }

  it('is completed by a stop that comes when it is done', async () => {
    const stopping = await openRunning();
    const jobId = await ask();
    workshop.advance(LOOK_MS);
    (await stopping.run(jobId)).complete();
    await stopping.runner.stop();
    expect((await shop.job(jobId)).status).toBe('COMPLETED');
  });
});

/** A database that refuses to be written to while `isIll`. */
const illWhile =
  (isIll: () => boolean) =>
  (database: Database): Database => ({
    ...database,
    query: database.query.withPlugin({
      transformQuery({ node }: { readonly node: RootOperationNode }) {
        if (isIll() && node.kind === 'UpdateQueryNode') throw new Error('the disk is full');
        return node;
      },
      transformResult: async ({ result }) => result,
    }),
  });

describe('[P10] while the database refuses writes', () => {
  let ill = false;
  let runner: Shop;
  beforeEach(async () => {
    ill = false;
    runner = await openRunning({ through: illWhile(() => ill) });
  });

  it.each([
    ['completes', 'COMPLETED'],
    ['fails', 'FAILED'],
  ] as const)('a job that %s is run again afterwards, and ends once', async (_, status) => {
    const jobId = await ask();
    workshop.advance(LOOK_MS);
    const end = (run: Awaited<ReturnType<Shop['run']>>): void => {
      if (status === 'COMPLETED') run.complete();
      else run.fail(new Error('broken'));
    };
    const first = await runner.run(jobId);
    ill = true;
    end(first);
    await eventually(() => runner.runner.running).toBe(0);
    await pass(LEASE_MS + LOOK_MS, [runner]).catch(() => undefined);
    ill = false;
    for (let attempt = 1; attempt <= (status === 'FAILED' ? 3 : 1); attempt += 1) {
      await eventually(async () => {
        workshop.advance(100);
        return runner.runs.some(({ open }) => open);
      }).toBe(true);
      end(await runner.run(jobId));
      await eventually(() => runner.runner.running).toBe(0);
    }
    expect(await shop.ended(jobId)).toMatchObject({ status });
  });

  it('no job is begun, and all of them afterwards', async () => {
    ill = true;
    const ids = [await ask(), await ask()];
    workshop.advance(10_000);
    await runner.service.database.ping();
    expect(runner.runs).toEqual([]);
    ill = false;
    workshop.advance(LOOK_MS);
    for (const id of ids) (await runner.run(id)).complete();
    for (const id of ids) expect((await shop.ended(id)).status).toBe('COMPLETED');
  });

  it('a job that stops is taken over when its lease has run out', async () => {
    const jobId = await ask();
    workshop.advance(LOOK_MS);
    await runner.run(jobId);
    ill = true;
    await runner.runner.stop();
    const other = await openRunning();
    await pass(LEASE_MS + LOOK_MS, [other]);
    (await other.run(jobId)).complete();
    expect((await shop.ended(jobId)).status).toBe('COMPLETED');
  });
});

describe('[P10] announcements that are lost', () => {
  /** Nobody hears anything. */
  const createDeafBroker = (): Broker => ({ ...createMemoryBroker(), publish: () => undefined });

  it('cost a job two seconds, and a cancel three', async () => {
    const deaf = await openRunning({ broker: createDeafBroker() });
    const documentId = await ada.create('text');
    await eventually(() => deaf.runner.lookedAt).not.toBeNull();
    const { jobId } = await start(deaf, ada.viewer, documentId);
    workshop.advance(LOOK_MS - 100);
    await deaf.service.database.ping();
    expect(deaf.runs).toEqual([]);
    workshop.advance(100);
    const run = await deaf.run(jobId);
    await deaf.jobs.cancel(ada.viewer, jobId);
    expect(run.signal.aborted).toBe(false);
    workshop.advance(RENEW_MS);
    await eventually(() => run.signal.aborted).toBe(true);
    await eventually(() => deaf.runner.running).toBe(0);
    expect((await deaf.job(jobId)).status).toBe('CANCELLED');
  });
});
