import { describe, expect, it } from 'vitest';
import { createPullStream } from '../../../src/platform/realtime/pull-stream.ts';
import {
  type Audience,
  eventsOf,
  isSource,
  pulledSource,
  type Sink,
  type Source,
} from '../../../src/platform/realtime/source.ts';
import { settled } from './log-source.ts';
import { createSink, deferred } from './sinks.ts';

const plain: Audience<number, string> = { render: (event) => `p${event}` };

/** A stream over a queue that the test fills, and what is known of it. */
const overQueue = (...queue: number[]) => {
  const state = { pulls: 0, closes: 0, over: false, failure: null as Error | null };
  const stream = createPullStream<number>({
    pull() {
      state.pulls += 1;
      if (state.failure) throw state.failure;
      const value = queue.shift();
      if (value === undefined && state.over) stream.end();
      return value;
    },
    onClose: () => void (state.closes += 1),
  });
  return { stream, queue, state };
};

describe('a pulled source', () => {
  it('is a source, and its stream as an iterator', () => {
    const { stream } = overQueue();
    const source = pulledSource(stream);
    expect(isSource(source)).toBe(true);
    expect(isSource(stream)).toBe(false);
    expect(source[Symbol.asyncIterator]()).toBe(stream);
  });

  it('delivers what there is and what follows, rendered, in order', async () => {
    const { stream, queue } = overQueue(1, 2);
    const sink = createSink<string>();
    const stop = pulledSource(stream).deliver(plain, sink);
    await settled();
    queue.push(3);
    stream.wake();
    await settled();
    expect(sink.got).toEqual(['p1', 'p2', 'p3']);
    expect(sink.cursors, 'its events have no cursor').toEqual([null, null, null]);
    stop();
  });

  it('[P6] asks for nothing before there is room, so that a slow reader gets what is newest', async () => {
    const { stream, queue, state } = overQueue(1);
    const sink = createSink<string>(0);
    const stop = pulledSource(stream).deliver(plain, sink);
    await settled();
    expect(state.pulls).toBe(0);
    queue.splice(0, 1, 9);
    sink.makeRoom(1);
    await settled();
    expect(sink.got).toEqual(['p9']);
    const pulls = state.pulls;
    queue.push(10);
    stream.wake();
    await settled();
    expect([state.pulls, sink.got]).toEqual([pulls, ['p9']]);
    sink.makeRoom();
    await settled();
    expect(sink.got).toEqual(['p9', 'p10']);
    stop();
  });

  it('offers a refused payload again, without rendering it again', async () => {
    const { stream } = overQueue(1);
    const rendered: number[] = [];
    const sink = createSink<string>();
    let narrow = true;
    const audience: Audience<number, string> = {
      render(event) {
        rendered.push(event);
        return `p${event}`;
      },
    };
    const stop = pulledSource(stream).deliver(audience, {
      hasRoom: true,
      offer: (payload, cursor) => !narrow && sink.offer(payload, cursor),
      whenRoom: (call) => sink.whenRoom(call),
      end: (error) => sink.end(error),
    });
    await Promise.resolve();
    narrow = false;
    await settled();
    expect(sink.got).toEqual(['p1']);
    expect(rendered).toEqual([1]);
    stop();
  });

  it('waits for what is rendered asynchronously', async () => {
    const { stream } = overQueue(1, 2);
    const first = deferred<string>();
    const sink = createSink<string>();
    const stop = pulledSource(stream).deliver({ render: (n) => (n === 1 ? first.promise : `p${n}`) }, sink);
    await settled();
    expect(sink.got).toEqual([]);
    first.resolve('late');
    await settled();
    expect(sink.got).toEqual(['late', 'p2']);
    stop();
  });

  it('ends with its stream, plainly or with the error', async () => {
    const finished = overQueue(1);
    finished.state.over = true;
    const plainly = createSink<string>();
    const stop = pulledSource(finished.stream).deliver(plain, plainly);
    const failed = overQueue();
    failed.state.failure = new Error('refused');
    const badly = createSink<string>();
    pulledSource(failed.stream).deliver(plain, badly);
    await settled();
    expect([plainly.got, plainly.ends]).toEqual([['p1'], [undefined]]);
    expect(badly.ends).toEqual([failed.state.failure]);
    stop();
    await settled();
    expect([finished.state.closes, failed.state.closes]).toEqual([1, 1]);
  });

  it.each(['waits for room', 'waits for a value', 'is rendering'])(
    '[P6] lets go of its stream when it is stopped while it %s',
    async (when) => {
      const { stream, state } = overQueue(...(when === 'waits for a value' ? [] : [1]));
      const rendering = deferred<string>();
      const sink = createSink<string>(when === 'waits for room' ? 0 : 5);
      const audience = { render: (n: number) => (when === 'is rendering' ? rendering.promise : `p${n}`) };
      const stop = pulledSource(stream).deliver(audience, sink);
      await settled();
      stop();
      expect(state.closes).toBe(1);
      sink.makeRoom();
      rendering.resolve('late');
      await settled();
      expect([sink.got, sink.ends]).toEqual([[], []]);
      stop();
    },
  );
});

/** A source of which the test holds the sink. */
const inHand = () => {
  const state: { sink: Sink<number> | null; opened: number; closed: number } = {
    sink: null,
    opened: 0,
    closed: 0,
  };
  const source: Pick<Source<number>, 'deliver'> = {
    deliver(audience, sink) {
      state.opened += 1;
      state.sink = {
        get hasRoom() {
          return sink.hasRoom;
        },
        offer: (event, cursor) =>
          sink.offer(audience.render(event) as Awaited<ReturnType<typeof audience.render>>, cursor),
        whenRoom: (call) => sink.whenRoom(call),
        end: (error) => sink.end(error),
      };
      return () => void (state.closed += 1);
    },
  };
  return { source, state, sink: () => state.sink as Sink<number> };
};

describe('the events of a source', () => {
  it('begin with the first next()', async () => {
    const { source, state } = inHand();
    const events = eventsOf(source);
    expect(state.opened).toBe(0);
    void events.next();
    void events.next();
    expect(state.opened).toBe(1);
    await events.return?.();
  });

  it('come one at a time: there is room again when one was taken', async () => {
    const { source, sink } = inHand();
    const events = eventsOf(source);
    const first = events.next();
    expect(sink().offer(1, 1)).toBe(true);
    expect((await first).value).toBe(1);
    expect(sink().offer(2, 2)).toBe(true);
    expect([sink().hasRoom, sink().offer(3, 3)]).toEqual([false, false]);
    let calls = 0;
    sink().whenRoom(() => void (calls += 1));
    await settled();
    expect(calls).toBe(0);
    expect((await events.next()).value).toBe(2);
    expect(calls).toBe(1);
    expect(sink().hasRoom).toBe(true);
    sink().whenRoom(() => void (calls += 1));
    expect(calls).toBe(1);
    await settled();
    expect(calls).toBe(2);
    await events.return?.();
  });

  it('may be given while they are asked for', async () => {
    const source: Pick<Source<number>, 'deliver'> = {
      deliver(audience, sink) {
        sink.offer(audience.render(1) as Awaited<ReturnType<typeof audience.render>>, 1);
        sink.end();
        return () => {};
      },
    };
    const events = eventsOf(source);
    expect(await events.next()).toEqual({ done: false, value: 1 });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('end behind the last of them, plainly or with the error', async () => {
    const plainly = inHand();
    const events = eventsOf(plainly.source);
    const first = events.next();
    plainly.sink().offer(1, 1);
    plainly.sink().offer(2, 2);
    await first;
    plainly.sink().offer(2, 2);
    plainly.sink().end();
    expect((await events.next()).value).toBe(2);
    expect((await events.next()).done).toBe(true);
    const badly = inHand();
    const failing = eventsOf(badly.source);
    const next = failing.next();
    badly.sink().end(new Error('refused'));
    await expect(next).rejects.toThrow('refused');
    expect((await failing.next()).done).toBe(true);
    expect([plainly.state.closed, badly.state.closed]).toEqual([1, 1]);
  });

  it('[P6] let go of their source when nobody wants more, also before it was asked', async () => {
    const { source, state } = inHand();
    const events = eventsOf(source);
    const pending = events.next();
    await events.return?.();
    await events.return?.();
    expect((await pending).done).toBe(true);
    expect(state.closed).toBe(1);
    const unused = inHand();
    await eventsOf(unused.source).return?.();
    expect([unused.state.opened, unused.state.closed]).toEqual([0, 0]);
  });
});
