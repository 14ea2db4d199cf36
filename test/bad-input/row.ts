import type { ErrorCode } from '../../src/platform/errors.ts';
import type { Person } from './stage.ts';

/** An operation that must be refused, by whichever way it comes. */
export interface Row {
  readonly name: string;
  readonly query: string;
  /** An object, or JSON text as it is to be sent. */
  readonly variables?: object | string;
  /** Ada, who owns `shared`, when it is left out. */
  readonly as?: Person;
  readonly code: ErrorCode;
  /** What the error must name; nothing when it is left out. */
  readonly argument?: string;
}

/** Values that are no Int, as JSON text. */
export const NOT_INTS = [
  '2147483648',
  '-2147483649',
  '0.5',
  '1e309',
  '-1e309',
  '"1"',
  'true',
  '[1]',
  '{}',
] as const;

/** Ids that nobody may choose: empty, with other characters than letters, digits and `. _ : -`, or too long. */
export const UNFIT_IDS = [
  '',
  ' ',
  'a b',
  'a\n',
  'a\0b',
  'é',
  '🎈',
  '\ud83c',
  '../shared',
  'shared%00',
  "x' OR '1'='1",
  '"; DROP TABLE documents; --',
  'x'.repeat(129),
] as const;

/** A value as it is shown in the name of a test. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}… (${text.length} characters)` : text;
};
