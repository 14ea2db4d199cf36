import { expect } from 'vitest';
import type { Audience } from '../../../src/platform/realtime/source.ts';
import { createFeedWorld, type FeedWorld } from './feed-world.ts';
import { type Entry, settled } from './log-source.ts';
import { createSink, type TestSink } from './sinks.ts';

/** An audience of its own: its payloads are the cursors. */
export const plain = (): Audience<Entry, number> => ({ render: ({ n }) => n });

export interface Joining {
  readonly viewer?: string;
  readonly after?: number;
  readonly audience?: Audience<Entry, number>;
  readonly sink?: TestSink<number>;
  readonly skips?: (event: Entry) => boolean;
}

/** Subscribes to the feed of a world. */
export const join = (world: FeedWorld, joining: Joining = {}) => {
  const {
    viewer = 'ada',
    after = 0,
    audience = plain(),
    sink = createSink<number>(),
    skips = null,
  } = joining;
  const stop = world.feed().subscribe({ viewer, after, skips }, audience, sink);
  return { sink, stop };
};

/** A world with so many events, which `ada`, `bob` and `cem` may read. */
export const worldWith = (count: number, options?: Parameters<typeof createFeedWorld>[0]): FeedWorld => {
  const world = createFeedWorld(options);
  world.grant('ada', 'bob', 'cem');
  if (count > 0) world.commit(count);
  return world;
};

/** Expects that the last subscriber has left nothing behind. */
export const expectNothingLeft = async (world: FeedWorld): Promise<void> => {
  await settled();
  expect(world.source.listeners.size).toBe(0);
  expect(world.clock.pending).toBe(0);
  expect(world.opened).toBe(world.closed);
};
