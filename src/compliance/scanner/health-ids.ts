import { digitsOf } from './writing.ts';

/** US social security number: areas 000, 666 and from 900, group 00 and serial 0000 are never given. */
export function isSsn(value: string): boolean {
  const digits = digitsOf(value);
  const area = Number(digits.slice(0, 3));
  if (area === 0 || area === 666 || area >= 900) return false;
  return digits.length === 9 && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';
}

const DATE = /^(?:19|20)\d{2}-[01]\d-[0-3]\d/;
const MIN_DIGITS = 5;

/** A number of a record or a plan, whose form each house chooses: enough digits, and no date. */
export const isHouseNumber = (value: string): boolean =>
  digitsOf(value).length >= MIN_DIGITS && !DATE.test(value);
