import { syllable } from 'syllable';
import { createPace, type Work } from '../work.ts';
import { type Passage, passagesOf } from './passages.ts';
import { sentencesOf } from './sentences.ts';
import { placesOf } from './words.ts';

/** Words a minute that an adult reads silently in English: M. Brysbaert, "How many words do we read per minute?", 2019. */
const WORDS_PER_MINUTE = 238;
/** UTF-16 code units of a word whose syllables are counted; the rest of a longer one is left out. */
const MAX_SYLLABLE_UNITS = 64;
/** Words whose syllables are counted, from the beginning; the reading ease is theirs. */
const MAX_EASE_WORDS = 100_000;
/** Different words whose syllables are remembered. */
const MAX_KNOWN_WORDS = 50_000;

const NO_WORDS = { words: 0, sentences: 0, syllables: 0 };

export interface TextStatistics {
  /** UTF-16 code units, as positions are counted everywhere. */
  readonly characters: number;
  readonly words: number;
  readonly sentences: number;
  /** Stretches of lines that are not empty. */
  readonly paragraphs: number;
  /** Minutes at 238 words a minute, two decimals. */
  readonly readingTime: number;
  /** Flesch reading ease, one decimal: 0 very hard to 100 very easy, and beyond; of the first 100,000 words. Null outside English and without words. */
  readonly readingEase: number | null;
}

/** Counts a text whose language is ISO 639-1 or unknown; reported in UTF-16 code units. Its time grows with the text's length. */
export async function analyze(text: string, language: string | null, work: Work): Promise<TextStatistics> {
  const pace = createPace(work);
  const countSyllables = language === 'en' ? createSyllableCount() : null;
  const paragraphs = createParagraphCount();
  let words = 0;
  let sentences = 0;
  const ease = { ...NO_WORDS };
  let previous: Passage | null = null;
  let endedInWord = false;
  for (const passage of passagesOf(text)) {
    await pace.at(passage.from, text.length);
    paragraphs.add(passage.text);
    const found = [...sentencesOf(passage, language)].length;
    const begun = previous?.cutsWord && found > 0 ? found - 1 : found;
    sentences += begun;
    const counts = countSyllables !== null && ease.words < MAX_EASE_WORDS;
    if (counts) ease.sentences += begun;
    const goesOn = previous?.cutsWord === true && endedInWord;
    endedInWord = false;
    for (const { from, to } of placesOf(passage.text, language)) {
      endedInWord = to === passage.text.length;
      // a word that had to be cut is one word
      if (goesOn && from === 0) continue;
      words += 1;
      if (!counts) continue;
      ease.words += 1;
      ease.syllables += countSyllables(passage.text.slice(from, to));
    }
    previous = passage;
  }
  await pace.at(text.length, text.length);
  sentences = Math.max(sentences, words > 0 ? 1 : 0);
  return {
    characters: text.length,
    words,
    sentences,
    paragraphs: paragraphs.count,
    readingTime: round(words / WORDS_PER_MINUTE, 2),
    readingEase: ease.words > 0 ? fleschReadingEase(ease) : null,
  };
}

/** R. Flesch, "A new readability yardstick", 1948. */
const fleschReadingEase = ({ words, sentences, syllables }: typeof NO_WORDS): number =>
  round(206.835 - 1.015 * (words / Math.max(1, sentences)) - 84.6 * (syllables / words), 1);

const round = (value: number, decimals: number): number => Number(value.toFixed(decimals));

/** Counts the syllables of English words, each different one once. */
function createSyllableCount(): (word: string) => number {
  const known = new Map<string, number>();
  return (word) => {
    const key = word.slice(0, MAX_SYLLABLE_UNITS).toLowerCase();
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const count = Math.max(1, syllable(key));
    if (known.size < MAX_KNOWN_WORDS) known.set(key, count);
    return count;
  };
}

/** Counts paragraphs over passages, whose borders may lie within a line. */
function createParagraphCount() {
  let count = 0;
  let inParagraph = false;
  let lineIsEmpty = true;
  return {
    get count() {
      return count;
    },
    add(text: string): void {
      for (const [index, line] of text.split('\n').entries()) {
        if (index > 0) {
          if (lineIsEmpty) inParagraph = false;
          lineIsEmpty = true;
        }
        if (line.trim() === '') continue;
        lineIsEmpty = false;
        if (!inParagraph) count += 1;
        inParagraph = true;
      }
    },
  };
}
