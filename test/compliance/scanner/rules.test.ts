import { beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../../../src/compliance/scanner/rules.ts';
import { scan } from '../../../src/compliance/scanner/scan.ts';
import { FALSE_TEXTS, TRUE_ROWS } from './table.ts';

/** What was to be found and was (hits), was not (misses), and what was found and should not have been (wrong). */
interface Tally {
  hits: number;
  misses: number;
  wrong: number;
}

const tallies = new Map<string, Tally>();
const slips: string[] = [];
const total: Tally = { hits: 0, misses: 0, wrong: 0 };

function count(rule: string, what: keyof Tally, text: string): void {
  const tally = tallies.get(rule) ?? { hits: 0, misses: 0, wrong: 0 };
  tallies.set(rule, tally);
  tally[what] += 1;
  total[what] += 1;
  if (what !== 'hits') slips.push(`${what} ${rule}: ${text}`);
}

const recall = ({ hits, misses }: Tally): number => hits / Math.max(hits + misses, 1);
const precision = ({ hits, wrong }: Tally): number => hits / Math.max(hits + wrong, 1);
const row = (name: string, tally: Tally): string =>
  `${name.padEnd(22)} recall ${recall(tally).toFixed(3)}  precision ${precision(tally).toFixed(3)}  ` +
  `(${tally.hits} found, ${tally.misses} missed, ${tally.wrong} wrong)`;

beforeAll(async () => {
  for (const { text, expected } of TRUE_ROWS) {
    const found = await scan(text);
    const isExpected = (finding: (typeof found)[number]) =>
      expected.some(
        ({ rule, from, to }) => rule === finding.rule && from === finding.from && to === finding.to,
      );
    for (const { rule, from, to } of expected) {
      const hit = found.some(
        (finding) => finding.rule === rule && finding.from === from && finding.to === to,
      );
      count(rule, hit ? 'hits' : 'misses', text);
    }
    for (const finding of found) if (!isExpected(finding)) count(finding.rule, 'wrong', text);
  }
  for (const text of Object.values(FALSE_TEXTS).flat()) {
    for (const { rule } of await scan(text)) count(rule, 'wrong', text);
  }
  const lines = [...tallies].map(([rule, tally]) => row(rule, tally));
  console.log([...lines, row('total', total), ...slips].join('\n'));
});

describe('the rules, on the table', () => {
  it('has at least 200 texts with values and 200 without, and several for every rule', () => {
    expect(TRUE_ROWS.length).toBeGreaterThanOrEqual(200);
    expect(Object.values(FALSE_TEXTS).flat().length).toBeGreaterThanOrEqual(200);
    for (const { id } of RULES) {
      expect(
        TRUE_ROWS.filter(({ expected }) => expected.some(({ rule }) => rule === id)).length,
      ).toBeGreaterThanOrEqual(10);
    }
  });

  it('find at least 0.95 of the values, at their exact places', () => {
    expect(recall(total)).toBeGreaterThanOrEqual(0.95);
  });

  it('are right in at least 0.95 of what they find', () => {
    expect(precision(total)).toBeGreaterThanOrEqual(0.95);
  });

  it('each find at least 0.9 of their values, and are right in 0.9 of what they find', () => {
    for (const [rule, tally] of tallies) {
      expect(recall(tally), `recall of ${rule}`).toBeGreaterThanOrEqual(0.9);
      expect(precision(tally), `precision of ${rule}`).toBeGreaterThanOrEqual(0.9);
    }
  });
});
