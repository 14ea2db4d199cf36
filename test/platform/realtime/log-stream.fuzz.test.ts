import { expect, it } from 'vitest';
import { POLL_MS, SAFETY_POLL_MS } from '../../../src/platform/realtime/log-stream.ts';
import { createLogSource, type Entry, range, settled } from './log-source.ts';

/** mulberry32, a small generator of numbers in [0, 1): https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
const randomFrom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

interface Run {
  readonly seed: number;
  readonly total: number;
  /** Largest number of events committed together. */
  readonly burst: number;
}

/** One run in which everything that may go wrong does; answers the cursors delivered. */
const run = async ({ seed, total, burst }: Run): Promise<number[]> => {
  const random = randomFrom(seed);
  const chance = (probability: number): boolean => random() < probability;
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const source = createLogSource({ holdReads: true });
  source.hearing = chance(0.7) ? 'live' : 'interrupted';
  const [lost, doubled, late, referred, lazy] = [random(), random(), random(), random() / 2, random()];
  const slowAdmit = chance(0.5);
  const startAt = chance(0.7) ? 0 : upTo(total / 4);
  source.append(startAt + upTo(total / 4) - 1);

  const open = (after: number) =>
    source.open({ after, admit: () => (slowAdmit && chance(0.3) ? Promise.resolve() : undefined) });
  let stream = open(startAt);
  const got: number[] = [];
  let asked = 0;
  const ask = (): void => {
    asked += 1;
    void stream.next().then(({ value }: IteratorResult<Entry, undefined>) => {
      asked -= 1;
      if (value) got.push(value.n);
    });
  };

  const delayed: Entry[][] = [];
  const announce = (events: Entry[]): void => {
    if (chance(referred)) source.refer(events.at(-1)?.n);
    else source.hint(events);
  };
  const commit = (): void => {
    const events = source.append(Math.min(upTo(burst), total - source.head()));
    if (chance(late)) delayed.push(events);
    else if (!chance(lost)) announce(events);
    if (chance(doubled)) delayed.push(events);
  };
  const steps = [
    () => source.head() < total && commit(),
    () => source.head() < total && commit(),
    () => delayed.length > 0 && announce(delayed.splice(Math.floor(random() * delayed.length), 1)[0] ?? []),
    () => source.reads.shift()?.finish(),
    () => source.reads.shift()?.finish(),
    () => asked < 3 && !chance(lazy) && ask(),
    () => asked < 1 && ask(),
    () => chance(0.1) && source.interrupt(),
    () => chance(0.1) && source.revive(),
    () => chance(0.1) && source.clock.advance(upTo(POLL_MS)),
    () => chance(0.1) && stream.recheck(),
    () => {
      if (!chance(0.1)) return;
      stream.end();
      stream = open(stream.cursor);
    },
  ];
  const step = async (): Promise<void> => {
    steps[Math.floor(random() * steps.length)]?.();
    for (let turns = upTo(4); turns > 0; turns -= 1) await Promise.resolve();
  };
  while (source.head() < total) await step();
  for (let more = upTo(20); more > 0; more -= 1) await step();

  // It all calms down, and one of the things happens that must bring the rest: a last hint, a return, or time.
  const rescue = Math.floor(random() * 3);
  if (rescue === 0) source.hint([{ n: total }]);
  if (rescue === 1) source.revive();
  for (let calm = 0; calm < total + 50 && stream.cursor < total; calm += 1) {
    if (rescue === 2) source.clock.advance(SAFETY_POLL_MS);
    if (asked === 0) ask();
    for (const read of source.reads.splice(0)) read.finish();
    await settled();
  }
  await settled();
  stream.end();
  await settled();
  expect(source.listeners.size).toBe(0);
  expect(source.clock.pending).toBe(0);
  expect(got[0] ?? startAt + 1).toBe(startAt + 1);
  return [...range(1, startAt), ...got];
};

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);

it.each([
  { runs: 250, total: 40, burst: 3 },
  { runs: 6, total: 4000, burst: 900 },
])(
  `[P4] $runs runs of $total events are 1..n, whatever is lost, doubled, late, interrupted or resumed (FUZZ_SEED=${SEED})`,
  async ({ runs, total, burst }) => {
    for (let seed = SEED; seed < SEED + runs; seed += 1) {
      const got = await run({ seed, total, burst });
      expect(got, `FUZZ_SEED=${seed}, total ${total}, burst ${burst}`).toEqual(range(1, total));
    }
  },
);
