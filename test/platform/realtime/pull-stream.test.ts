import { describe, expect, it } from 'vitest';
import { createPullStream } from '../../../src/platform/realtime/pull-stream.ts';

const DONE = { done: true, value: undefined };
const value = (n: number) => ({ done: false, value: n });

/** A stream over a queue that the test fills. */
const overQueue = (...queue: number[]) => {
  let closes = 0;
  const stream = createPullStream<number>({ pull: () => queue.shift(), onClose: () => void (closes += 1) });
  return { stream, queue, closes: () => closes };
};

const deferred = <T>() => {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

describe('pull stream', () => {
  it('makes values when they are asked for, and more after wake', async () => {
    const { stream, queue } = overQueue(1);
    expect(await stream.next()).toEqual(value(1));
    const next = stream.next();
    queue.push(2, 3);
    stream.wake();
    expect(await next).toEqual(value(2));
    expect(queue).toEqual([3]);
    expect(stream[Symbol.asyncIterator]()).toBe(stream);
  });

  it('serves concurrent calls in order', async () => {
    const { stream, queue } = overQueue(1);
    const all = Promise.all([stream.next(), stream.next(), stream.next()]);
    queue.push(2);
    stream.wake();
    queue.push(3);
    stream.wake();
    expect(await all).toEqual([value(1), value(2), value(3)]);
  });

  it('[P6] return() while a next() is pending resolves it, and closes once', async () => {
    const { stream, closes } = overQueue();
    const pending = [stream.next(), stream.next()];
    expect(await stream.return()).toEqual(DONE);
    expect(await Promise.all(pending)).toEqual([DONE, DONE]);
    stream.end();
    await expect(stream.throw(new Error('over'))).rejects.toThrow('over');
    expect(await stream.next()).toEqual(DONE);
    expect(closes()).toBe(1);
    expect(stream.ended).toBe(true);
  });

  it('delivers nothing that was made while it ended', async () => {
    const made = deferred<number | undefined>();
    const served: number[] = [];
    const stream = createPullStream<number>({
      pull: () => made.promise,
      onServe: (n) => void served.push(n),
      onClose: () => {},
    });
    const next = stream.next();
    stream.end();
    made.resolve(1);
    expect(await next).toEqual(DONE);
    expect(await stream.next()).toEqual(DONE);
    expect(served).toEqual([]);
  });

  it('pulls again when it was woken while it pulled', async () => {
    const first = deferred<number | undefined>();
    const answers = [first.promise, 7];
    const stream = createPullStream<number>({ pull: () => answers.shift(), onClose: () => {} });
    const next = stream.next();
    stream.wake();
    first.resolve(undefined);
    expect(await next).toEqual(value(7));
  });

  it('pulls one at a time', async () => {
    let running = 0;
    let most = 0;
    let n = 0;
    const stream = createPullStream<number>({
      async pull() {
        most = Math.max(most, (running += 1));
        await Promise.resolve();
        running -= 1;
        return (n += 1);
      },
      onClose: () => {},
    });
    expect(await Promise.all([stream.next(), stream.next(), stream.next()])).toEqual([1, 2, 3].map(value));
    expect(most).toBe(1);
  });

  it.each([
    [
      'at once',
      () => {
        throw new Error('broken');
      },
    ],
    ['later', () => Promise.reject(new Error('broken'))],
  ])('an error thrown %s rejects that next() and ends the stream', async (_, pull) => {
    let closes = 0;
    const stream = createPullStream<number>({ pull, onClose: () => void (closes += 1) });
    const [first, second] = [stream.next(), stream.next()];
    await expect(first).rejects.toThrow('broken');
    expect(await second).toEqual(DONE);
    expect(await stream.next()).toEqual(DONE);
    expect(closes).toBe(1);
  });

  it('swallows an error that comes after the end', async () => {
    const made = deferred<number>();
    const stream = createPullStream<number>({ pull: () => made.promise, onClose: () => {} });
    const next = stream.next();
    await stream.return();
    made.reject(new Error('too late'));
    expect(await next).toEqual(DONE);
  });

  it('goes with for await, and leaving the loop closes it', async () => {
    const { stream, closes } = overQueue(1, 2, 3);
    const got: number[] = [];
    for await (const n of stream) {
      got.push(n);
      if (n === 2) break;
    }
    expect(got).toEqual([1, 2]);
    expect(closes()).toBe(1);
  });
});
