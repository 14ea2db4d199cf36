import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Candidate } from './rule.ts';
import { digitsOf } from './writing.ts';

/**
 * Whose numbers are looked for without a country code, and how they are dialled at home, roughly: parsing is dear, so
 * that a country is asked only about what it may know. The one that knows most of its range is asked first.
 */
const COUNTRIES: readonly (readonly [country: CountryCode, dialled: RegExp])[] = [
  ['FR', /^0[1-9]\d{8}$/],
  ['US', /^1?[2-9]\d\d[2-9]\d{6}$/],
  ['GB', /^0[1-35-8]\d{8,9}$/],
  ['DE', /^0(?:1[5-7]|[2-9]\d)\d{4,9}$/],
  ['ES', /^[5-9]\d{8}$/],
  ['PL', /^[1-9]\d{8}$/],
  ['IT', /^(?:0\d{5,10}|3\d{8,9})$/],
  ['NL', /^0[1-9]\d{8}$/],
  ['BE', /^0[1-9]\d{7,8}$/],
  ['CH', /^0[2-9]\d{8}$/],
  ['AT', /^0[1-9]\d{5,11}$/],
  ['SE', /^0[1-9]\d{6,8}$/],
];

/** A date or an hour is no number to dial. */
const DATE = /^(?:\d{4}([-./])[01]?\d\1[0-3]?\d|[0-3]?\d([-./])[0-3]?\d\2\d{2,4})(?!\d|[-./]\d)/;
/** Nobody writes a number in more groups of digits. */
const MAX_GROUPS = 7;
/** A number of North America: an area and an exchange from 2, ten digits. Cheaper to tell than to parse. */
const NORTH_AMERICAN = /^1[2-9]\d\d[2-9]\d{6}$/;
/** How many groups at the end are tried as not belonging to the number. */
const MAX_GROUPS_OFF = 2;

/** Where a number with + and country code ends; 0 when it is none. */
export const endOfInternational = (candidate: Candidate): number =>
  shortened(candidate, (value) => {
    const digits = digitsOf(value);
    return (!digits.startsWith('1') || NORTH_AMERICAN.test(digits)) && isNumber(`+${digits}`, 'US');
  });

/** Where a number of North America ends; 0 when it is none. */
export const endOfNorthAmerican = ({ value, to }: Candidate): number => (isNumber(value, 'US') ? to : 0);

/** Where a number without a country code ends, in one of the countries above; 0 when it is none. */
export function endOfNational(candidate: Candidate): number {
  if (DATE.test(candidate.value)) return 0;
  return shortened(candidate, (value) => {
    const digits = digitsOf(value);
    if (digits.startsWith('00')) return isNumber(`+${digits.slice(2)}`, 'US');
    return COUNTRIES.some(([country, dialled]) => dialled.test(digits) && isNumber(digits, country));
  });
}

/** What follows a number may look like a part of it: `+49 30 901820 12 Uhr`. */
function shortened({ value, from }: Candidate, holds: (value: string) => boolean): number {
  if ((value.match(/\d+/g)?.length ?? 0) > MAX_GROUPS + MAX_GROUPS_OFF) return 0;
  let rest = value;
  for (let off = 0; off <= MAX_GROUPS_OFF && rest.length > 0; off += 1) {
    if (holds(rest)) return from + rest.length;
    rest = rest.replace(/[^\d]+\d*$/, '');
    if (digitsOf(rest).length < 7) return 0;
  }
  return 0;
}

const isNumber = (value: string, country: CountryCode): boolean =>
  parsePhoneNumberFromString(value, { defaultCountry: country, extract: false })?.isValid() === true;
