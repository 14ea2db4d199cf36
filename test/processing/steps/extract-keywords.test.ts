import { describe, expect, it } from 'vitest';
import {
  extractKeywords,
  MAX_KEYWORDS,
  MAX_WORDS_READ,
} from '../../../src/processing/steps/extract-keywords.ts';
import { stopWordsOf } from '../../../src/processing/steps/stop-words.ts';
import { type ProseLanguage, proseOf } from '../formats/prose.ts';
import { expectWholeProgress, quiet, stoppedAt, watched } from '../work.ts';

const SUBJECTS: Record<ProseLanguage, string[]> = {
  en: ['harbour', 'container ship'],
  de: ['Bienen', 'Imker', 'Königin'],
  fr: ['cartes anciennes', 'bibliothèque'],
};
const LANGUAGES = Object.keys(SUBJECTS) as ProseLanguage[];

describe('EXTRACT_KEYWORDS', () => {
  for (const language of LANGUAGES) {
    it(`finds in ${language} what the text is about, best first`, async () => {
      const { work, reports } = watched();
      const keywords = await extractKeywords(proseOf(language), language, work);
      expect(keywords.length).toBeLessThanOrEqual(MAX_KEYWORDS);
      expect(keywords.slice(0, 8).map(({ term }) => term)).toEqual(
        expect.arrayContaining(SUBJECTS[language]),
      );
      const scores = keywords.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((one, other) => other - one));
      expect(scores[0]).toBe(1);
      expect(Math.min(...scores)).toBeGreaterThanOrEqual(0);
      expectWholeProgress(reports);
    });

    it(`has in ${language} no term that begins or ends with a stop word`, async () => {
      const stopWords = stopWordsOf(language);
      expect(stopWords.size).toBeGreaterThan(50);
      for (const { term } of await extractKeywords(proseOf(language), language, quiet())) {
        const words = term.toLowerCase().split(' ');
        for (const word of [words.at(0), words.at(-1)]) expect(stopWords.has(word ?? '')).toBe(false);
      }
    });
  }

  it('counts how often a term is there, whatever its case and the fold of its line', async () => {
    const text = 'A container ship came. The Container Ship left. No ship, but a container\nship stayed.';
    const keywords = await extractKeywords(text, 'en', quiet());
    expect(keywords.find(({ term }) => term.toLowerCase() === 'container ship')?.occurrences).toBe(3);
    expect(keywords.every(({ term }) => !term.includes('\n'))).toBe(true);
  });

  it('finds terms where words are not parted', async () => {
    const text =
      '機械学習は人工知能の一分野である。機械学習は統計学と関係が深い。深層学習は機械学習の手法である。';
    expect((await extractKeywords(text, 'ja', quiet()))[0]).toEqual({
      term: '機械学習',
      score: 1,
      occurrences: 3,
    });
  });

  it('gives the same each time', async () => {
    const text = LANGUAGES.map(proseOf).join('\n\n');
    expect(await extractKeywords(text, null, quiet())).toEqual(await extractKeywords(text, null, quiet()));
  });

  it('finds nothing where there is nothing', async () => {
    for (const text of ['', 'the and of', '1 2 3', 'x'.repeat(1_000_000), '.'.repeat(100_000)]) {
      expect(await extractKeywords(text, 'en', quiet())).toEqual([]);
    }
  });

  it('reads a bounded number of words', async () => {
    const beginning = 'Harbour pilots. '.repeat(MAX_WORDS_READ / 2);
    const keywords = await extractKeywords(`${beginning}${'Unread ending. '.repeat(1_000)}`, 'en', quiet());
    expect(keywords.find(({ term }) => term === 'Harbour pilots')?.occurrences).toBe(MAX_WORDS_READ / 2);
    expect(keywords.some(({ term }) => /unread/i.test(term))).toBe(false);
  });

  it('stops between two sentences', async () => {
    const { work, reportsAfter } = stoppedAt();
    await expect(extractKeywords(proseOf('de').repeat(10), 'de', work)).rejects.toThrow(/aborted/);
    expect(reportsAfter).toEqual([]);
  });
});
