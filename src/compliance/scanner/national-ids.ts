import validator from 'validator';
import { compact, digitsOf, isDay } from './writing.ts';

/** German tax id: one digit of the first ten comes two or three times, and an ISO 7064 check digit. */
export const isGermanTaxId = (value: string): boolean => validator.isTaxID(digitsOf(value), 'de-DE');

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** Spanish DNI, or NIE where X, Y or Z stands for a leading 0, 1 or 2: the letter is the number modulo 23. */
export function isSpanishId(value: string): boolean {
  const id = compact(value);
  const number = id.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return number.length === 8 && DNI_LETTERS[Number(number) % 23] === id.at(-1);
}

/** French NIR: the last two digits are 97 minus the rest modulo 97; Corsica's 2A and 2B count as 19 and 18. */
export function isFrenchNir(value: string): boolean {
  const nir = compact(value);
  const number = Number(nir.slice(0, 13).replace('2A', '19').replace('2B', '18'));
  return nir.length === 15 && 97 - (number % 97) === Number(nir.slice(13));
}

/** Italian codice fiscale with its check letter. */
export const isCodiceFiscale = (value: string): boolean => validator.isTaxID(compact(value), 'it-IT');

/** Dutch BSN: eight or nine digits that pass the eleven test. */
export function isBsn(value: string): boolean {
  const digits = digitsOf(value).padStart(9, '0');
  if (digits.length !== 9 || Number(digits) === 0) return false;
  const weights = [9, 8, 7, 6, 5, 4, 3, 2, -1];
  return weights.reduce((sum, weight, index) => sum + weight * Number(digits[index]), 0) % 11 === 0;
}

/** Polish PESEL: a day of the years 1900 to 2099 and a check digit. */
export function isPesel(digits: string): boolean {
  const [year = 0, month = 0, day = 0] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2)));
  const century = month > 20 ? 2000 : 1900;
  if (month > 32 || !isDay(century + year, month % 20, day)) return false;
  return validator.isIdentityCard(digits, 'PL');
}
