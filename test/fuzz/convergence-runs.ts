import type { TestRedis } from '../support/redis.ts';
import { converge } from './convergence.ts';
import { createBarrier, runSeeds, type SeedError } from './seeds.ts';

/** Documents that are edited at once. */
const WIDTH = 6;
/** Seeds that share one end and one return of Redis. */
const REDIS_BATCH = 25;

type OnDone = (failure: SeedError | null) => void;

/** Runs seeds on one instance. Resolves with those that failed. */
export const convergeOnOne = (url: string, seeds: readonly number[], onDone?: OnDone): Promise<SeedError[]> =>
  runSeeds(seeds, WIDTH, (seed) => converge(seed, { urls: [url] }), onDone);

/** Runs seeds over instances whose Redis is killed in the middle of each of them, and started again. */
export async function convergeOverRedis(
  { urls, redis }: { urls: readonly string[]; redis: TestRedis },
  seeds: readonly number[],
  onDone?: OnDone,
): Promise<SeedError[]> {
  const failures: SeedError[] = [];
  for (let start = 0; start < seeds.length; start += REDIS_BATCH) {
    const batch = seeds.slice(start, start + REDIS_BATCH);
    failures.push(...(await convergeTogether(urls, redis, batch, onDone)));
  }
  return failures;
}

/** All seeds at once, in step: their second phase is the one without Redis. */
function convergeTogether(
  urls: readonly string[],
  redis: TestRedis,
  seeds: readonly number[],
  onDone?: OnDone,
): Promise<SeedError[]> {
  const barriers = [
    createBarrier(seeds.length, () => redis.kill()),
    createBarrier(seeds.length, () => redis.restart()),
  ];
  const run = async (seed: number): Promise<void> => {
    const ahead = [...barriers];
    const betweenPhases = async (): Promise<void> => ahead.shift()?.arrive();
    try {
      await converge(seed, { urls, phases: [0.4, 0.2, 0.4], betweenPhases });
    } finally {
      for (const barrier of ahead) barrier.leave();
    }
  };
  return runSeeds(seeds, seeds.length, run, onDone);
}
