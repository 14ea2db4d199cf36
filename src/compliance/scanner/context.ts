/** Words beside a value that tell what it is. */
export interface Context {
  /** Of lower case: a pattern that ignores case costs a hundred times as much on some texts, for the Kelvin sign's sake. */
  readonly words: RegExp;
  /** Where they are looked for, in UTF-16 code units before and after the value. */
  readonly before: number;
  readonly after: number;
}

/** What may stand between a label and its value: `MRN no.: #`, `member_id = "`, `SSN is`. */
const FILLER =
  '(?:[\\s\\u00a0:=#.,;|()"\'<>/\\[\\]*_-]|\\b(?:no|nr|num|number|id|is|lautet|est|es|of)\\b){0,12}';

const either = (words: readonly string[]): string =>
  words
    .map((word) =>
      word
        .toLowerCase()
        .replace(/[.+?()[\]]/g, '\\$&')
        .replaceAll(' ', '[\\s_.-]{0,2}')
        .replaceAll('*', '\\p{L}{0,24}'),
    )
    .join('|');

/**
 * One of the words within so many units before the value, or after it. A space stands for none, one or two
 * separators, so that `phone number` is found in `phone_number` and `phoneNumber`; a star for the rest of a word.
 */
export const near = (words: readonly string[], before = 48, after = 0): Context => ({
  words: new RegExp(`(?<![\\p{L}\\p{N}])(?:${either(words)})(?!\\p{Ll})`, 'u'),
  before,
  after,
});

/** One of the words right before the value, with nothing but fillers between. */
export const label = (words: readonly string[]): Context => ({
  words: new RegExp(`(?<![\\p{L}\\p{N}])(?:${either(words)})(?!\\p{Ll})${FILLER}$`, 'u'),
  before: 48,
  after: 0,
});

/** Whether the words stand beside the value. */
export function standsIn({ words, before, after }: Context, text: string, from: number, to: number): boolean {
  if (words.test(text.slice(Math.max(0, from - before), from).toLowerCase())) return true;
  return after > 0 && words.test(text.slice(to, to + after).toLowerCase());
}
