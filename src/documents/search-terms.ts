import { createHash } from 'node:crypto';
import type { Text } from '@codemirror/state';
import { badInput } from '../platform/errors.ts';
import { checkText } from './change.ts';

/** UTF-16 code units of a search. */
export const MAX_SEARCH_CHARS = 500;
/** Words of a search: each is a query of its own. */
export const MAX_SEARCH_TERMS = 10;
/** UTF-16 code units of a text that are indexed in one piece: no commit of an edit waits longer than for one. */
export const PART_CHARS = 65_536;
/** Where a part ends is looked for in so many code units before its largest end. */
const MAX_RUN_CHARS = 4_096;

/** What makes a word. The migration of `document_search` says the same to SQLite, and that marks are parts of words. */
const WORD = /[\p{L}\p{N}\p{Co}]/u;
const GAP = /[^\p{L}\p{M}\p{N}\p{Co}\p{Cs}]/u;
/** Letters of scripts that put no spaces between words. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/gu;

/**
 * A text as the index is given it. Where a script has no spaces each letter becomes a word, and a search for several is
 * one for a phrase, so that any stretch of Chinese, Japanese or Korean is found, be it of one letter. (FTS5's trigram
 * tokenizer finds nothing shorter than three, which most Chinese words are.) NFKC makes one of what looks alike.
 */
export const indexable = (text: string): string => text.normalize('NFKC').replace(UNSPACED, ' $& ');

/** The word that stands for a tenant in the index: an id may have any characters, this has letters and digits. */
export const scopeOf = (tenantId: string): string =>
  createHash('sha256').update(tenantId).digest('hex').slice(0, 32);

/**
 * The terms of a search, as FTS5 phrases: all of them have to be found. Each is in quotes, and holds none, so nothing
 * that a client sends is syntax. The last one is found as the beginning of a word, too, unless it is one character.
 * Empty when the search has no word. Throws BAD_USER_INPUT.
 */
export function readTerms(search: string): string[] {
  checkText('search', search);
  if (search.length > MAX_SEARCH_CHARS) {
    throw badInput('search', `A search has at most ${MAX_SEARCH_CHARS} characters.`);
  }
  const words = search
    .normalize('NFKC')
    .split(/[\s"]+/u)
    .filter((word) => WORD.test(word));
  const terms = new Set(
    words.map((word, index) => {
      const phrase = `"${indexable(word).trim()}"`;
      const isPrefix = index === words.length - 1 && [...word].length > 1;
      return isPrefix ? `${phrase} *` : phrase;
    }),
  );
  if (terms.size > MAX_SEARCH_TERMS) {
    throw badInput('search', `A search has at most ${MAX_SEARCH_TERMS} different words.`);
  }
  return [...terms];
}

/** A text in parts of PART_CHARS at most, cut between words; only a longer run without any gap is cut within. */
export function* partsOf(text: Text): Generator<string, void> {
  for (let from = 0; from < text.length; ) {
    const piece = text.sliceString(from, from + PART_CHARS);
    const end = from + piece.length === text.length ? piece.length : lastGap(piece);
    yield piece.slice(0, end);
    from += end;
  }
}

function lastGap(piece: string): number {
  for (let end = piece.length; end > piece.length - MAX_RUN_CHARS; end -= 1) {
    if (GAP.test(piece.charAt(end - 1))) return end;
  }
  const cutsPair = /[\ud800-\udbff]$/.test(piece);
  return cutsPair ? piece.length - 1 : piece.length;
}
