import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { range, runSeeds } from '../fuzz/seeds.ts';
import { surviveRevocation, type Tally } from './burst.ts';
import { openStage, type Stage } from './burst-stage.ts';

/** Documents with a burst at once. */
const WIDTH = 4;
const RUN_MS = 240_000;

describe.each([
  { name: 'one instance', instances: 1, from: 1, seeds: 140 },
  { name: 'two instances on one SQLite file and one Redis', instances: 2, from: 141, seeds: 60 },
] as const)('access that ends in the middle of a burst, on $name', ({ instances, from, seeds }) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage(instances);
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(stage.log());
  });
  afterAll(() => stage.close());

  it(`[P7] lets nobody see what was committed later, and others everything: seeds ${from} to ${from + seeds - 1}`, {
    timeout: RUN_MS,
  }, async () => {
    const tally: Tally = { midway: 0, deleted: 0, whole: 0 };
    const run = (seed: number): Promise<void> => surviveRevocation(seed, stage, tally);
    const failures = await runSeeds(range(from, seeds), WIDTH, run);
    expect(failures.map(({ message }) => message)).toEqual([]);
    // The races were real ones: readers of each kind, and many more than a few.
    expect(tally.midway).toBeGreaterThan(seeds / 2);
    expect(tally.deleted).toBeGreaterThan(seeds / 4);
    expect(tally.whole).toBeGreaterThan(seeds);
  });
});
