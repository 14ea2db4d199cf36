import { describe, expect, it } from 'vitest';
import { detectLanguage } from '../../../src/processing/steps/detect-language.ts';
import { proseOf } from '../formats/prose.ts';
import { expectWholeProgress, quiet, watched } from '../work.ts';

describe('DETECT_LANGUAGE', () => {
  it('knows three languages, with a confidence from 0 to 1', async () => {
    for (const language of ['en', 'de', 'fr'] as const) {
      const { work, reports } = watched();
      const detected = await detectLanguage(proseOf(language), work);
      expect(detected?.code).toBe(language);
      expect(detected?.confidence).toBeGreaterThan(0.5);
      expect(detected?.confidence).toBeLessThanOrEqual(1);
      expectWholeProgress(reports);
    }
  });

  it('knows other scripts', async () => {
    expect((await detectLanguage('これは日本語の文章です。東京は大きい都市です。', quiet()))?.code).toBe(
      'ja',
    );
    expect((await detectLanguage('Това е един текст на български език.', quiet()))?.code).toBe('bg');
  });

  it('does not guess from under three words', async () => {
    for (const text of ['', 'Bonjour', 'Guten Tag', '12 34 56 78', '!!! ??? ...']) {
      expect(await detectLanguage(text, quiet())).toBeNull();
    }
  });

  it('goes by most of a long text, not by how it begins', async () => {
    const text = `${proseOf('en').repeat(3)}\n\n${proseOf('de').repeat(100)}`;
    expect((await detectLanguage(text, quiet()))?.code).toBe('de');
  });

  it('guesses the same each time', async () => {
    const text = proseOf('fr').repeat(50);
    expect(await detectLanguage(text, quiet())).toEqual(await detectLanguage(text, quiet()));
  });

  it('does nothing when it is stopped already', async () => {
    const work = { ...quiet(), signal: AbortSignal.abort() };
    await expect(detectLanguage(proseOf('en'), work)).rejects.toThrow(/aborted/);
  });
});
