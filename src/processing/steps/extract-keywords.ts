import { distance } from 'fastest-levenshtein';
import { createPace, type Work } from '../work.ts';
import { passagesOf } from './passages.ts';
import { sentencesOf } from './sentences.ts';
import { stopWordsOf } from './stop-words.ts';
import { wordsOf } from './words.ts';
import { type Candidate, createYake } from './yake.ts';

/** Keywords of one text. */
export const MAX_KEYWORDS = 20;
/** Words that are read, from the beginning: 150 pages. Counting all their terms takes less than 100 MB. */
export const MAX_WORDS_READ = 50_000;
/** Terms whose letters agree to so much of the longer one are the same keyword. */
const MAX_SIMILARITY = 0.9;
/** A term that holds a better one is another keyword only when it makes up more than one in so many of its occurrences. */
const MIN_SHARE = 3;
/** Letters of the shortest word that carries a meaning; in languages whose words are of few characters, two. */
const MIN_LETTERS = 3;
const FEW_CHARACTERS: ReadonlySet<string> = new Set(['zh', 'ja', 'ko', 'th']);

export interface Keyword {
  /** As the text writes it. */
  readonly term: string;
  /** 0 to 1, four decimals: 1 for the best, for others the best's weight in parts of theirs. */
  readonly score: number;
  readonly occurrences: number;
}

/**
 * The terms that stand most for a text, best first, by YAKE (`yake.ts`); terms that nearly equal a better one, are part of
 * one that is there as often, or hold one that is there much more often, are left out. The language is ISO 639-1 or unknown. Reported in UTF-16 code units.
 */
export async function extractKeywords(text: string, language: string | null, work: Work): Promise<Keyword[]> {
  const pace = createPace(work);
  const stopWords = stopWordsOf(language);
  const least = language !== null && FEW_CHARACTERS.has(language) ? 2 : MIN_LETTERS;
  const yake = createYake((word) => word.length < least || stopWords.has(word));
  let read = 0;
  for (const passage of passagesOf(text)) {
    for (const sentence of sentencesOf(passage, language)) {
      await pace.at(sentence.from, text.length);
      const words = wordsOf(text, sentence, language);
      read += words.length;
      yake.add(words, text);
      if (read >= MAX_WORDS_READ) break;
    }
    if (read >= MAX_WORDS_READ) break;
  }
  await pace.at(text.length, text.length);
  const kept = distinct(yake.candidates().sort(byWeight));
  await pace.at(text.length, text.length);
  const best = kept[0]?.weight ?? 1;
  return kept.map(({ from, to, occurrences, weight }) => ({
    term: text.slice(from, to).replace(/\s+/gu, ' '),
    score: Number((best / weight).toFixed(4)),
    occurrences,
  }));
}

/** Lighter first; then the earlier, so that the order is the same every time. */
const byWeight = (one: Candidate, other: Candidate): number =>
  one.weight - other.weight || one.from - other.from || one.to - other.to;

function distinct(candidates: readonly Candidate[]): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates) {
    if (!kept.some((better) => saysTheSame(candidate, better))) kept.push(candidate);
    if (kept.length === MAX_KEYWORDS) break;
  }
  return kept;
}

function saysTheSame(candidate: Candidate, better: Candidate): boolean {
  const [one, other] = [candidate.words.join(' '), better.words.join(' ')];
  if (` ${other} `.includes(` ${one} `)) return candidate.occurrences <= better.occurrences;
  if (` ${one} `.includes(` ${other} `)) return candidate.occurrences * MIN_SHARE <= better.occurrences;
  return 1 - distance(one, other) / Math.max(one.length, other.length) >= MAX_SIMILARITY;
}
