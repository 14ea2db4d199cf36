import { describe, expect, it } from 'vitest';
import { sniffType } from '../../../src/processing/formats/file-type.ts';
import { htmlText } from '../../../src/processing/formats/html.ts';
import { decodeText } from '../../../src/processing/formats/text-encoding.ts';
import { endsInAbbreviation } from '../../../src/processing/steps/abbreviations.ts';
import { MAX_PASSAGE_UNITS, passagesOf } from '../../../src/processing/steps/passages.ts';
import { sentencesOf } from '../../../src/processing/steps/sentences.ts';
import { placesOf, wordsOf } from '../../../src/processing/steps/words.ts';

const UNITS = 1_000_000;
const filled = (pattern: string, head = ''): string =>
  head + pattern.repeat(Math.ceil(UNITS / pattern.length)).slice(0, UNITS);

/** Strings that a pattern with two ways to match the same would go through again and again. */
const TEXTS: Readonly<Record<string, string>> = {
  letters: filled('a'),
  'letters with joiners': filled("a'"),
  'letters with full stops': filled('a.'),
  joiners: filled("'", 'a'),
  digits: filled('1,'),
  marks: filled('\u0301', 'e'),
  spaces: filled(' ', 'a'),
  tabs: filled('\t-', 'a'),
  'line ends': filled('\n'),
  'carriage returns': filled('\r'),
  'full stops': filled('. '),
  initials: filled('A. '),
  tags: filled('<'),
  comments: filled('<!-- '),
  'an open comment': filled('- ', '<!--'),
  prologs: filled('<?xml '),
  'meta elements': filled('<meta '),
  'an open meta element': filled(' charset', '<html><meta'),
  'open brackets': filled('['),
  'open links': filled('[a]('),
  'table rows': filled('|---'),
  'PDF headers': filled('%PDF-1', 'x'),
};

/** Milliseconds of this process's own time, the least of three runs: another process's load is not counted. */
function cpuMs(run: () => unknown): number {
  const times = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

const passage = (text: string) => ({ text: text.slice(0, MAX_PASSAGE_UNITS), from: 0, cutsWord: false });

describe('no regular expression takes more than 100 ms for 1 MB', () => {
  for (const [name, text] of Object.entries(TEXTS)) {
    it(`of ${name}`, () => {
      const bytes = Buffer.from(text);
      const runs = {
        sniffType: () => sniffType(bytes),
        decodeText: () => decodeText(bytes),
        windows: () => decodeText(bytes, 'windows-1252'),
        endsInAbbreviation: () => endsInAbbreviation(text),
        passages: () => [...passagesOf(text)].length,
        placesOf: () => placesOf(text, 'en').next(),
        sentencesOf: () => [...sentencesOf(passage(text), 'en')].length,
        wordsOf: () => wordsOf(text, { from: 0, to: MAX_PASSAGE_UNITS }, 'en').length,
      };
      for (const [what, run] of Object.entries(runs)) expect([what, cpuMs(run) <= 100]).toEqual([what, true]);
    });
  }
});

describe('HTML made to hurt', () => {
  it('with elements inside one another is read to a depth', () => {
    const text = htmlText(Buffer.from(`<html><body>top ${'<div>x'.repeat(20_000)}`));
    expect(text.startsWith('top')).toBe(true);
    expect(text.split('x').length - 1).toBeLessThan(300);
  });

  it('with entities of NUL and of half a character is text that a document can hold', () => {
    const text = htmlText(Buffer.from('<html><body>a&#0;b&#xD800;c</body></html>'));
    expect(text).not.toContain('\0');
    expect(text.isWellFormed()).toBe(true);
  });
});
