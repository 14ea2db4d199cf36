import { describe, expect, it } from 'vitest';
import { QuireError } from '../../../src/platform/errors.ts';
import { createMemoryBroker } from '../../../src/platform/realtime/memory-broker.ts';
import { type BatchView, isBatchOver } from '../../../src/processing/batch.ts';
import { LEASE_MS } from '../../../src/processing/lifecycle.ts';
import { StepError } from '../../../src/processing/step-error.ts';
import { range, runSeeds } from '../../fuzz/seeds.ts';
import { turns } from '../../support/documents.ts';
import { Random } from '../../support/random.ts';
import { createWorkshop, REQUEST, type Run, type Shop, type Workshop } from './workshop.ts';

const SEEDS = 8;
const STEPS = 60;
const DOCUMENTS = 12;
/** Turns of the clocks until all must have come to its end. */
const PATIENCE = 400;

/** Somebody who watches a batch to its end. */
interface Watcher {
  readonly seen: BatchView[];
  over: boolean;
}

function watch(shop: Shop, batch: BatchView): Watcher {
  const watcher: Watcher = { seen: [], over: false };
  const read = async (): Promise<void> => {
    for await (const view of shop.streams.batchUpdates(batch)) watcher.seen.push(view);
    watcher.over = true;
  };
  void read();
  return watcher;
}

function faultsSeen({ seen, over }: Watcher): string[] {
  const wrong = seen.filter(
    ({ total, processed, failed, cancelled }) =>
      Math.min(processed, failed, cancelled) < 0 || processed + failed + cancelled > total,
  );
  const last = seen.at(-1);
  return [
    ...wrong.map((view) => `a watcher saw ${JSON.stringify(view)}`),
    ...(over && last && isBatchOver(last) ? [] : [`a watcher was left with ${JSON.stringify(last)}`]),
  ];
}

/** What is refused for good reason is no fault; anything else is. */
const orRefused = async <T>(task: Promise<T>): Promise<T | null> =>
  task.catch((error: unknown) => {
    const known = error instanceof QuireError && ['CONFLICT', 'NOT_FOUND'].includes(error.code);
    if (known) return null;
    throw error;
  });

async function play(seed: number): Promise<void> {
  const random = new Random(seed);
  const workshop: Workshop = await createWorkshop();
  try {
    const options = random.chance(0.5) ? { broker: createMemoryBroker() } : {};
    const shops = [await workshop.open(options), await workshop.open(options)] as const;
    const ada = shops[0].service.as('ada');
    const documents: string[] = [];
    for (let index = 0; index < DOCUMENTS; index += 1) documents.push(await ada.create('text'));
    const deleted = new Set<string>();
    const batches: BatchView[] = [];
    const jobIds: string[] = [];
    const watchers: Watcher[] = [];
    for (const { runner } of shops) runner.start();

    const anyShop = (): Shop => random.pick(shops);
    const openRuns = (): Run[] => shops.flatMap(({ runs }) => runs.filter(({ open }) => open));
    const end = (run: Run): void => {
      if (deleted.has(run.job.documentId)) run.fail(new StepError('DELETED', 'deleted'));
      else if (random.chance(0.6)) run.complete();
      else if (random.chance(0.5)) run.fail(new Error('for now'));
      else run.fail(new StepError('BROKEN', 'for ever'));
    };

    const actions: Readonly<Record<string, () => Promise<unknown>>> = {
      async startBatch() {
        const ids = documents.filter((id) => !deleted.has(id) && random.chance(0.5));
        if (ids.length === 0) return;
        const batch = await orRefused(
          anyShop().batches.start(ada.viewer, ids, { ...REQUEST, priority: random.between(0, 10) }),
        );
        if (!batch) return;
        batches.push(batch);
        watchers.push(watch(anyShop(), batch));
        const items = await anyShop().batches.page(ada.viewer, batch, 100, 0);
        jobIds.push(...items.map(({ jobId }) => jobId));
      },
      async start() {
        const job = await orRefused(anyShop().jobs.start(ada.viewer, random.pick(documents), REQUEST));
        if (job) jobIds.push(job.jobId);
      },
      async end() {
        const runs = openRuns();
        for (let left = random.between(1, 4); left > 0 && runs.length > 0; left -= 1) {
          end(runs.splice(random.between(0, runs.length - 1), 1)[0]!);
          if (random.chance(0.5)) await turns(random.between(0, 5));
        }
      },
      async cancel() {
        if (jobIds.length > 0) await orRefused(anyShop().jobs.cancel(ada.viewer, random.pick(jobIds)));
      },
      async retry() {
        if (jobIds.length === 0) return;
        const job = await orRefused(anyShop().jobs.retry(ada.viewer, random.pick(jobIds)));
        if (job) jobIds.push(job.jobId);
      },
      async cancelBatch() {
        if (batches.length === 0) return;
        await anyShop().batches.cancel(ada.viewer, random.pick(batches).batchId);
      },
      async retryBatch() {
        if (batches.length === 0) return;
        const batch = await orRefused(anyShop().batches.retry(ada.viewer, random.pick(batches).batchId));
        if (batch) watchers.push(watch(anyShop(), batch));
      },
      async delete() {
        const id = random.pick(documents);
        if (deleted.size > DOCUMENTS / 2 || deleted.has(id)) return;
        deleted.add(id);
        await shops[0].service.documents.delete(ada.viewer, id);
      },
      async wait() {
        workshop.advance(random.between(100, 3_000));
      },
      async freeze() {
        // One of them stands still for longer than its leases; the other goes on.
        const awake = anyShop();
        for (let left = LEASE_MS + 3_000; left > 0; left -= 1_000) {
          workshop.advance(1_000, [awake]);
          await awake.lifecycle.renew([]);
        }
      },
    };
    const often = ['end', 'end', 'end', 'start', 'startBatch', 'wait', 'cancel', 'retry'];
    const seldom = ['cancelBatch', 'retryBatch', 'delete', 'freeze'];

    const check = async (what: string): Promise<void> => {
      const faults = await workshop.faults();
      if (faults.length > 0) throw new Error(`after ${what}: ${faults.join('; ')}`);
    };
    for (let step = 1; step <= STEPS; step += 1) {
      const names = Array.from({ length: random.between(1, 3) }, () =>
        random.pick(random.chance(0.8) ? often : seldom),
      );
      const under = Promise.all(names.map(async (name) => actions[name]?.()));
      await check(`step ${step}, in the middle of ${names.join(', ')}`);
      await under;
      await check(`step ${step}, ${names.join(', ')}`);
    }

    const isOpen = async (): Promise<boolean> => {
      const open = await shops[0].query
        .selectFrom('processing_jobs')
        .select('job_id')
        .where('status', 'in', ['QUEUED', 'IN_PROGRESS'])
        .execute();
      const parts = await shops[0].query.selectFrom('processing_parts').select('sequence').execute();
      return open.length + parts.length > 0;
    };
    for (
      let turn = 0;
      turn < PATIENCE && ((await isOpen()) || watchers.some(({ over }) => !over));
      turn += 1
    ) {
      for (const run of openRuns()) end(run);
      workshop.advance(1_000);
      for (const { lifecycle } of shops) await lifecycle.renew([]);
      await turns(10);
    }
    await check('the end');
    if (await isOpen()) throw new Error('a job has not ended');
    const faults = watchers.flatMap(faultsSeen);
    if (faults.length > 0) throw new Error(faults.join('; '));
  } finally {
    await workshop.close();
  }
}

describe('batches in the hands of chance', () => {
  it(`[P10] ${SEEDS} seeds: counts add up after every step, and every watcher sees the end`, {
    timeout: 240_000,
  }, async () => {
    const failures = await runSeeds(range(1, SEEDS), 1, play);
    expect(failures.map(({ message }) => message)).toEqual([]);
  });
});
