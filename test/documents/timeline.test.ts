import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { MAX_REMEMBERED_CHARS, MAX_REMEMBERED_STEPS, Timeline } from '../../src/documents/timeline.ts';
import { applySplices, type Splice, toText } from '../../src/text/splice.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';

function grown(seed: number, steps: number) {
  const random = new Random(seed);
  const timeline = new Timeline(toText('start 🎈'), 40);
  const texts = [timeline.text.toString()];
  const splices: Splice[] = [];
  for (let step = 0; step < steps; step += 1) {
    const splice = randomSplice(random, timeline.text.toString());
    timeline.advance(splice);
    splices.push(splice);
    texts.push(timeline.text.toString());
  }
  return { timeline, texts, splices };
}

describe('Timeline', () => {
  it('goes back to each revision that it remembers', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { timeline, texts } = grown(seed, 60);
      const back = texts.map((_, index) => timeline.textAt(40 + index).toString());
      expect(back, `seed ${seed}`).toEqual(texts);
    }
  });

  it('tells the splices since a revision', () => {
    const { timeline, texts, splices } = grown(1, 30);
    expect(timeline.since(40)).toEqual(splices);
    expect(timeline.since(70)).toEqual([]);
    expect(applySplices(toText(texts[12] ?? ''), timeline.since(52)).toString()).toBe(
      timeline.text.toString(),
    );
  });

  it('throws for a revision that it does not reach', () => {
    const { timeline } = grown(1, 10);
    expect([timeline.oldest, timeline.revision]).toEqual([40, 50]);
    for (const revision of [39, 51]) {
      expect(() => timeline.textAt(revision)).toThrow(RangeError);
      expect(() => timeline.since(revision)).toThrow(RangeError);
    }
  });

  it('stays as it is when a splice does not fit', () => {
    const { timeline, texts } = grown(1, 10);
    expect(() => timeline.advance({ position: 1, length: 1_000_000, content: '' })).toThrow(RangeError);
    expect([timeline.revision, timeline.text.toString()]).toEqual([50, texts[10]]);
    expect(timeline.textAt(45).toString()).toBe(texts[5]);
  });

  it('is not touched by what happens to a fork', () => {
    const { timeline, texts } = grown(1, 10);
    const fork = timeline.fork();
    fork.advance({ position: 0, length: 0, content: 'only there' });
    timeline.advance({ position: 0, length: 0, content: 'only here' });
    expect(timeline.text.toString()).toBe(`only here${texts[10]}`);
    expect(fork.text.toString()).toBe(`only there${texts[10]}`);
    expect(fork.textAt(50).eq(timeline.textAt(50))).toBe(true);
  });

  it('remembers no more steps than the cache allows', () => {
    const timeline = new Timeline(toText(''), 0);
    for (let step = 0; step < MAX_REMEMBERED_STEPS + 7; step += 1) {
      timeline.advance({ position: step, length: 0, content: 'x' });
    }
    const trimmed = timeline.trimmed();
    expect([trimmed.oldest, trimmed.revision]).toEqual([7, MAX_REMEMBERED_STEPS + 7]);
    expect(trimmed.textAt(7).toString()).toBe('x'.repeat(7));
    expect(timeline.oldest).toBe(0);
  });

  it('remembers no more text than the cache allows: what was inserted and what was removed', () => {
    const timeline = new Timeline(toText('x'.repeat(400_000)), 0);
    timeline.advance({ position: 0, length: 0, content: 'y'.repeat(200_000) });
    timeline.advance({ position: 0, length: 300_000, content: '' });
    timeline.advance({ position: 0, length: 200_000, content: 'z'.repeat(450_000) });
    const trimmed = timeline.trimmed();
    expect(trimmed.oldest).toBe(1);
    expect(trimmed.weight).toBe(trimmed.text.length + 300_000 + 650_000);
    expect(trimmed.weight - trimmed.text.length).toBeLessThanOrEqual(MAX_REMEMBERED_CHARS);
  });

  it('[P11] holds what was removed, and not the long lines that it was removed from', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapOf = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const timeline = new Timeline(toText('a'.repeat(1_000_000)), 0);
    const before = heapOf();
    for (let step = 0; step < 300; step += 1) {
      timeline.advance({ position: 30 * step, length: 20, content: 'b'.repeat(20) });
    }
    // A line for each of the steps would be 300 MB.
    expect(heapOf() - before).toBeLessThan(30_000_000);
    expect(timeline.revision).toBe(300);
  });
});
