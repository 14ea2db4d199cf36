/**
 * Makers of synthetic numbers with the right check digits. They follow the published descriptions and share nothing
 * with `src/compliance`, so that each tests the other.
 */

/** The digits with their Luhn check digit. */
export function luhn(body: string): string {
  const sum = [...body].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return body + String((10 - (sum % 10)) % 10);
}

/** The digits with a last one that Luhn refuses. */
export function notLuhn(body: string): string {
  const right = luhn(body);
  return body + String((Number(right.at(-1)) + 3) % 10);
}

/** The characters in groups of these sizes, the last size again and again. */
export function grouped(value: string, sizes: readonly number[], separator = ' '): string {
  const groups: string[] = [];
  for (let at = 0, index = 0; at < value.length; index += 1) {
    const size = sizes[Math.min(index, sizes.length - 1)] ?? value.length;
    groups.push(value.slice(at, at + size));
    at += size;
  }
  return groups.join(separator);
}

/** A card number of sixteen digits in fours. */
export const fours = (value: string, separator = ' '): string => grouped(value, [4], separator);

/** An IBAN; `off` is added to the check digits to make a wrong one. */
export function iban(country: string, account: string, off = 0): string {
  const digits = [...`${account}${country}00`].map((character) => parseInt(character, 36)).join('');
  const check = (98n - (BigInt(digits) % 97n) + BigInt(off)) % 98n;
  return `${country}${String(check).padStart(2, '0')}${account}`;
}

/** German tax id of ten digits: ISO 7064, mod 11, 10. */
export function germanTaxId(body: string): string {
  let product = 10;
  for (const digit of body) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return body + String((11 - product) % 10);
}

/** Spanish DNI of a number below a hundred million. */
export const dni = (number: string, between = ''): string =>
  number + between + 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(Number(number) % 23);

/** Spanish NIE of X, Y or Z and seven digits. */
export const nie = (first: 'X' | 'Y' | 'Z', number: string, between = ''): string =>
  first +
  between +
  number +
  between +
  'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(Number(`${'XYZ'.indexOf(first)}${number}`) % 23);

/** French NIR of thirteen characters. */
export function nir(body: string): string {
  const number = BigInt(body.replace('2A', '19').replace('2B', '18'));
  return body + String(97n - (number % 97n)).padStart(2, '0');
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** Italian codice fiscale of fifteen characters. */
export function codiceFiscale(body: string): string {
  const sum = [...body].reduce((total, character, index) => {
    const place = /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65;
    return total + (index % 2 === 0 ? (ODD[place] ?? 0) : place);
  }, 0);
  return body + String.fromCharCode(65 + (sum % 26));
}

/** Dutch BSN of eight digits; throws where no ninth digit passes the eleven test. */
export function bsn(body: string): string {
  const rest = [...body].reduce((sum, digit, index) => sum + (9 - index) * Number(digit), 0) % 11;
  if (rest === 10) throw new Error(`no BSN starts with ${body}`);
  return body + String(rest);
}

/** Polish PESEL of ten digits. */
export function pesel(body: string): string {
  const weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3];
  const sum = [...body].reduce((total, digit, index) => total + Number(digit) * (weights[index] ?? 0), 0);
  return body + String((10 - (sum % 10)) % 10);
}
