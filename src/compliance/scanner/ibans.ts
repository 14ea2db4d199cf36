import validator from 'validator';
import type { Candidate } from './rule.ts';
import { isAlphanumeric } from './writing.ts';

/** How many characters an IBAN has, by country: the SWIFT registry. */
const LENGTHS = new Map(
  Object.entries({
    15: 'NO',
    16: 'BE',
    18: 'DK FI FO GL NL SD',
    19: 'MK SI',
    20: 'AT BA EE KZ LT LU MN XK',
    21: 'CH HR LI LV',
    22: 'BG BH CR DE GB GE IE ME RS VA',
    23: 'AE GI IL IQ OM SO TL',
    24: 'AD CZ DZ ES MD PK RO SA SE SK TN VG',
    25: 'LY PT ST',
    26: 'IS TR',
    27: 'BF BI CM DJ FR GR IT MC MG MR SM',
    28: 'AL AZ BJ BY CI CY DO GT HU LB ML NI PL SN SV',
    29: 'BR EG MZ PS QA UA',
    30: 'JO KW MU YE',
    31: 'MT SC',
    32: 'LC',
    33: 'RU',
  }).flatMap(([length, countries]) =>
    countries.split(' ').map((country) => [country, Number(length)] as const),
  ),
);

const BETWEEN = /^[ \u00a0\u2009\u202f-]$/;

/**
 * Where the IBAN ends that starts at the candidate's start: as many letters and digits as its country has, with at most
 * one separator between two of them, and the check digits right (ISO 7064, mod 97). 0 when there is none.
 */
export function endOfIban({ text, from }: Candidate): number {
  const length = LENGTHS.get(text.slice(from, from + 2).toUpperCase());
  if (!length) return 0;
  let [iban, at] = ['', from];
  while (iban.length < length) {
    if (BETWEEN.test(text.charAt(at))) at += 1;
    const character = text.charAt(at);
    if (!isAlphanumeric(character)) return 0;
    iban += character;
    at += 1;
  }
  return isAlphanumeric(text[at]) || !validator.isIBAN(iban) ? 0 : at;
}
