import { describe, expect, it } from 'vitest';
import {
  createGroup,
  type Group,
  MAX_QUEUED_EVENTS,
  type Member,
} from '../../../src/platform/realtime/fan-out.ts';
import { type Entry, range, settled } from './log-source.ts';
import { createSink, deferred, type TestSink } from './sinks.ts';

interface Reader extends Member<Entry> {
  readonly sink: TestSink<unknown>;
}

const readerOf = (options: Partial<Reader> = {}): Reader => ({
  cursor: 0,
  skips: null,
  sink: createSink<unknown>(),
  ...options,
});

const payloadOf = ({ n }: Entry): string => `p${n}`;
const payloads = (from: number, to: number): string[] => range(from, to).map((n) => `p${n}`);

interface Options {
  readonly delivered?: number;
  /** Which events wait until the test finishes their rendering. */
  readonly isHeld?: (n: number) => boolean;
}

/** A group whose renderings the test counts, and holds back where it likes. */
const open = ({ delivered = 0, isHeld = () => false }: Options = {}) => {
  const rendered: number[] = [];
  const left: Reader[] = [];
  const handed: (readonly [n: number, members: number])[] = [];
  const held: { readonly n: number; finish(): void }[] = [];
  const group: Group<Entry, Reader> = createGroup<Entry, Reader>({
    audience: {
      render(entry) {
        rendered.push(entry.n);
        if (!isHeld(entry.n)) return payloadOf(entry);
        const { promise, resolve } = deferred<string>();
        held.push({ n: entry.n, finish: () => resolve(payloadOf(entry)) });
        return promise;
      },
    },
    cursorOf: ({ n }) => n,
    delivered,
    onBehind: (reader) => left.push(reader),
    onDelivered: ({ n }, members) => handed.push([n, members]),
  });
  const deliver = (from: number, to = from): void => {
    for (const n of range(from, to)) group.deliver({ n });
  };
  return { group, rendered, left, held, handed, deliver };
};

describe('group', () => {
  it('renders each event once, and gives everybody the same payload in order', () => {
    const { group, rendered, deliver } = open();
    const readers = range(1, 50).map(() => readerOf());
    for (const reader of readers) group.add(reader);
    deliver(1, 20);
    expect(rendered).toEqual(range(1, 20));
    for (const { sink, cursor } of readers) {
      expect(sink.got).toEqual(payloads(1, 20));
      expect(sink.cursors).toEqual(range(1, 20));
      expect(cursor).toBe(20);
    }
    expect(group.delivered).toBe(20);
  });

  it('renders events for nobody, too: who comes then begins behind them', () => {
    const { group, rendered, deliver } = open({ delivered: 7 });
    expect(group.delivered).toBe(7);
    deliver(8);
    expect(group.delivered).toBe(8);
    expect(rendered).toEqual([8]);
  });

  it('tells for each event how many took it: not those that skip it, have it, or have no room', () => {
    const { group, handed, deliver } = open();
    deliver(1);
    group.add(readerOf());
    group.add(readerOf({ cursor: 2 }));
    group.add(readerOf({ skips: ({ n }) => n === 3 }));
    group.add(readerOf({ sink: createSink<unknown>(2) }));
    deliver(2, 4);
    expect(handed).toEqual([
      [2, 3],
      [3, 3],
      [4, 3],
    ]);
  });

  it('leaves out what a reader has already', () => {
    const { group, deliver } = open();
    const ahead = readerOf({ cursor: 3 });
    group.add(ahead);
    deliver(1, 5);
    expect(ahead.sink.got).toEqual(payloads(4, 5));
    expect(ahead.cursor).toBe(5);
  });

  it('leaves out what a reader does not want, and moves it on', () => {
    const { group, deliver, left } = open();
    const odd = readerOf({ skips: ({ n }) => n % 2 === 0, sink: createSink<unknown>(2) });
    group.add(odd);
    deliver(1, 4);
    expect(odd.sink.got).toEqual(['p1', 'p3']);
    expect(odd.cursor).toBe(4);
    expect(left).toEqual([]);
  });

  it('gives an event that is for some to those, moves the others on, and renders it for them alone', () => {
    const { group, rendered, left } = open();
    const [one, other] = [readerOf({ sink: createSink<unknown>(2) }), readerOf()];
    for (const reader of [one, other]) group.add(reader);
    group.deliver({ n: 1 }, (reader) => reader === one);
    group.deliver({ n: 2 }, () => false);
    group.deliver({ n: 3 }, (reader) => reader === other);
    group.deliver({ n: 4 });
    expect(one.sink.got).toEqual(['p1', 'p4']);
    expect(other.sink.got).toEqual(['p3', 'p4']);
    expect([one.cursor, other.cursor, group.delivered]).toEqual([4, 4, 4]);
    expect(rendered, 'nobody wanted the second').toEqual([1, 3, 4]);
    expect(left).toEqual([]);
  });

  it('[P6] lets go of a reader without room at once, and of nobody else', () => {
    const { group, left, deliver } = open();
    const slow = readerOf({ sink: createSink<unknown>(2) });
    const fast = readerOf();
    group.add(slow);
    group.add(fast);
    deliver(1, 5);
    expect(slow.sink.got).toEqual(payloads(1, 2));
    expect(slow.cursor).toBe(2);
    expect(left).toEqual([slow]);
    expect(slow.sink.refusals, 'it is not offered what comes after it').toBe(1);
    expect(fast.sink.got).toEqual(payloads(1, 5));
  });

  it('knows that the event is delivered when it says who is behind', () => {
    const { group, deliver } = open();
    const seen: number[] = [];
    const slow = readerOf({ sink: createSink<unknown>(0) });
    const other = createGroup<Entry, Reader>({
      audience: { render: payloadOf },
      cursorOf: ({ n }) => n,
      delivered: 0,
      onBehind: () => seen.push(other.delivered),
    });
    other.add(slow);
    other.deliver({ n: 1 });
    expect(seen).toEqual([1]);
    group.remove(slow);
    deliver(1);
    expect(slow.sink.got).toEqual([]);
  });

  it('gives nothing to one who was taken out, also by another in the middle of an event', () => {
    const { group, deliver } = open();
    const second = readerOf();
    const sink = createSink<unknown>();
    const first = readerOf({
      sink: {
        ...sink,
        hasRoom: true,
        offer(payload, cursor) {
          group.remove(second);
          return sink.offer(payload, cursor);
        },
      },
    });
    group.add(first);
    group.add(second);
    deliver(1, 2);
    expect(sink.got).toEqual(payloads(1, 2));
    expect(second.sink.got).toEqual([]);
    expect(second.cursor).toBe(0);
  });
});

describe('group: what is rendered asynchronously', () => {
  it('is given in the order of the events, whichever is rendered first', async () => {
    const { group, rendered, held, deliver } = open({ isHeld: (n) => n % 2 === 1 });
    const reader = readerOf();
    group.add(reader);
    deliver(1, 4);
    expect(reader.sink.got).toEqual([]);
    await settled();
    expect(rendered, 'one at a time').toEqual([1]);
    expect(group.delivered).toBe(0);
    held.shift()?.finish();
    await settled();
    expect(reader.sink.got).toEqual(payloads(1, 2));
    expect(rendered).toEqual([1, 2, 3]);
    held.shift()?.finish();
    await settled();
    expect(reader.sink.got).toEqual(payloads(1, 4));
    deliver(6 - 1);
    held.shift()?.finish();
    await settled();
    expect(reader.sink.got).toEqual(payloads(1, 5));
  });

  it('is given to those that each event is for, also to one who came while it was rendered', async () => {
    const { group, rendered, held } = open({ isHeld: (n) => n !== 3 });
    const [one, other] = [readerOf(), readerOf()];
    group.add(one);
    group.deliver({ n: 1 });
    group.deliver({ n: 2 }, () => false);
    group.deliver({ n: 3 }, (reader) => reader === other);
    group.deliver({ n: 4 }, (reader) => reader === one);
    group.add(other);
    for (let count = 0; count < 2; count += 1) {
      held.shift()?.finish();
      await settled();
    }
    expect(one.sink.got).toEqual(['p1', 'p4']);
    expect(other.sink.got).toEqual(['p1', 'p3']);
    expect(rendered).toEqual([1, 3, 4]);
    expect([one.cursor, other.cursor]).toEqual([4, 4]);
  });

  it('does not reach one who went while it was rendered', async () => {
    const { group, held, deliver } = open({ isHeld: () => true });
    const gone = readerOf();
    const here = readerOf();
    group.add(gone);
    group.add(here);
    deliver(1);
    group.remove(gone);
    held.shift()?.finish();
    await settled();
    expect(gone.sink.got).toEqual([]);
    expect(here.sink.got).toEqual(['p1']);
  });

  it('reaches one who came while it was rendered, unless they have it', async () => {
    const { group, held, deliver } = open({ isHeld: () => true });
    deliver(1, 2);
    const here = readerOf({ cursor: 0 });
    const ahead = readerOf({ cursor: 1 });
    group.add(here);
    group.add(ahead);
    for (let n = 1; n <= 2; n += 1) {
      held.shift()?.finish();
      await settled();
    }
    expect(here.sink.got).toEqual(payloads(1, 2));
    expect(ahead.sink.got).toEqual(['p2']);
  });

  it('[P6] sends everybody to the log when too much waits for it, and goes on behind that', async () => {
    const { group, rendered, left, held, deliver } = open({ isHeld: (n) => n === 1 });
    const readers = [readerOf(), readerOf()];
    for (const reader of readers) group.add(reader);
    deliver(1, 1 + MAX_QUEUED_EVENTS);
    expect(left).toEqual([]);
    const last = 2 + MAX_QUEUED_EVENTS;
    deliver(last);
    expect(left).toEqual(readers);
    expect(group.delivered).toBe(last);
    // They have caught up by the log, while the first is rendered still.
    const late = readerOf({ cursor: last });
    group.add(late);
    held.shift()?.finish();
    await settled();
    deliver(last + 1);
    expect(readers.map(({ sink }) => sink.got)).toEqual([[], []]);
    expect(readers.map(({ cursor }) => cursor)).toEqual([0, 0]);
    expect(late.sink.got).toEqual([`p${last + 1}`]);
    expect(rendered).toEqual([1, last + 1]);
    expect(group.delivered).toBe(last + 1);
  });

  it('[P6] lets each go once when too much waits, also one who is ahead and live again at once', () => {
    const left: number[] = [];
    const group: Group<Entry, Reader> = createGroup<Entry, Reader>({
      audience: { render: () => new Promise(() => {}) },
      cursorOf: ({ n }) => n,
      delivered: 0,
      onBehind(reader) {
        left.push(reader.cursor);
        // What a group does for ever cannot be ended from outside.
        if (left.length > 10) throw new Error('it is let go again and again');
        // It has caught up by the log, further than the group has come.
        if (reader.cursor >= group.delivered) group.add(reader);
      },
    });
    group.add(readerOf({ cursor: 2 * MAX_QUEUED_EVENTS }));
    for (const n of range(1, 2 + MAX_QUEUED_EVENTS)) group.deliver({ n });
    expect(left.length).toBeLessThanOrEqual(1);
  });

  it('keeps exactly as many as it may', async () => {
    const { group, left, held, deliver } = open({ isHeld: (n) => n === 1 });
    const reader = readerOf();
    group.add(reader);
    deliver(1, 1 + MAX_QUEUED_EVENTS);
    held.shift()?.finish();
    await settled();
    expect(left).toEqual([]);
    expect(reader.sink.got).toEqual(payloads(1, 1 + MAX_QUEUED_EVENTS));
  });
});
