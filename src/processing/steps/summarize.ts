import { createPace, type Pace, type Work } from '../work.ts';
import { passagesOf } from './passages.ts';
import { type Sentence, sentencesOf } from './sentences.ts';
import { stopWordsOf } from './stop-words.ts';
import { wordsOf } from './words.ts';

/** Sentences of the longest summary. */
export const MAX_SUMMARY_SENTENCES = 5;
/** Sentences of the shortest, when the text has as many. */
const MIN_SUMMARY_SENTENCES = 3;
/** A summary takes one sentence of so many. */
const SENTENCES_PER_SUMMARY_SENTENCE = 10;
/** Sentences that are compared with one another; of a longer text so many at even distances. The matrix takes 8 MB. */
export const MAX_COMPARED_SENTENCES = 1_000;
/** UTF-16 code units of a sentence that can stand in a summary: shorter are headings, longer are tables and data. */
const MIN_SENTENCE_UNITS = 25;
const MAX_SENTENCE_UNITS = 1_000;
/** The chance of going on along a link, and when ranks stand still; both as in the paper. */
const DAMPING = 0.85;
const CONVERGED = 0.0001;
const MAX_ROUNDS = 100;

interface Compared {
  readonly sentence: Sentence;
  /** Its different words, without stop words. */
  readonly words: ReadonlySet<string>;
}

/**
 * The sentences that say most of a text, as it writes them and in its order, by TextRank: R. Mihalcea, P. Tarau, "TextRank:
 * Bringing Order into Texts", EMNLP 2004. Two sentences are linked by the words they share; a sentence ranks by its links.
 * The language is ISO 639-1 or unknown. Empty for a text without sentences. Reported in sentences.
 */
export async function summarize(text: string, language: string | null, work: Work): Promise<string[]> {
  const pace = createPace(work);
  const sentences: Sentence[] = [];
  for (const passage of passagesOf(text)) {
    await pace.at(0, 1);
    for (const sentence of sentencesOf(passage, language)) {
      const units = sentence.to - sentence.from;
      if (units >= MIN_SENTENCE_UNITS && units <= MAX_SENTENCE_UNITS) sentences.push(sentence);
    }
  }
  const compared = await read(text, language, atEvenDistances(sentences, MAX_COMPARED_SENTENCES), pace);
  const ranks = await rank(compared, pace);
  const wanted = Math.ceil(sentences.length / SENTENCES_PER_SUMMARY_SENTENCE);
  const count = Math.min(MAX_SUMMARY_SENTENCES, Math.max(MIN_SUMMARY_SENTENCES, wanted));
  const best = compared
    .map(({ sentence }, index) => ({ sentence, rank: ranks[index] ?? 0 }))
    .sort((one, other) => other.rank - one.rank || one.sentence.from - other.sentence.from)
    .slice(0, count)
    .sort((one, other) => one.sentence.from - other.sentence.from);
  await pace.at(1, 1);
  return best.map(({ sentence }) => text.slice(sentence.from, sentence.to).replace(/\s+/gu, ' '));
}

function atEvenDistances<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return items.filter(
    (_, index) =>
      Math.floor((index * most) / items.length) !== Math.floor(((index - 1) * most) / items.length),
  );
}

/** The sentences with words of their own, a repeated one once. */
async function read(text: string, language: string | null, sentences: readonly Sentence[], pace: Pace) {
  const stopWords = stopWordsOf(language);
  const seen = new Set<string>();
  const compared: Compared[] = [];
  for (const [index, sentence] of sentences.entries()) {
    await pace.at(index, 2 * sentences.length);
    const keys = wordsOf(text, sentence, language).map(({ key }) => key);
    const words = new Set(keys.filter((key) => !stopWords.has(key)));
    const name = keys.join(' ');
    if (words.size < 2 || seen.has(name)) continue;
    seen.add(name);
    compared.push({ sentence, words });
  }
  return compared;
}

/** Shared words, in parts of the sentences' lengths, so that long ones do not win by length. */
function similarity(one: Compared, other: Compared): number {
  let shared = 0;
  for (const word of one.words) if (other.words.has(word)) shared += 1;
  return shared / (Math.log(one.words.size) + Math.log(other.words.size));
}

async function rank(compared: readonly Compared[], pace: Pace): Promise<Float64Array> {
  const size = compared.length;
  const links = new Float64Array(size * size);
  const totals = new Float64Array(size);
  for (const [row, one] of compared.entries()) {
    await pace.at(size + row, 2 * size);
    for (let column = row + 1; column < size; column += 1) {
      const other = compared[column];
      if (!other) continue;
      const link = similarity(one, other);
      links[row * size + column] = link;
      links[column * size + row] = link;
      totals[row] = (totals[row] ?? 0) + link;
      totals[column] = (totals[column] ?? 0) + link;
    }
  }
  return settle(links, totals, () => pace.at(2 * size, 2 * size));
}

/** Lets the ranks flow along the links until they stand still. */
async function settle(
  links: Float64Array,
  totals: Float64Array,
  between: () => Promise<void>,
): Promise<Float64Array> {
  const size = totals.length;
  let ranks = new Float64Array(size).fill(1);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await between();
    const next = new Float64Array(size).fill(1 - DAMPING);
    for (let from = 0; from < size; from += 1) {
      const share = (DAMPING * (ranks[from] ?? 0)) / (totals[from] || 1);
      for (let to = 0; to < size; to += 1)
        next[to] = (next[to] ?? 0) + share * (links[from * size + to] ?? 0);
    }
    const moved = next.some((value, index) => Math.abs(value - (ranks[index] ?? 0)) > CONVERGED);
    ranks = next;
    if (!moved) break;
  }
  return ranks;
}
