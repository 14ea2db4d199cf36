import { describe, expect, it } from 'vitest';
import { analyze } from '../../../src/processing/steps/analyze.ts';
import { PROSE, proseOf } from '../formats/prose.ts';
import { expectWholeProgress, quiet, stoppedAt, watched } from '../work.ts';

describe('ANALYZE', () => {
  it('counts characters, words, sentences and paragraphs in three languages', async () => {
    for (const language of ['en', 'de', 'fr'] as const) {
      const text = proseOf(language);
      const { characters, words, sentences, paragraphs } = await analyze(text, language, quiet());
      expect(characters).toBe(text.length);
      expect(paragraphs).toBe(PROSE[language].length);
      expect(sentences).toBe(12);
      const bySpaces = text.split(/[\s’]+/u).length;
      expect(Math.abs(words - bySpaces)).toBeLessThanOrEqual(bySpaces * 0.02);
    }
  });

  it('counts characters in UTF-16 units', async () => {
    expect((await analyze('😀 é', 'en', quiet())).characters).toBe(4);
  });

  it('has the reading time in minutes at 238 words', async () => {
    expect((await analyze('word '.repeat(476), 'en', quiet())).readingTime).toBe(2);
    expect((await analyze('word '.repeat(60), 'en', quiet())).readingTime).toBe(0.25);
  });

  it('has the Flesch reading ease as its formula says', async () => {
    // 6 words, 1 sentence, 6 syllables; 1 word of 5 syllables
    expect((await analyze('The cat sat on the mat.', 'en', quiet())).readingEase).toBe(116.1);
    expect((await analyze('Characteristically.', 'en', quiet())).readingEase).toBeLessThan(-200);
  });

  it('has a reading ease in English only', async () => {
    expect((await analyze(proseOf('en'), 'en', quiet())).readingEase).toBeGreaterThan(50);
    expect((await analyze(proseOf('de'), 'de', quiet())).readingEase).toBeNull();
    expect((await analyze(proseOf('en'), null, quiet())).readingEase).toBeNull();
  });

  it('has nothing to count in an empty text', async () => {
    const nothing = { words: 0, sentences: 0, paragraphs: 0, readingTime: 0, readingEase: null };
    expect(await analyze('', 'en', quiet())).toEqual({ characters: 0, ...nothing });
    expect(await analyze(' \n\n ', 'en', quiet())).toEqual({ characters: 4, ...nothing });
  });

  it('counts the same however the text is cut into passages', async () => {
    const short = await analyze(proseOf('en'), 'en', quiet());
    const copies = 200;
    const long = await analyze(
      Array.from({ length: copies }, () => proseOf('en')).join('\n\n'),
      'en',
      quiet(),
    );
    expect(long.words).toBe(short.words * copies);
    expect(long.sentences).toBe(short.sentences * copies);
    expect(long.paragraphs).toBe(short.paragraphs * copies);
    expect(long.readingEase).toBe(short.readingEase);
    const oneParagraph = proseOf('en').replaceAll('\n\n', ' ');
    const flat = await analyze(Array.from({ length: copies }, () => oneParagraph).join(' '), 'en', quiet());
    expect(flat).toMatchObject({
      words: short.words * copies,
      sentences: short.sentences * copies,
      paragraphs: 1,
    });
  });

  it('takes 10 MB without a space for the one word that it is, and reports on the way', async () => {
    const { work, reports } = watched();
    const result = await analyze('a'.repeat(10_000_000), 'en', work);
    expect(result).toMatchObject({ characters: 10_000_000, words: 1, sentences: 1, paragraphs: 1 });
    expectWholeProgress(reports);
    expect(reports.length).toBeGreaterThan(100);
  });

  it('stops in the middle of 10 MB', async () => {
    const { work, reportsAfter } = stoppedAt((done, total) => done * 2 > total);
    await expect(analyze('a'.repeat(10_000_000), 'en', work)).rejects.toThrow(/aborted/);
    expect(reportsAfter.length).toBeLessThanOrEqual(1);
  });

  it('lets an abort in that comes from outside while it counts', async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    const work = { signal: controller.signal, report: () => undefined };
    await expect(analyze(proseOf('de').repeat(2_000), 'de', work)).rejects.toThrow(/aborted/);
  });
});
