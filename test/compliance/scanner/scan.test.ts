import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/compliance/scanner/finding.ts';
import { RULES } from '../../../src/compliance/scanner/rules.ts';
import { CHUNK_UNITS, MAX_FINDINGS_PER_RULE, scan } from '../../../src/compliance/scanner/scan.ts';
import { Random } from '../../support/random.ts';
import { iban, luhn } from './numbers.ts';
import { FALSE_TEXTS, TRUE_ROWS } from './table.ts';

const PIECES = [...TRUE_ROWS.map(({ text }) => text), ...Object.values(FALSE_TEXTS).flat()];
const BETWEEN = ['\n', '\n\n', ' · ', '. Lorem ipsum dolor sit amet. ', '\t', ' 😀 '];

/** A text of table rows in any order. */
function shuffled(random: Random, pieces: number): string {
  let text = '';
  for (let count = 0; count < pieces; count += 1) text += random.pick(PIECES) + random.pick(BETWEEN);
  return text;
}

const places = (findings: readonly Finding[]) =>
  findings.map(({ rule, from, to }) => `${rule} ${from}-${to}`);

describe('a scan', () => {
  it('finds the same however the text is cut into chunks', async () => {
    const seed = Number(process.env.SEED ?? 20_261);
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    for (let round = 0; round < 8; round += 1) {
      const text = shuffled(random, 120);
      const inOne = await scan(text, { chunkUnits: text.length });
      expect(inOne.length).toBeGreaterThan(20);
      for (const chunkUnits of [1_024, random.between(40, 90), random.between(200, 700)]) {
        expect(places(await scan(text, { chunkUnits }))).toEqual(places(inOne));
      }
    }
  });

  it('finds what lies across the edge of a chunk, at its place in UTF-16 units', async () => {
    const value = 'maria.lopez@example.es';
    for (const shift of [-30, -22, -11, -1, 0, 1]) {
      const before = `${'😀 '.repeat((CHUNK_UNITS + shift * 1) / 3)}to `;
      const text = `${before}${value} and on`;
      expect(await scan(text)).toMatchObject([
        { rule: 'email', from: before.length, to: before.length + value.length },
      ]);
    }
  });

  it('gives findings in order of place, without overlaps, each of a rule and with its severity', async () => {
    const findings = await scan(shuffled(new Random(7), 300));
    let end = 0;
    for (const { rule, framework, from, to, severity } of findings) {
      expect(from).toBeGreaterThanOrEqual(end);
      expect(to).toBeGreaterThan(from);
      expect(RULES.find(({ id }) => id === rule)).toMatchObject({ framework, severity });
      end = to;
    }
  });

  it('of some frameworks finds what the scan of all finds for them', async () => {
    const text = shuffled(new Random(11), 200);
    const all = await scan(text);
    for (const framework of ['GDPR', 'PCI_DSS', 'HIPAA'] as const) {
      const own = all.filter((finding) => finding.framework === framework);
      expect(own.length).toBeGreaterThan(0);
      expect(await scan(text, { frameworks: [framework] })).toEqual(own);
    }
    expect(await scan(text, { frameworks: [] })).toEqual([]);
  });

  it('takes a place for one thing: the longest, then what is named', async () => {
    const account = iban('DE', '370400440532013000');
    expect(await scan(`${luhn('411111111111111')}@example.com ${account}`)).toMatchObject([
      { rule: 'email' },
      { rule: 'iban' },
    ]);
    expect(await scan('Tel. 01 42 68 53 00')).toMatchObject([{ rule: 'phone' }]);
  });

  it('counts a security code only near a card', async () => {
    const card = luhn('411111111111111');
    const near = await scan(`${card}${' '.repeat(150)}CVV 123`);
    const far = await scan(`${card}${' '.repeat(250)}CVV 123`);
    expect(near.map(({ rule }) => rule)).toEqual(['card-number', 'card-security-code']);
    expect(far.map(({ rule }) => rule)).toEqual(['card-number']);
  });

  it('reports after each chunk what part is done, up to 1', async () => {
    const parts: number[] = [];
    await scan('a'.repeat(1000), { chunkUnits: 300, report: (part) => parts.push(part) });
    expect(parts).toEqual([0.3, 0.6, 0.9, 1]);
    expect(await scan('', { report: (part) => parts.push(part) })).toEqual([]);
  });

  it('ends with the reason of its signal, after the chunk that it is in', async () => {
    const controller = new AbortController();
    const parts: number[] = [];
    const reason = new Error('cancelled');
    const ending = scan('x@example.com '.repeat(1000), {
      signal: controller.signal,
      chunkUnits: 1000,
      report: (part) => {
        parts.push(part);
        if (parts.length === 3) controller.abort(reason);
      },
    });
    await expect(ending).rejects.toBe(reason);
    expect(parts).toHaveLength(3);
    await expect(scan('text', { signal: controller.signal })).rejects.toBe(reason);
  });

  it('gives way to the event loop after each chunk', async () => {
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await scan('a'.repeat(1000), { chunkUnits: 100 });
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('two at once do not disturb each other', async () => {
    const [one, other] = [shuffled(new Random(3), 150), shuffled(new Random(4), 150)];
    const alone = [await scan(one), await scan(other)];
    expect(await Promise.all([one, other].map((text) => scan(text, { chunkUnits: 256 })))).toEqual(alone);
  });

  it(`finds a rule's values ${MAX_FINDINGS_PER_RULE} times at most, and those of other rules still`, async () => {
    const text = `${'x@example.com '.repeat(MAX_FINDINGS_PER_RULE + 50)}${luhn('411111111111111')}`;
    const findings = await scan(text);
    expect(findings.filter(({ rule }) => rule === 'email')).toHaveLength(MAX_FINDINGS_PER_RULE);
    expect(findings.at(-1)).toMatchObject({ rule: 'card-number' });
    const cards = await scan(`card ${luhn('411111111111111')}\n`.repeat(MAX_FINDINGS_PER_RULE + 50));
    expect(cards).toHaveLength(MAX_FINDINGS_PER_RULE);
  });
});
