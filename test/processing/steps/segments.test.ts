import { describe, expect, it } from 'vitest';
import { MAX_PASSAGE_UNITS, passagesOf } from '../../../src/processing/steps/passages.ts';
import { sentencesOf } from '../../../src/processing/steps/sentences.ts';
import { placesOf, wordsOf } from '../../../src/processing/steps/words.ts';
import { proseOf } from '../formats/prose.ts';

const sentences = (text: string, language: string | null = null): string[] =>
  [...passagesOf(text)]
    .flatMap((passage) => [...sentencesOf(passage, language)])
    .map(({ from, to }) => text.slice(from, to));

describe('the passages of a text', () => {
  it('are the text, each within its bound, cut at the best break there is', () => {
    const paragraph = `${'One sentence of several words. '.repeat(500).trim()}\n\n`;
    for (const text of [
      paragraph.repeat(10),
      paragraph.repeat(10).replaceAll('\n\n', '\n'),
      'word '.repeat(50_000),
    ]) {
      const passages = [...passagesOf(text)];
      expect(passages.map((passage) => passage.text).join('')).toBe(text);
      expect(passages.length).toBeGreaterThan(1);
      for (const { text: cut, from, cutsWord } of passages) {
        expect(cut.length).toBeLessThanOrEqual(MAX_PASSAGE_UNITS);
        expect(text.startsWith(cut, from)).toBe(true);
        expect(cutsWord).toBe(false);
        expect(cut).toMatch(/\s$/u);
      }
    }
  });

  it('never cut a surrogate pair', () => {
    const text = `x${'😀'.repeat(MAX_PASSAGE_UNITS)}`;
    const passages = [...passagesOf(text)];
    expect(passages.map((passage) => passage.text).join('')).toBe(text);
    for (const { text: cut } of passages) expect(cut.isWellFormed()).toBe(true);
    expect(passages.map(({ cutsWord }) => cutsWord)).toEqual([true, true, false]);
  });

  it('of an empty text are none', () => {
    expect([...passagesOf('')]).toEqual([]);
  });
});

describe('the sentences of a text', () => {
  it('go over folded lines, and end with headings, items and paragraphs', () => {
    const text = [
      'A heading',
      '',
      'This line is long enough to be running text, and',
      'it ends here. Another sentence.',
      '- an item of a list that is written on a single line',
      '- another item',
    ].join('\n');
    expect(sentences(text)).toEqual([
      'A heading',
      'This line is long enough to be running text, and\nit ends here.',
      'Another sentence.',
      '- an item of a list that is written on a single line',
      '- another item',
    ]);
  });

  it('do not end at abbreviations, initials and decimals', () => {
    expect(sentences('Mr. Hale met J. R. Smith at 3.15 p. He left.')).toEqual([
      'Mr. Hale met J. R. Smith at 3.15 p.',
      'He left.',
    ]);
    expect(sentences('Herr Dr. Vogel kommt, z.B. Morgen. Gut.', 'de')).toEqual([
      'Herr Dr. Vogel kommt, z.B. Morgen.',
      'Gut.',
    ]);
  });

  it('are found in languages with other marks', () => {
    expect(sentences('これは本です。それは机です。', 'ja')).toEqual(['これは本です。', 'それは机です。']);
    expect(sentences('¿Dónde está? ¡Aquí!', 'es')).toEqual(['¿Dónde está?', '¡Aquí!']);
  });

  it('have a letter or a digit', () => {
    expect(sentences('***\n\n--- ...\n\n!!!')).toEqual([]);
  });
});

describe('the words of a sentence', () => {
  const words = (text: string) => wordsOf(text, { from: 0, to: text.length }, 'en');

  it('are in lower case and at their place; what parts them is known', () => {
    const text = 'Real-time GraphQL, and Node 20 servers';
    expect(words(text).map(({ key, follows }) => [key, follows])).toEqual([
      ['real', false],
      ['time', true],
      ['graphql', true],
      ['and', false],
      ['node', true],
      ['servers', false],
    ]);
    expect(words(text).map(({ from, to }) => text.slice(from, to).toLowerCase())).toEqual(
      words(text).map(({ key }) => key),
    );
  });

  it('leave data out', () => {
    expect(words(`${'a'.repeat(41)} 0xdeadbeef 12 ok`).map(({ key }) => key)).toEqual(['ok']);
  });
});

describe('the places of words', () => {
  it('are those that Intl.Segmenter finds', () => {
    const texts = [
      ...(['en', 'de', 'fr'] as const).map(proseOf),
      "don't 3.14 1,000.5 a.b.c foo_bar x-y e-mail@example.org 'quoted' end. naïve e\u0301te\u0301 L’été 5kg (b) c:d 1:2 ...",
      'Привет, мир! Ελληνικά κείμενα. שלום עולם 한국어 문장입니다.',
      '機械学習は面白い。 ภาษาไทย and English',
    ];
    const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
    for (const text of texts) {
      const expected = [...segmenter.segment(text)]
        .filter(({ isWordLike }) => isWordLike)
        .map(({ segment }) => segment);
      expect([...placesOf(text, 'en')].map(({ from, to }) => text.slice(from, to))).toEqual(expected);
    }
  });
});
