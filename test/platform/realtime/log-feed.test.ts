import { describe, expect, it } from 'vitest';
import { LOG_PAGE_EVENTS } from '../../../src/platform/realtime/log-pages.ts';
import type { Audience } from '../../../src/platform/realtime/source.ts';
import { expectNothingLeft, join, plain, worldWith } from './feed-joining.ts';
import { type Entry, range, settled } from './log-source.ts';
import { createSink, deferred } from './sinks.ts';

describe('log feed', () => {
  it('[P4] gives everybody what follows their cursor, then what is live', async () => {
    const world = worldWith(300);
    const cursors = [0, 1, 127, 128, 299, 300];
    const all = cursors.map((after) => join(world, { after }));
    await settled();
    world.source.hint(world.commit(5));
    await settled();
    for (const [index, { sink }] of all.entries()) {
      expect(sink.got).toEqual(range((cursors[index] ?? 0) + 1, 305));
      expect(sink.cursors).toEqual(sink.got);
    }
    for (const { stop } of all) stop();
    await expectNothingLeft(world);
  });

  it('has one listener, one timer and shared reads and checks for any number of subscribers', async () => {
    const world = worldWith(1000);
    const audience = plain();
    const all = range(1, 200).map(() => join(world, { audience }));
    expect(world.feed().members).toBe(200);
    expect(world.feed().groups).toBe(1);
    await settled();
    expect(world.source.listeners.size).toBe(1);
    expect(world.clock.pending).toBeLessThanOrEqual(1);
    for (const { sink } of all) expect(sink.got).toEqual(range(1, 1000));
    // The pages of the log, and what the reader of live events looks at.
    expect(world.readFrom.length).toBeLessThanOrEqual(Math.ceil(1000 / LOG_PAGE_EVENTS) + 3);
    expect(world.checked.length).toBeLessThanOrEqual(4);
    for (const { stop } of all) stop();
    await expectNothingLeft(world);
  });

  it('renders a live event once for all who select the same', async () => {
    const world = worldWith(0);
    const rendered: number[] = [];
    const audience: Audience<Entry, number> = {
      render({ n }) {
        rendered.push(n);
        return n;
      },
    };
    const all = range(1, 50).map(() => join(world, { audience }));
    const other = join(world);
    await settled();
    expect(world.feed().groups).toBe(2);
    world.source.hint(world.commit(3));
    await settled();
    expect(rendered).toEqual([1, 2, 3]);
    for (const { sink } of all) expect(sink.got).toEqual([1, 2, 3]);
    other.stop();
    expect(world.feed().groups).toBe(1);
    for (const { stop } of all) stop();
    await expectNothingLeft(world);
  });

  it('[P6] keeps nobody waiting for a slow reader, who gets the rest without a read when it is soon back', async () => {
    const world = worldWith(0);
    const audience = plain();
    const slow = join(world, { audience, sink: createSink<number>(2) });
    const fast = join(world, { audience });
    await settled();
    const reads = world.readFrom.length;
    for (let n = 1; n <= 10; n += 1) {
      world.source.hint(world.commit());
      await settled();
    }
    expect(slow.sink.got).toEqual([1, 2]);
    expect(fast.sink.got).toEqual(range(1, 10));
    slow.sink.makeRoom();
    await settled();
    expect(slow.sink.got).toEqual(range(1, 10));
    expect(world.readFrom.length - reads).toBeLessThanOrEqual(1);
    world.source.hint(world.commit());
    await settled();
    expect([slow.sink.got.at(-1), fast.sink.got.at(-1)]).toEqual([11, 11]);
    slow.stop();
    fast.stop();
    await expectNothingLeft(world);
  });

  it('[P6] sends one who was away for long to the log, a page at a time as there is room', async () => {
    const world = worldWith(0);
    const slow = join(world, { sink: createSink<number>(1) });
    await settled();
    for (let burst = 0; burst < 30; burst += 1) {
      world.source.hint(world.commit(100));
      await settled();
    }
    expect(slow.sink.got).toEqual([1]);
    const reads = world.readFrom.length;
    slow.sink.makeRoom(64);
    await settled();
    expect(slow.sink.got).toEqual(range(1, 65));
    expect(world.readFrom.length - reads).toBeLessThanOrEqual(2);
    slow.sink.makeRoom();
    await settled();
    expect(slow.sink.got).toEqual(range(1, 3000));
    slow.stop();
    await expectNothingLeft(world);
  });

  it('leaves out what a subscriber does not want, old and live', async () => {
    const world = worldWith(6);
    const { sink, stop } = join(world, { skips: ({ n }) => n % 3 === 0 });
    await settled();
    world.source.hint(world.commit(6));
    await settled();
    expect(sink.got).toEqual([1, 2, 4, 5, 7, 8, 10, 11]);
    stop();
    await expectNothingLeft(world);
  });

  it('[P4] gives nothing twice to one who has more than the feed has delivered', async () => {
    const world = worldWith(5);
    const first = join(world, { after: 5 });
    await settled();
    // The announcement is lost: the log holds what the feed does not know of.
    const events = world.commit(4);
    const ahead = join(world, { after: 8 });
    const through = join(world, { after: 6 });
    await settled();
    world.source.hint(events);
    world.source.hint(world.commit());
    await settled();
    expect(first.sink.got).toEqual(range(6, 10));
    expect(through.sink.got).toEqual(range(7, 10));
    expect(ahead.sink.got).toEqual([9, 10]);
    for (const { stop } of [first, ahead, through]) stop();
    await expectNothingLeft(world);
  });

  it('closes with its last subscriber, once, whoever ends it and however often', async () => {
    const world = worldWith(3);
    const one = join(world);
    const two = join(world);
    await settled();
    one.stop();
    one.stop();
    expect(world.closed).toBe(0);
    two.stop();
    expect(world.closed).toBe(1);
    world.commit();
    await expectNothingLeft(world);
    expect(one.sink.ends).toEqual([]);
    const three = join(world, { after: 3 });
    await settled();
    expect(world.opened).toBe(2);
    three.stop();
    await expectNothingLeft(world);
  });

  it.each(['is checked', 'reads', 'is rendered for', 'waits for room'])(
    '[P6] gives nothing to one who leaves while it %s',
    async (when) => {
      const world = worldWith(3, { holdReads: when === 'reads', holdChecks: when === 'is checked' });
      const late = deferred<number>();
      const audience = when === 'is rendered for' ? { render: () => late.promise } : plain();
      const sink = createSink<number>(when === 'waits for room' ? 0 : 9);
      const { stop } = join(world, { audience, sink });
      await settled();
      stop();
      for (const held of [...world.reads.splice(0), ...world.checks.splice(0)]) held.finish();
      late.resolve(1);
      sink.makeRoom();
      await expectNothingLeft(world);
      expect([sink.got, sink.ends]).toEqual([[], []]);
    },
  );
});
