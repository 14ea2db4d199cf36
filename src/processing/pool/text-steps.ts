import type { Finding } from '../../compliance/scanner/finding.ts';
import { scan } from '../../compliance/scanner/scan.ts';
import { analyze, type TextStatistics } from '../steps/analyze.ts';
import { type DetectedLanguage, detectLanguage } from '../steps/detect-language.ts';
import { extractKeywords, type Keyword } from '../steps/extract-keywords.ts';
import { summarize } from '../steps/summarize.ts';
import type { Work } from '../work.ts';

/** What each step that works on a text gives. */
export interface TextStepResults {
  readonly DETECT_LANGUAGE: DetectedLanguage | null;
  readonly ANALYZE: TextStatistics;
  readonly EXTRACT_KEYWORDS: readonly Keyword[];
  readonly SUMMARIZE: readonly string[];
  readonly SCAN_COMPLIANCE: readonly Finding[];
}

export type TextStep = keyof TextStepResults;

/** The text that a worker was given. Its language is detected when a step first needs it, and then known. */
export class LoadedText {
  readonly text: string;
  #language: DetectedLanguage | null | undefined;

  constructor(text: string) {
    this.text = text;
  }

  async detect(work: Work): Promise<DetectedLanguage | null> {
    this.#language = await detectLanguage(this.text, work);
    return this.#language;
  }

  /** ISO 639-1; null when it is not known. */
  async language(signal: AbortSignal): Promise<string | null> {
    const language =
      this.#language === undefined ? await this.detect({ signal, report() {} }) : this.#language;
    return language?.code ?? null;
  }
}

type TextSteps = {
  readonly [Step in TextStep]: (loaded: LoadedText, work: Work) => Promise<TextStepResults[Step]>;
};

/** The steps as a worker runs them. */
export const TEXT_STEPS: TextSteps = {
  DETECT_LANGUAGE: (loaded, work) => loaded.detect(work),
  ANALYZE: async (loaded, work) => analyze(loaded.text, await loaded.language(work.signal), work),
  EXTRACT_KEYWORDS: async (loaded, work) =>
    extractKeywords(loaded.text, await loaded.language(work.signal), work),
  SUMMARIZE: async (loaded, work) => summarize(loaded.text, await loaded.language(work.signal), work),
  SCAN_COMPLIANCE: ({ text }, { signal, report }) =>
    scan(text, { signal, report: (share) => report(Math.round(share * text.length), text.length) }),
};
