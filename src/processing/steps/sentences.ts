import { endsInAbbreviation } from './abbreviations.ts';
import type { Passage } from './passages.ts';

/** A sentence's place in the text, UTF-16 code units, without the white space around it. */
export interface Sentence {
  readonly from: number;
  readonly to: number;
}

/** UTF-16 code units from which a line's end is taken for a fold of running text rather than the end of a heading or item. */
const MIN_FOLDED_LINE_UNITS = 40;
/** What begins a line that stands for itself: items, headings, quotes and table rows of Markdown. */
const OWN_LINE = /^\s{0,8}(?:[-*+•>|#]|\d{1,3}[.)]\s)/u;

const WORD_CHARACTER = /[\p{L}\p{N}]/u;

const segmenters = new Map<string, Intl.Segmenter>();

/** The segmenter of a language (ISO 639-1); of English for none, so that results do not depend on the machine's locale. */
export function segmenterOf(granularity: 'word' | 'sentence', language: string | null): Intl.Segmenter {
  const key = `${granularity} ${language ?? 'en'}`;
  const kept = segmenters.get(key);
  if (kept) return kept;
  const made = new Intl.Segmenter(language ?? 'en', { granularity });
  segmenters.set(key, made);
  return made;
}

/**
 * The sentences of a passage in order, by Unicode's rules (UAX #29), with two additions: a line folded in mid-sentence is
 * one sentence, and an abbreviation or an initial ends none.
 */
export function* sentencesOf(passage: Passage, language: string | null): Generator<Sentence> {
  let from = passage.from;
  for (const line of unfolded(passage.text)) {
    if (WORD_CHARACTER.test(line)) yield* sentencesOfLine(line, from, language);
    from += line.length + 1;
  }
}

function* sentencesOfLine(line: string, start: number, language: string | null): Generator<Sentence> {
  let open: Sentence | null = null;
  for (const { segment, index } of segmenterOf('sentence', language).segment(line)) {
    const from = start + index + (segment.length - segment.trimStart().length);
    const to = start + index + segment.trimEnd().length;
    if (from >= to) continue;
    const sentence: Sentence = open ? { from: open.from, to } : { from, to };
    open = endsInAbbreviation(segment) ? sentence : null;
    if (open === null && WORD_CHARACTER.test(segment)) yield sentence;
  }
  if (open) yield open;
}

/** The lines of a text, with a space for each line end that folds a sentence; every position stays what it was. */
function unfolded(text: string): string[] {
  const lines: string[] = [];
  let last = '';
  for (const line of text.split('\n')) {
    const at = lines.length - 1;
    if (isFold(last, line)) lines[at] = `${lines[at]} ${line}`;
    else lines.push(line);
    last = line;
  }
  return lines;
}

const isFold = (line: string, next: string): boolean =>
  line.length >= MIN_FOLDED_LINE_UNITS && WORD_CHARACTER.test(next) && !OWN_LINE.test(next);
