/** How numbers are written: pieces of the rules' patterns. */

/** One space between groups of digits, as people and typesetters put it. */
export const GAP = '[ \\u00a0\\u2009\\u202f]';
/** One separator between groups of digits. */
export const SEPARATOR = '[ \\u00a0\\u2009\\u202f.\\u2010-\\u2013-]';

/** Whether a character is one of A to Z, a to z, 0 to 9. */
export const isAlphanumeric = (character: string | undefined): boolean =>
  character !== undefined && /^[A-Za-z0-9]$/.test(character);

/** The letters (A to Z) and digits of a value, in capitals, without what separates them. */
export const compact = (value: string): string => value.replace(/[^A-Za-z0-9]/g, '').toUpperCase();

/** The digits of a value. */
export const digitsOf = (value: string): string => value.replace(/\D/g, '');

/** Whether the calendar has this day. */
export function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
