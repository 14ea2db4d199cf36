import { describe, expect, it } from 'vitest';
import {
  MAX_COMPARED_SENTENCES,
  MAX_SUMMARY_SENTENCES,
  summarize,
} from '../../../src/processing/steps/summarize.ts';
import { proseOf } from '../formats/prose.ts';
import { expectWholeProgress, quiet, stoppedAt, watched } from '../work.ts';

describe('SUMMARIZE', () => {
  it('takes sentences of the text, as they are and in their order, in three languages', async () => {
    for (const language of ['en', 'de', 'fr'] as const) {
      const text = proseOf(language);
      const { work, reports } = watched();
      const summary = await summarize(text, language, work);
      expect(summary).toHaveLength(3);
      const places = summary.map((sentence) => text.indexOf(sentence));
      expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
      expect(places).toEqual([...places].sort((one, other) => one - other));
      expectWholeProgress(reports);
    }
  });

  it('takes the sentence that shares most with the others', async () => {
    const text = [
      'Quite unrelated weather was reported from the northern islands.',
      'The new harbour crane unloads container ships quickly.',
      'Container ships wait outside the harbour for the crane.',
      'Pilots guide container ships into the harbour at night.',
      'Somebody lost an umbrella near a bakery yesterday evening.',
    ].join(' ');
    const summary = await summarize(text, 'en', quiet());
    expect(summary).toHaveLength(3);
    for (const sentence of summary) expect(sentence).toContain('harbour');
  });

  it('takes a repeated sentence once', async () => {
    const text = 'The harbour serves container ships from everywhere. '.repeat(50);
    expect(await summarize(text, 'en', quiet())).toEqual([
      'The harbour serves container ships from everywhere.',
    ]);
  });

  it('gives the same each time', async () => {
    const text = proseOf('en').repeat(20);
    expect(await summarize(text, 'en', quiet())).toEqual(await summarize(text, 'en', quiet()));
  });

  it('has nothing to say of a text without sentences', async () => {
    for (const text of [
      '',
      'Too short.',
      'x'.repeat(1_000_000),
      '1, 2, 3\n'.repeat(1_000),
      'word '.repeat(100_000),
    ]) {
      expect(await summarize(text, 'en', quiet())).toEqual([]);
    }
  });

  it('compares a bounded number of sentences, from all parts of the text', async () => {
    const numbers = Array.from({ length: MAX_COMPARED_SENTENCES * 3 }, (_, index) =>
      index.toString(26).replace(/\d/g, 'z'),
    );
    const text = numbers
      .map((word) => `The harbour of ${word}ton saw the container ship ${word}bel.`)
      .join(' ');
    const { work, reports } = watched();
    const summary = await summarize(text, 'en', work);
    expect(summary).toHaveLength(MAX_SUMMARY_SENTENCES);
    expect(Math.max(...reports.map(([, total]) => total))).toBeLessThanOrEqual(2 * MAX_COMPARED_SENTENCES);
  });

  it('stops between two sentences', async () => {
    const { work, reportsAfter } = stoppedAt();
    await expect(summarize(proseOf('fr'), 'fr', work)).rejects.toThrow(/aborted/);
    expect(reportsAfter).toEqual([]);
  });
});
