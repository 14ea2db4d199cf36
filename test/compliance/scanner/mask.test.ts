import { describe, expect, it } from 'vitest';
import { alertsOf } from '../../../src/compliance/scanner/alerts.ts';
import { mask } from '../../../src/compliance/scanner/mask.ts';
import { RULES } from '../../../src/compliance/scanner/rules.ts';
import { scan } from '../../../src/compliance/scanner/scan.ts';
import { Random } from '../../support/random.ts';
import { TRUE_ROWS } from './table.ts';

const RUN = 5;
const ALPHABET = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-+()@:_üñЖ中'];

/** Every run of five characters of the value. */
const runsOf = (value: string): string[] =>
  Array.from({ length: Math.max(value.length - RUN + 1, 0) }, (_, at) => value.slice(at, at + RUN));

const strings = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(strings)
      : [];

describe('a masked value', () => {
  it('has no five characters in a row of any value, whatever a rule shows', () => {
    const seed = Number(process.env.SEED ?? 4_711);
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    for (let round = 0; round < 5_000; round += 1) {
      const value = Array.from({ length: random.between(1, 40) }, () => random.pick(ALPHABET)).join('');
      const excerpt = mask(value, [random.between(0, 9), random.between(0, 9)]);
      for (const run of runsOf(value)) expect(excerpt).not.toContain(run);
      const shown = excerpt.replaceAll('•', '').length;
      expect(shown).toBeLessThanOrEqual(Math.floor((value.match(/[\p{L}\p{N}]/gu) ?? []).length / 3));
    }
  });

  it('shows what the rule allows at its start and its end, and no separators', () => {
    expect(mask('4111 1111 1111 1111', [0, 4])).toBe('••••••••••••1111');
    expect(mask('john@example.com', [1, 0])).toBe('j••••••••••••');
    expect(mask('123', [0, 0])).toBe('•••');
    expect(mask('1234', [4, 4])).toBe('•••4');
    expect(mask('', [1, 1])).toBe('•••');
  });
});

describe('what a scan gives away', () => {
  it('no finding or alert has five characters in a row of a value that was found', async () => {
    for (const { text } of TRUE_ROWS) {
      const findings = await scan(text);
      const values = findings.map(({ from, to }) => text.slice(from, to));
      // The fixed words of a rule (its id, its name) are said of every text, so they tell nothing of this one.
      const said = strings([findings, alertsOf(findings)]).filter(
        (string) => !RULES.some(({ id }) => id === string),
      );
      for (const run of values.flatMap(runsOf)) for (const string of said) expect(string).not.toContain(run);
      const json = JSON.stringify([findings, alertsOf(findings)]);
      for (const value of values) if (value.length >= RUN) expect(json).not.toContain(value);
    }
  });

  it('the numbers in it are places, severities and counts alone', async () => {
    for (const { text } of TRUE_ROWS) {
      for (const finding of await scan(text)) {
        expect(Object.keys(finding).sort()).toEqual([
          'excerpt',
          'framework',
          'from',
          'rule',
          'severity',
          'to',
        ]);
        expect(finding.excerpt).toMatch(/^[\p{L}\p{N}]{0,4}•{3,12}[\p{L}\p{N}]{0,4}$/u);
      }
    }
  });

  it('an aborted scan says nothing of the text', async () => {
    const controller = new AbortController();
    controller.abort();
    const error: unknown = await scan('john.doe@example.com', { signal: controller.signal }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(String(error)).not.toContain('john');
  });
});
