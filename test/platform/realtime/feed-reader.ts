import type { Audience, Sink } from '../../../src/platform/realtime/source.ts';
import type { Random } from '../../support/random.ts';
import { type FeedWorld, Refused } from './feed-world.ts';
import type { Entry } from './log-source.ts';

export interface ReaderOptions {
  readonly world: FeedWorld;
  readonly random: Random;
  readonly viewer: string;
  readonly after: number;
  /** Every so many events is its own, which it does not want; 0: none. */
  readonly skipEvery: number;
  readonly audience: Audience<Entry, number>;
  /** What it saw that must not be. */
  readonly report: (fault: string) => void;
}

/** A subscriber of a fuzzed feed: it checks each event as it comes, and has room when it feels like it. */
export interface FeedReader {
  readonly viewer: string;
  /** True when it has all that it will ever get: everything, or its end. */
  isDone(): boolean;
  readonly ended: boolean;
  readonly here: boolean;
  drain(count: number): void;
  leave(): void;
}

/** Subscribes to the world's feed. */
export const openReader = (options: ReaderOptions): FeedReader => {
  const { world, random, viewer, after, skipEvery, audience, report } = options;
  const name = `${viewer} after ${after}`;
  const since = world.epoch;
  const capacity = random.between(1, 20);
  const moody = random.next() / 2;
  let cursor = after;
  let used = 0;
  let ended = false;
  let left = false;
  let waiting: (() => void)[] = [];

  const isOwn = (n: number): boolean => skipEvery > 0 && n % skipEvery === 0;
  const isForOther = (n: number): boolean => isOwn(n) || !world.isFor(n, viewer);
  const nextAfter = (from: number): number => {
    let next = from + 1;
    while (isForOther(next)) next += 1;
    return next;
  };
  /** Whether the viewer could read under the event's epoch, or a later one. */
  const mayHave = (n: number): boolean => {
    for (let epoch = world.epochOf(n); epoch <= world.epoch; epoch += 1) {
      if (world.mayRead(viewer, epoch)) return true;
    }
    return false;
  };
  const lostAccess = (): boolean => {
    for (let epoch = since; epoch <= world.epoch; epoch += 1) if (!world.mayRead(viewer, epoch)) return true;
    return false;
  };
  const notify = (): void => {
    if (used > capacity / 2) return;
    const calls = waiting;
    waiting = [];
    for (const call of calls) call();
  };

  const sink: Sink<number> = {
    get hasRoom() {
      return !left && used < capacity;
    },
    offer(payload, at) {
      if (left) report(`${name} was offered ${payload} after it had left`);
      if (ended) report(`${name} was offered ${payload} after its end`);
      if (payload !== at) report(`${name} was offered ${payload} as ${at}`);
      if (used >= capacity || (used > 0 && random.chance(moody))) return false;
      if (payload !== nextAfter(cursor)) report(`${name} was given ${payload} behind ${cursor}`);
      if (!mayHave(payload)) report(`${name} was given ${payload} of epoch ${world.epochOf(payload)}`);
      used += 1;
      cursor = payload;
      return true;
    },
    whenRoom(call) {
      if (left) return;
      if (used === 0) queueMicrotask(call);
      else waiting.push(call);
    },
    end(error) {
      if (left || ended) report(`${name} was ended twice, or after it had left`);
      if (!(error instanceof Refused && error.viewer === viewer))
        report(`${name} ended with ${String(error)}`);
      if (!lostAccess()) report(`${name} was refused although nobody revoked it`);
      ended = true;
    },
  };
  const skips = skipEvery > 0 ? ({ n }: Entry) => isOwn(n) : null;
  const revision = world.head() - (random.chance(0.3) ? random.between(0, world.head() - after) : 0);
  const stop = world.feed(revision).subscribe({ viewer, after, skips }, audience, sink);

  return {
    viewer,
    isDone: () => left || ended || (world.mayRead(viewer) && nextAfter(cursor) > world.head()),
    get ended() {
      return ended;
    },
    get here() {
      return !left && !ended;
    },
    drain(count) {
      used = Math.max(0, used - count);
      notify();
    },
    leave() {
      left = true;
      waiting = [];
      stop();
      stop();
    },
  };
};
