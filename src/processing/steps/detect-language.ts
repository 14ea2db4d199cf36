import type * as Small from 'eld/small';
import { createPace, type Work } from '../work.ts';
import { placesOf } from './words.ts';

/** Words under which a guess would be worth nothing. */
const MIN_WORDS = 3;
/** Samples of a long text, at even distances: a preface in another language does not decide. */
const SAMPLES = 8;
/** UTF-16 code units of one sample: the detector reads no more of a text. */
const SAMPLE_UNITS = 1_000;

export interface DetectedLanguage {
  /** ISO 639-1. */
  readonly code: string;
  /** 0 to 1, two decimals: the detector's score; a right guess at ordinary text has about 0.75. */
  readonly confidence: number;
}

let loading: Promise<typeof Small> | undefined;

/** The detector with its small database, loaded when a process first needs it. */
async function loadDetector() {
  loading ??= import('eld/small');
  return (await loading).eld;
}

/**
 * The language that most samples of a text are in; its confidence falls with each sample in another. Null for under three
 * words and when none is likely. Reported in samples.
 */
export async function detectLanguage(text: string, work: Work): Promise<DetectedLanguage | null> {
  const pace = createPace(work);
  const samples = samplesOf(text);
  await pace.at(0, samples.length);
  const detector = await loadDetector();
  const scores = new Map<string, number>();
  let read = 0;
  for (const [index, sample] of samples.entries()) {
    if (hasWords(sample, MIN_WORDS)) {
      read += 1;
      const result = detector.detect(sample);
      const score = result.getScores()[result.language] ?? 0;
      if (score > 0) scores.set(result.language, (scores.get(result.language) ?? 0) + score);
    }
    await pace.at(index + 1, samples.length);
  }
  const [best] = [...scores].sort(([, one], [, other]) => other - one);
  return best ? { code: best[0], confidence: Number((best[1] / read).toFixed(2)) } : null;
}

/** Stretches at even distances, each but the first begun at white space where there is some; a short text is one. */
function samplesOf(text: string): string[] {
  const count = Math.min(SAMPLES, Math.max(1, Math.floor(text.length / SAMPLE_UNITS)));
  const distance = count === 1 ? 0 : (text.length - SAMPLE_UNITS) / (count - 1);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor(index * distance);
    const stretch = text.slice(from, from + SAMPLE_UNITS);
    const begin = index === 0 ? 0 : stretch.search(/\s/u) + 1;
    return stretch.slice(begin).toWellFormed();
  });
}

function hasWords(text: string, least: number): boolean {
  let words = 0;
  for (const { from, to } of placesOf(text, null)) {
    if (/\p{L}/u.test(text.slice(from, to))) words += 1;
    if (words >= least) return true;
  }
  return false;
}
