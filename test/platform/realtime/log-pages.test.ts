import { describe, expect, it } from 'vitest';
import { createLogPages, LOG_PAGE_EVENTS } from '../../../src/platform/realtime/log-pages.ts';
import { Random } from '../../support/random.ts';
import { type Entry, range, settled } from './log-source.ts';
import { deferred } from './sinks.ts';

interface Read {
  readonly after: number;
  readonly limit: number;
  /** Answers with what the log held when it was asked. */
  finish(): void;
  fail(error: Error): void;
}

/** A log that grows, and that answers each read when the test says so. */
const openLog = (length: number, { text = '', held = false } = {}) => {
  const log: Entry[] = range(1, length).map((n) => ({ n, text }));
  const reads: Read[] = [];
  const waiting: Read[] = [];
  const pages = createLogPages<Entry>({
    charsOf: (entry) => entry.text?.length ?? 0,
    read(after, limit) {
      const { promise, resolve, reject } = deferred<readonly Entry[]>();
      const rows = log.slice(after, after + limit);
      const read = { after, limit, finish: () => resolve(rows), fail: reject };
      reads.push(read);
      if (held) waiting.push(read);
      else read.finish();
      return promise;
    },
  });
  return {
    pages,
    reads,
    waiting,
    grow: (count: number) => {
      for (const n of range(log.length + 1, log.length + count)) log.push({ n, text });
    },
    /** All that follows a cursor, page by page. */
    drain: async (cursor: number): Promise<number[]> => {
      const got: number[] = [];
      for (;;) {
        const events = await pages.after(cursor + got.length);
        if (events.length === 0) return got;
        got.push(...events.map(({ n }) => n));
      }
    },
  };
};

const numbers = (events: readonly Entry[]): number[] => events.map(({ n }) => n);

describe('log pages', () => {
  it.each([0, 1, 127, 128, 129, 255, 256, 400])(
    'gives everything after %i, in order, once',
    async (cursor) => {
      const { drain } = openLog(400);
      expect(await drain(cursor)).toEqual(range(cursor + 1, 400));
    },
  );

  it('begins a page behind a multiple of its size, so that all who catch up share the reads', async () => {
    const { drain, reads } = openLog(1000);
    const cursors = [0, 3, 127, 128, 500, 999];
    const all = await Promise.all(cursors.map((cursor) => drain(cursor)));
    expect(all).toEqual(cursors.map((cursor) => range(cursor + 1, 1000)));
    const full = reads.filter(({ after }) => after < 896);
    expect(full.map(({ after }) => after).sort((a, b) => a - b)).toEqual(
      range(0, 6).map((page) => page * LOG_PAGE_EVENTS),
    );
    expect(reads.every(({ limit }) => limit === LOG_PAGE_EVENTS)).toBe(true);
  });

  it('reads once for all who ask while it reads', async () => {
    const { pages, waiting } = openLog(50, { held: true });
    const asked = [pages.after(0), pages.after(10), pages.after(49)];
    await settled();
    expect(waiting).toHaveLength(1);
    waiting[0]?.finish();
    expect((await Promise.all(asked)).map(numbers)).toEqual([range(1, 50), range(11, 50), [50]]);
  });

  it('gives none at the end of the log, having looked, and what was added since', async () => {
    const { pages, reads, grow } = openLog(130);
    expect(await pages.after(130)).toEqual([]);
    const before = reads.length;
    grow(3);
    expect(numbers(await pages.after(130))).toEqual([131, 132, 133]);
    expect(reads.length).toBeGreaterThan(before);
    grow(1);
    expect(numbers(await pages.after(133)), 'a page that ended the log is read anew').toEqual([134]);
  });

  it('looks again for one whose event was added while an older read was under way', async () => {
    const { pages, waiting, grow } = openLog(5, { held: true });
    const early = pages.after(2);
    grow(2);
    const late = [pages.after(5), pages.after(6)];
    await settled();
    waiting[0]?.finish();
    await settled();
    expect(waiting, 'one more read serves both').toHaveLength(2);
    waiting[1]?.finish();
    expect(numbers(await early)).toEqual([3, 4, 5]);
    expect((await Promise.all(late)).map(numbers)).toEqual([[6, 7], [7]]);
  });

  it('rejects everybody who waits for a read that fails, and reads again for the next', async () => {
    const { pages, waiting } = openLog(5, { held: true });
    const asked = [pages.after(0), pages.after(1)];
    waiting[0]?.fail(new Error('disk'));
    for (const one of asked) await expect(one).rejects.toThrow('disk');
    const again = pages.after(0);
    waiting[1]?.finish();
    expect(numbers(await again)).toEqual(range(1, 5));
  });

  it('[P6] keeps a bounded number of characters: the oldest pages are let go of first', async () => {
    const { pages, reads } = openLog(LOG_PAGE_EVENTS * 8, { text: 'x'.repeat(2_000) });
    const starts = range(0, 7).map((page) => page * LOG_PAGE_EVENTS);
    for (const start of starts) await pages.after(start);
    const before = reads.length;
    for (const start of starts.slice(-4)) await pages.after(start);
    expect(reads.length, 'a megabyte is kept').toBe(before);
    await pages.after(0);
    expect(reads.length).toBe(before + 1);
  });

  it('gives a page that is larger than all that may be kept', async () => {
    const { drain } = openLog(3, { text: 'x'.repeat(1024 * 1024) });
    expect(await drain(0)).toEqual([1, 2, 3]);
  });

  it('reads again after clear, also for what was being read', async () => {
    const { pages, reads, waiting } = openLog(200, { held: true });
    const first = pages.after(0);
    pages.clear();
    waiting.shift()?.finish();
    expect(numbers(await first)).toEqual(range(1, 128));
    const second = pages.after(0);
    waiting.shift()?.finish();
    await second;
    expect(reads).toHaveLength(2);
  });

  it('[P4] gives everybody the log without a hole, while it grows and is read late', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = new Random(seed);
      const { pages, waiting, grow } = openLog(random.between(0, 300), { held: true });
      let head = 300;
      const readers = range(1, 5).map(async () => {
        const got: number[] = [];
        const from = random.between(0, 150);
        while (from + got.length < 500) {
          got.push(...numbers(await pages.after(from + got.length)));
          if (random.chance(0.1)) pages.clear();
        }
        expect(got, `seed ${seed}`).toEqual(range(from + 1, from + got.length));
        return got.length;
      });
      const all = Promise.all(readers);
      let done = false;
      void all.then(
        () => (done = true),
        () => (done = true),
      );
      for (let turn = 0; !done && turn < 5_000; turn += 1) {
        if (head < 800 && random.chance(0.5)) {
          const count = random.between(1, 9);
          grow(count);
          head += count;
        }
        if (random.chance(0.7)) waiting.splice(random.between(0, waiting.length), 1)[0]?.finish();
        await Promise.resolve();
      }
      for (const read of waiting.splice(0)) read.finish();
      expect(done, `seed ${seed} comes to its end`).toBe(true);
      await all;
    }
  });
});
