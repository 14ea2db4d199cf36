import { expect } from 'vitest';
import type { Sink } from '../../../src/platform/realtime/source.ts';

/** A promise that the test settles. */
export const deferred = <T>() => {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

/** A sink that keeps what it is given, in the hands of the test. */
export interface TestSink<P> extends Sink<P> {
  readonly got: P[];
  readonly cursors: (number | null)[];
  /** What each call of `end` said. */
  readonly ends: unknown[];
  /** Offers that were not taken. */
  readonly refusals: number;
  /** Who waits for room. */
  readonly waiting: number;
  /** Has room for so many more from now on, and says so. */
  makeRoom(room?: number): void;
  /** Drops who waits, as the outbox of a socket that has closed does. */
  close(): void;
}

/** Creates a sink with room for so many payloads. It fails a test that gives it something after its end. */
export const createSink = <P>(capacity = Number.POSITIVE_INFINITY): TestSink<P> => {
  const got: P[] = [];
  const cursors: (number | null)[] = [];
  const ends: unknown[] = [];
  let room = capacity;
  let refusals = 0;
  let waiting: (() => void)[] = [];
  let closed = false;

  return {
    got,
    cursors,
    ends,
    get refusals() {
      return refusals;
    },
    get waiting() {
      return waiting.length;
    },
    get hasRoom() {
      return !closed && room > 0;
    },
    offer(payload, cursor) {
      if (ends.length > 0) expect.fail('an ended sink is offered nothing');
      if (closed || room <= 0) {
        refusals += 1;
        return false;
      }
      room -= 1;
      got.push(payload);
      cursors.push(cursor);
      return true;
    },
    whenRoom(call) {
      if (closed) return;
      if (room > 0) queueMicrotask(call);
      else waiting.push(call);
    },
    end(error) {
      expect(ends, 'a sink is ended once').toEqual([]);
      ends.push(error);
    },
    makeRoom(more = Number.POSITIVE_INFINITY) {
      room = more;
      const calls = waiting;
      waiting = [];
      for (const call of calls) call();
    },
    close() {
      closed = true;
      waiting = [];
    },
  };
};
