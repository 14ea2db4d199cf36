import { endsInAbbreviation } from './abbreviations.ts';

/**
 * UTF-16 code units that are segmented at a time. `Intl.Segmenter` copies what it segments with each segment that it gives:
 * its time grows with the passage's length, squared. Between two passages a step reports and can be stopped.
 */
export const MAX_PASSAGE_UNITS = 4_096;

/** A stretch of a text. All passages one after another are the text. */
export interface Passage {
  readonly text: string;
  /** Its position in the text, UTF-16 code units. */
  readonly from: number;
  /** Whether it had to be cut where no white space is, so that its last word goes on in the next. */
  readonly cutsWord: boolean;
}

/** Full stops that are looked at for the end of a sentence. */
const MAX_STOPS = 20;

/**
 * Cuts a text into passages: at a paragraph's end, else at a sentence's, a line's or a word's. A text without any of them is
 * cut all the same, so that the segmenter's time and memory are bounded whatever the text.
 */
export function* passagesOf(text: string): Generator<Passage> {
  let from = 0;
  while (from < text.length) {
    const stretch = text.slice(from, from + MAX_PASSAGE_UNITS);
    const { units, cutsWord } = from + stretch.length < text.length ? cutOf(stretch) : whole(stretch);
    yield { text: stretch.slice(0, units), from, cutsWord };
    from += units;
  }
}

const whole = (stretch: string) => ({ units: stretch.length, cutsWord: false });

function cutOf(stretch: string): { units: number; cutsWord: boolean } {
  const units =
    endOf(stretch, '\n\n') ??
    sentenceEnd(stretch) ??
    endOf(stretch, '。') ??
    endOf(stretch, '\n') ??
    endOf(stretch, ' ');
  if (units !== null) return { units, cutsWord: false };
  const last = stretch.charCodeAt(stretch.length - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return { units: stretch.length - (splitsPair ? 1 : 0), cutsWord: true };
}

/** Behind the last of these marks; null without one. */
function endOf(stretch: string, mark: string): number | null {
  const at = stretch.lastIndexOf(mark);
  return at < 0 ? null : at + mark.length;
}

/** Behind the last full stop that ends a sentence, as far as can be seen; null without one. */
function sentenceEnd(stretch: string): number | null {
  let at = stretch.length - 1;
  for (let stops = 0; stops < MAX_STOPS && at > 0; stops += 1) {
    at = stretch.lastIndexOf('.', at - 1);
    if (at < 0) return null;
    const next = stretch.charAt(at + 1);
    if ((next === ' ' || next === '\n') && !endsInAbbreviation(stretch.slice(0, at + 1))) return at + 2;
  }
  return null;
}
