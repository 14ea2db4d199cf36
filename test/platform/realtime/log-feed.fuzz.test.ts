import { expect, it } from 'vitest';
import { POLL_MS, SAFETY_POLL_MS } from '../../../src/platform/realtime/log-stream.ts';
import type { Audience } from '../../../src/platform/realtime/source.ts';
import { Random } from '../../support/random.ts';
import { type FeedReader, openReader } from './feed-reader.ts';
import { createFeedWorld, type Held } from './feed-world.ts';
import { type Entry, settled } from './log-source.ts';
import { deferred } from './sinks.ts';

const VIEWERS = ['ada', 'bob', 'cem', 'dan', 'eve'];

interface Run {
  readonly seed: number;
  readonly total: number;
  /** Largest number of events committed together. */
  readonly burst: number;
  readonly maxReaders: number;
  /** Events are for some of the viewers only. */
  readonly sifts?: boolean;
}

/** One run in which everything that may go wrong does; answers what was seen that must not be. */
const run = async ({ seed, total, burst, maxReaders, sifts = false }: Run): Promise<string[]> => {
  const random = new Random(seed);
  const faults: string[] = [];
  const world = createFeedWorld({
    holdReads: random.chance(0.7),
    holdChecks: random.chance(0.7),
    ...(sifts && {
      holdSifts: random.chance(0.7),
      isFor: (n: number, viewer: string) => (n + VIEWERS.indexOf(viewer)) % 3 !== 0,
    }),
  });
  const { source, clock } = world;
  source.hearing = random.chance(0.7) ? 'live' : 'interrupted';
  const [lost, doubled, late, referred] = [random.next(), random.next(), random.next(), random.next() / 2];
  const rendering: Held[] = [];
  const delayed: Entry[][] = [];
  const readers: FeedReader[] = [];

  /** One renders at once, one takes its time, one does either. */
  const audiences = [0, 1, random.next()].map(
    (slowness): Audience<Entry, number> => ({
      render({ n }) {
        if (!random.chance(slowness)) return n;
        const { promise, resolve, reject } = deferred<number>();
        rendering.push({ finish: () => resolve(n), fail: reject });
        return promise;
      },
    }),
  );

  const announce = (events: Entry[]): void => {
    if (random.chance(referred)) source.refer(events.at(-1)?.n);
    else source.hint(events);
  };
  const commit = (): void => {
    const events = world.commit(Math.min(random.between(1, burst), total - world.head()));
    if (events.length === 0) return;
    if (random.chance(late)) delayed.push(events);
    else if (!random.chance(lost)) announce(events);
    if (random.chance(doubled)) delayed.push(events);
  };
  const come = (): void => {
    // Whoever may not read is not let in; access may end the moment after.
    const viewer = random.pick(VIEWERS);
    if (!world.mayRead(viewer) || readers.filter(({ here }) => here).length >= maxReaders) return;
    const after = random.chance(0.4) ? world.head() : random.between(0, world.head());
    const skipEvery = random.chance(0.3) ? random.between(2, 4) : 0;
    const audience = random.pick(audiences);
    const report = (fault: string): void => void faults.push(fault);
    readers.push(openReader({ world, random, viewer, after, skipEvery, audience, report }));
  };
  const someone = (): FeedReader | undefined => {
    const here = readers.filter((reader) => reader.here);
    return here[random.between(0, Math.max(0, here.length - 1))];
  };
  const tell = (): void => {
    if (world.opened > world.closed && random.chance(0.5)) world.feed().recheck();
  };
  const answerOne = (held: Held[]): void => {
    held.splice(random.between(0, Math.max(0, held.length - 1)), 1)[0]?.finish();
  };
  const steps = [
    commit,
    commit,
    come,
    () => delayed.length > 0 && announce(delayed.splice(random.between(0, delayed.length - 1), 1)[0] ?? []),
    () => answerOne(world.reads),
    () => answerOne(world.reads),
    () => answerOne(world.checks),
    () => answerOne(world.checks),
    () => answerOne(rendering),
    () => answerOne(rendering),
    () => someone()?.drain(random.between(1, 20)),
    () => someone()?.drain(20),
    () => random.chance(0.3) && someone()?.leave(),
    () => {
      if (!random.chance(0.3)) return;
      world.revoke(random.pick(VIEWERS));
      tell();
    },
    () => {
      // The worst of them: nobody is told of the revocation, nor of what is committed after it.
      if (!random.chance(0.3) || world.head() === total) return;
      world.revoke(random.pick(VIEWERS));
      world.commit();
      for (const reader of readers) if (reader.here) reader.drain(20);
    },
    () => {
      if (!random.chance(0.3)) return;
      world.grant(random.pick(VIEWERS));
      tell();
    },
    () => random.chance(0.1) && source.interrupt(),
    () => random.chance(0.1) && source.revive(),
    () => random.chance(0.1) && clock.advance(random.between(1, POLL_MS)),
    ...(sifts ? [() => answerOne(world.sifts), () => answerOne(world.sifts)] : []),
  ];

  world.grant(...VIEWERS);
  world.commit(random.between(1, Math.ceil(total / 4)));
  for (let step = 0; step < 40 || world.head() < total; step += 1) {
    random.pick(steps)();
    for (let turns = random.between(0, 4); turns > 0; turns -= 1) await Promise.resolve();
    // One timer is enough for all who subscribe.
    if (clock.pending > world.opened - world.closed) faults.push(`${clock.pending} timers`);
    if (source.listeners.size > world.opened - world.closed) faults.push('too many listeners');
  }

  // It all calms down, and one of the things happens that must bring the rest: a last hint, a return, or time.
  const rescue = random.between(0, 2);
  if (rescue === 0) source.refer(total);
  if (rescue === 1) source.revive();
  const isDone = (): boolean => readers.every((reader) => reader.isDone());
  // A reader may need several turns an event: for room, for a page, for the rendering.
  for (let calm = 0; calm < 6 * total + 50 && !isDone(); calm += 1) {
    if (rescue === 2) clock.advance(SAFETY_POLL_MS);
    // Who was revoked unheard is found out in time.
    else if (readers.some(({ here, viewer }) => here && !world.mayRead(viewer)))
      clock.advance(SAFETY_POLL_MS);
    for (const held of [world.reads, world.checks, world.sifts, rendering]) {
      for (const one of held.splice(0)) one.finish();
    }
    for (const reader of readers) if (reader.here) reader.drain(20);
    await settled();
  }
  for (const reader of readers) if (!reader.isDone()) faults.push(`${reader.viewer} waits in vain`);
  for (const reader of readers) if (reader.here) reader.leave();
  await settled();
  for (const held of [world.reads, world.checks, world.sifts, rendering]) {
    for (const one of held.splice(0)) one.finish();
  }
  await settled();
  if (source.listeners.size > 0) faults.push('a listener is left');
  if (clock.pending > 0) faults.push('a timer is left');
  if (world.opened !== world.closed) faults.push('a feed is left');
  return faults;
};

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);

it('[P4] somebody who has one event at a time rendered, refused and rendered again comes to the end (seed 270576686)', async () => {
  expect(await run({ seed: 270_576_686, total: 60, burst: 4, maxReaders: 8 })).toEqual([]);
});

it.each([
  { runs: 800, total: 60, burst: 4, maxReaders: 8, sifts: false },
  { runs: 8, total: 3_000, burst: 600, maxReaders: 12, sifts: false },
  { runs: 800, total: 60, burst: 4, maxReaders: 8, sifts: true },
  { runs: 8, total: 3_000, burst: 600, maxReaders: 12, sifts: true },
])(
  `[P4][P7] $runs runs of $total events (for some only: $sifts): all get what is theirs, once and in order, and nobody else (FUZZ_SEED=${SEED})`,
  async ({ runs, ...sizes }) => {
    for (let seed = SEED; seed < SEED + runs; seed += 1) {
      const faults = await run({ seed, ...sizes });
      expect(faults.slice(0, 5), `FUZZ_SEED=${seed}, ${JSON.stringify(sizes)}`).toEqual([]);
    }
  },
);
