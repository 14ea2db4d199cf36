import { TRUE_TEXTS as MARKED } from './table-true.ts';

/** A text, and what is to be found in it. */
export interface Row {
  readonly text: string;
  readonly expected: readonly { readonly rule: string; readonly from: number; readonly to: number }[];
}

/** The text of a row without its marks, and what they mark. */
function unmarked(marked: string, rule: string): Row {
  const expected: { rule: string; from: number; to: number }[] = [];
  let text = '';
  let at = 0;
  for (const mark of marked.matchAll(/«(?:([a-z-]+)\|)?([^»]+)»/g)) {
    text += marked.slice(at, mark.index);
    const value = mark[2] ?? '';
    expected.push({ rule: mark[1] ?? rule, from: text.length, to: text.length + value.length });
    text += value;
    at = mark.index + mark[0].length;
  }
  return { text: text + marked.slice(at), expected };
}

export const TRUE_ROWS: readonly Row[] = Object.entries(MARKED).flatMap(([rule, texts]) =>
  texts.map((text) => unmarked(text, rule)),
);

export { FALSE_TEXTS } from './table-false.ts';
