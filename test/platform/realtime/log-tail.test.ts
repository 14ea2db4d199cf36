import { describe, expect, it } from 'vitest';
import { createLogTail } from '../../../src/platform/realtime/log-tail.ts';
import { type Entry, range } from './log-source.ts';

/** The bounds of a tail: events, and characters of all of them. */
const MAX_EVENTS = 1024;
const MAX_CHARS = 1024 * 1024;

const tailOf = (from: number, to: number, text = '') => {
  const tail = createLogTail<Entry>({ cursorOf: ({ n }) => n, charsOf: (entry) => entry.text?.length ?? 0 });
  for (const n of range(from, to)) tail.push({ n, text });
  return tail;
};

const numbers = (events: readonly Entry[] | null): number[] | null => events?.map(({ n }) => n) ?? null;

describe('log tail', () => {
  it('gives what follows a cursor, and null when the first of it is not here', () => {
    const tail = tailOf(5, 8);
    expect(numbers(tail.after(4))).toEqual([5, 6, 7, 8]);
    expect(numbers(tail.after(7))).toEqual([8]);
    expect(tail.after(3)).toBeNull();
    expect(tail.after(8), 'nothing follows the newest').toBeNull();
    expect(tail.after(100)).toBeNull();
  });

  it('is empty to begin with, and after clear, when any event may follow', () => {
    const tail = tailOf(1, 0);
    expect(tail.after(0)).toBeNull();
    tail.push({ n: 3 });
    tail.clear();
    expect(tail.after(2)).toBeNull();
    tail.push({ n: 40 });
    expect(numbers(tail.after(39))).toEqual([40]);
    expect(tail.after(2)).toBeNull();
  });

  it('gives a list that later pushes do not change', () => {
    const tail = tailOf(1, 2);
    const given = tail.after(0);
    tail.push({ n: 3 });
    expect(numbers(given)).toEqual([1, 2]);
  });

  it('[P6] keeps the newest of many, at most so many of them, without a hole', () => {
    const tail = tailOf(1, 0);
    for (const n of range(1, 5 * MAX_EVENTS)) {
      tail.push({ n });
      const oldest = Math.max(0, n - MAX_EVENTS);
      expect(oldest === 0 || tail.after(oldest - 1) === null).toBe(true);
      expect(tail.after(n - 1)).toEqual([{ n }]);
    }
    const kept = numbers(tail.after(5 * MAX_EVENTS - 100)) ?? [];
    expect(kept).toEqual(range(5 * MAX_EVENTS - 99, 5 * MAX_EVENTS));
  });

  it('[P6] keeps few of large events', () => {
    const chars = MAX_CHARS / 8;
    const tail = tailOf(1, 100, 'x'.repeat(chars));
    expect(tail.after(91)).toBeNull();
    expect(numbers(tail.after(98))).toEqual([99, 100]);
  });

  it('goes on behind an event that is too large to be kept', () => {
    const tail = tailOf(1, 1, 'x'.repeat(MAX_CHARS + 1));
    expect(tail.after(0)).toBeNull();
    tail.push({ n: 2 });
    expect(numbers(tail.after(1))).toEqual([2]);
    expect(tail.after(0)).toBeNull();
  });
});
