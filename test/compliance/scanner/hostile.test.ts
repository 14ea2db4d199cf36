import { describe, expect, it } from 'vitest';
import { RULES } from '../../../src/compliance/scanner/rules.ts';
import { scan } from '../../../src/compliance/scanner/scan.ts';
import { hostileTexts, MEGABYTE } from './hostile.ts';

/** For a pattern and a text of a million units, in milliseconds of CPU. */
const MAX_PATTERN_MS = 100;
/** A tenth of it, for a whole scan with its validators, of which those of phone numbers are dear. */
const SCAN_UNITS = MEGABYTE / 10;
/** Far above what is linear on a busy machine (0.4 s), far below what is not. */
const MAX_SCAN_MS = 2_000;
const TRIES = 3;

/** Milliseconds of CPU that the work takes; the least of several tries when the first is too slow, as others run too. */
async function cpu(work: () => unknown, enough: number): Promise<number> {
  let least = Infinity;
  for (let count = 0; count < TRIES && least > enough; count += 1) {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** As a scan in which no candidate holds: it goes on one unit behind the start of each. */
function exhaust(pattern: RegExp, text: string): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) pattern.lastIndex = match.index + 1;
}

const PATTERNS = RULES.flatMap(({ id, detectors }) =>
  detectors.map(({ pattern }, index) => [`${id} ${index + 1}`, pattern] as const),
);
/** What the words of contexts are looked for in is 100 units long at most; a million is what they would stand. */
const CONTEXTS = RULES.flatMap(({ id, detectors }) =>
  detectors.flatMap(({ context, unless }) =>
    [context, unless].flatMap((each) => (each ? [[id, each] as const] : [])),
  ),
);

describe('text made to hurt', () => {
  it('takes no pattern more than 100 ms of CPU for a million units', { timeout: 300_000 }, async () => {
    const worst = new Map<string, readonly [ms: number, text: string]>();
    for (const [name, text] of hostileTexts(MEGABYTE)) {
      for (const [id, pattern] of PATTERNS) {
        const ms = await cpu(() => exhaust(pattern, text), MAX_PATTERN_MS);
        if (ms > (worst.get(id)?.[0] ?? 0)) worst.set(id, [ms, name]);
      }
      for (const [rule, { words }] of CONTEXTS) {
        const id = `words of ${rule}`;
        const ms = await cpu(() => words.test(text), MAX_PATTERN_MS);
        if (ms > (worst.get(id)?.[0] ?? 0)) worst.set(id, [ms, name]);
      }
    }
    console.log(
      [...worst].map(([id, [ms, name]]) => `${id.padEnd(26)} ${ms.toFixed(1)} ms on ${name}`).join('\n'),
    );
    for (const [id, [ms, name]] of worst) expect(ms, `${id} on ${name}`).toBeLessThanOrEqual(MAX_PATTERN_MS);
  });

  it('takes a scan no more than linear time, whatever is validated', {
    timeout: 300_000,
  }, async () => {
    const worst: (readonly [ms: number, text: string])[] = [];
    for (const [name, text] of hostileTexts(SCAN_UNITS))
      worst.push([await cpu(() => scan(text), MAX_SCAN_MS), name]);
    worst.sort((a, b) => b[0] - a[0]);
    console.log(
      worst
        .slice(0, 8)
        .map(([ms, name]) => `${ms.toFixed(0)} ms on ${name}`)
        .join('\n'),
    );
    expect(worst[0]?.[0], worst[0]?.[1]).toBeLessThanOrEqual(MAX_SCAN_MS);
  });

  it('has every context bounded: a slice of the text, never the text', () => {
    for (const [id, { before, after }] of CONTEXTS) {
      expect(before + after, id).toBeLessThanOrEqual(100);
    }
  });

  it('of ten million units without a space is scanned, and what stands at its end is found', async () => {
    const text = `${'a'.repeat(10 * MEGABYTE)} john@example.com`;
    expect(await scan(text)).toMatchObject([{ rule: 'email', from: text.length - 16, to: text.length }]);
  });
});
