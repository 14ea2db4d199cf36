import type { Word } from './words.ts';

/** Words of the longest term. */
const MAX_TERM_WORDS = 3;

interface Single {
  occurrences: number;
  /** Written in capitals throughout. */
  acronyms: number;
  /** Written with a capital within a sentence. */
  capitalised: number;
  /** Indexes of the sentences it stands in, each once, rising. */
  readonly sentences: number[];
  /** Different neighbours and all neighbours, before and after it. */
  readonly before: { different: number; all: number };
  readonly after: { different: number; all: number };
  readonly stop: boolean;
}

/** A term as it is found in a text. */
export interface Candidate {
  /** Its words in lower case. */
  readonly words: readonly string[];
  /** Place of a first occurrence that does not begin a sentence, else of the first. */
  from: number;
  to: number;
  beginsSentence: boolean;
  occurrences: number;
  /** YAKE's weight: the lower, the more the term stands for the text. */
  weight: number;
}

export interface Yake {
  /** Counts a sentence: its words and the text they are from. */
  add(words: readonly Word[], text: string): void;
  /** The candidates, weighed. */
  candidates(): Candidate[];
}

/**
 * YAKE: R. Campos, V. Mangaravite, A. Pasquali, A. Jorge, C. Nunes, A. Jatowt, "YAKE! Keyword extraction from single
 * documents using multiple local features", Information Sciences 509, 2020. A word weighs by its case, position, frequency,
 * neighbours and spread over sentences; a term of up to three words by its words, and by how often it stands there.
 * Stop words are within terms, never at their ends, and, which the paper does not ask, only in terms that are there twice:
 * in a short text chance words around a stop word would win. `isStop` is asked for words in lower case.
 */
export function createYake(isStop: (word: string) => boolean): Yake {
  const singles = new Map<string, Single>();
  const pairs = new Map<string, number>();
  const terms = new Map<string, Candidate>();
  let sentenceCount = 0;

  function single(key: string): Single {
    const kept = singles.get(key);
    if (kept) return kept;
    const made: Single = {
      occurrences: 0,
      acronyms: 0,
      capitalised: 0,
      sentences: [],
      before: { different: 0, all: 0 },
      after: { different: 0, all: 0 },
      stop: isStop(key),
    };
    singles.set(key, made);
    return made;
  }

  function countSingle(word: Word, written: string, beginsSentence: boolean): void {
    const entry = single(word.key);
    entry.occurrences += 1;
    if (entry.sentences.at(-1) !== sentenceCount) entry.sentences.push(sentenceCount);
    const upper = written.toUpperCase();
    if (upper === written.toLowerCase()) return;
    if (written.length > 1 && written === upper) entry.acronyms += 1;
    else if (!beginsSentence && written.charAt(0) === upper.charAt(0)) entry.capitalised += 1;
  }

  function countPair(left: string, right: string): void {
    const key = `${left} ${right}`;
    const count = pairs.get(key) ?? 0;
    pairs.set(key, count + 1);
    const before = single(right).before;
    const after = single(left).after;
    before.all += 1;
    after.all += 1;
    if (count > 0) return;
    before.different += 1;
    after.different += 1;
  }

  /** Counts the terms that end with the last of these words. */
  function countTerms(words: readonly Word[], last: number): void {
    const end = words[last];
    if (!end || single(end.key).stop) return;
    for (let first = last; first > last - MAX_TERM_WORDS && first >= 0; first -= 1) {
      const begin = words[first];
      if (!begin) return;
      if (!single(begin.key).stop) countTerm(words.slice(first, last + 1), begin, end, first === 0);
      if (!begin.follows) return;
    }
  }

  function countTerm(words: readonly Word[], begin: Word, end: Word, beginsSentence: boolean): void {
    const keys = words.map(({ key }) => key);
    const name = keys.join(' ');
    const kept = terms.get(name);
    if (!kept) {
      const place = { from: begin.from, to: end.to, beginsSentence };
      terms.set(name, { words: keys, ...place, occurrences: 1, weight: 0 });
      return;
    }
    kept.occurrences += 1;
    if (kept.beginsSentence && !beginsSentence)
      Object.assign(kept, { from: begin.from, to: end.to, beginsSentence });
  }

  /** The weight of each word, after all sentences are counted. */
  function weighSingles(): Map<string, number> {
    const counts = [...singles.values()].filter(({ stop }) => !stop).map(({ occurrences }) => occurrences);
    const mean = sum(counts) / Math.max(1, counts.length);
    const deviation = Math.sqrt(sum(counts.map((count) => (count - mean) ** 2)) / Math.max(1, counts.length));
    let most = 1;
    for (const { occurrences } of singles.values()) most = Math.max(most, occurrences);
    const weights = new Map<string, number>();
    for (const [key, entry] of singles) {
      const share = entry.occurrences / most;
      const related = 1 + (spread(entry.before) + spread(entry.after)) * share;
      const casing = Math.max(entry.acronyms, entry.capitalised) / (1 + Math.log(entry.occurrences));
      const position = Math.log(Math.log(3 + median(entry.sentences)));
      const frequency = entry.occurrences / (mean + deviation);
      const reach = entry.sentences.length / sentenceCount;
      weights.set(key, (position * related) / (casing + frequency / related + reach / related));
    }
    return weights;
  }

  /** A stop word counts by how likely it stands between just these neighbours. */
  function likelihood(words: readonly string[], at: number): number {
    const [left, word, right] = [words[at - 1], words[at], words[at + 1]];
    if (left === undefined || word === undefined || right === undefined) return 0;
    const before = (pairs.get(`${left} ${word}`) ?? 0) / single(left).occurrences;
    const after = (pairs.get(`${word} ${right}`) ?? 0) / single(right).occurrences;
    return before * after;
  }

  function weigh({ words, occurrences }: Candidate, weights: ReadonlyMap<string, number>): number {
    let product = 1;
    let total = 0;
    for (const [at, word] of words.entries()) {
      if (single(word).stop) {
        const unlikely = 1 - likelihood(words, at);
        product *= 1 + unlikely;
        total -= unlikely;
      } else {
        const weight = weights.get(word) ?? 0;
        product *= weight;
        total += weight;
      }
    }
    return product / (occurrences * (1 + total));
  }

  return {
    add(words, text) {
      for (const [at, word] of words.entries()) {
        countSingle(word, text.slice(word.from, word.to), at === 0);
        const left = words[at - 1];
        if (left && word.follows) countPair(left.key, word.key);
        countTerms(words, at);
      }
      sentenceCount += 1;
    },
    candidates() {
      const weights = weighSingles();
      const hasStop = (words: readonly string[]) => words.some((word) => single(word).stop);
      const found = [...terms.values()].filter(
        ({ words, occurrences }) => occurrences > 1 || !hasStop(words),
      );
      for (const candidate of found) candidate.weight = weigh(candidate, weights);
      return found;
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const spread = ({ different, all }: { different: number; all: number }): number =>
  all === 0 ? 0 : different / all;

/** Of rising values. */
function median(values: readonly number[]): number {
  const middle = Math.floor(values.length / 2);
  const high = values[middle] ?? 0;
  return values.length % 2 === 1 ? high : (high + (values[middle - 1] ?? high)) / 2;
}
