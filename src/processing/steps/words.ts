import { type Sentence, segmenterOf } from './sentences.ts';

/** UTF-16 code units of the longest word that is language; longer ones are data. */
export const MAX_WORD_UNITS = 40;

/** A word's place in a text, UTF-16 code units. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

export interface Word extends Place {
  /** In lower case. */
  readonly key: string;
  /** Whether nothing but white space or a hyphen lies between the word before and this one. */
  readonly follows: boolean;
}

/** Scripts that do not part words: only a dictionary can. */
const UNPARTED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Words by Unicode's rules (UAX #29): letters and digits, and what joins letters with letters and digits with digits. */
const PARTED = /(?:[\p{L}\p{M}\p{N}\p{Pc}]|(?<=[\p{L}\p{M}])['’.:·](?=\p{L})|(?<=\p{N})['’.,;](?=\p{N}))+/gu;
const LETTERS = /^[\p{L}\p{M}'’.·]+$/u;
const WORD_CHARACTER = /[\p{L}\p{N}]/u;
/** What may lie between two words of a term; in scripts that do not part words, nothing. */
const WITHIN_TERM = /^(?:\s*|[-‐‑])$/u;

/**
 * The places of the words of a passage. Where words are parted, by a regular expression, as `Intl.Segmenter` finds them but
 * ten times as fast: it makes an object of every full stop and line end.
 */
export function* placesOf(passage: string, language: string | null): Generator<Place> {
  if (UNPARTED.test(passage)) {
    for (const { segment, index, isWordLike } of segmenterOf('word', language).segment(passage)) {
      if (isWordLike) yield { from: index, to: index + segment.length };
    }
    return;
  }
  for (const { 0: word, index } of passage.matchAll(PARTED)) {
    if (WORD_CHARACTER.test(word)) yield { from: index, to: index + word.length };
  }
}

/** The words of a sentence that have letters and no digits; anything else parts the words around it. */
export function wordsOf(text: string, sentence: Sentence, language: string | null): Word[] {
  const words: Word[] = [];
  const passage = text.slice(sentence.from, sentence.to);
  for (const { from, to } of placesOf(passage, language)) {
    const written = passage.slice(from, to);
    if (written.length > MAX_WORD_UNITS || !LETTERS.test(written)) continue;
    const before = words.at(-1);
    const follows = before !== undefined && WITHIN_TERM.test(passage.slice(before.to - sentence.from, from));
    const key = written.toLowerCase().replaceAll('’', "'");
    words.push({ key, from: sentence.from + from, to: sentence.from + to, follows });
  }
  return words;
}
