import validator from 'validator';
import { digitsOf } from './writing.ts';

/** An issuer's numbers: what they start with (both included), and how many digits they have. */
interface Network {
  readonly starts: readonly (readonly [from: number, to: number])[];
  /** Lengths that stand for themselves. */
  readonly lengths: readonly number[];
  /** Lengths that other numbers have as well: only beside a word that says card. */
  readonly rare?: readonly number[];
}

/** ISO/IEC 7812 issuer ranges as the networks publish them. */
const NETWORKS: Readonly<Record<string, Network>> = {
  visa: { starts: [[4, 4]], lengths: [16], rare: [13, 19] },
  mastercard: {
    starts: [
      [51, 55],
      [2221, 2720],
    ],
    lengths: [16],
  },
  americanExpress: {
    starts: [
      [34, 34],
      [37, 37],
    ],
    lengths: [15],
  },
  discover: {
    starts: [
      [6011, 6011],
      [644, 649],
      [65, 65],
    ],
    lengths: [16],
    rare: [17, 18, 19],
  },
  jcb: { starts: [[3528, 3589]], lengths: [16], rare: [17, 18, 19] },
  dinersClub: {
    starts: [
      [300, 305],
      [3095, 3095],
      [36, 36],
      [38, 39],
    ],
    lengths: [14],
    rare: [16, 17, 18, 19],
  },
  unionPay: {
    starts: [
      [62, 62],
      [8171, 8171],
    ],
    lengths: [16],
    rare: [17, 18, 19],
  },
  mir: { starts: [[2200, 2204]], lengths: [16], rare: [17, 18, 19] },
  maestro: {
    starts: [
      [5018, 5018],
      [5020, 5020],
      [5038, 5038],
      [5893, 5893],
      [6304, 6304],
      [6759, 6759],
      [6761, 6763],
    ],
    lengths: [16],
    rare: [12, 13, 14, 15, 17, 18, 19],
  },
};

/**
 * Whether the value is a card number: an issuer's range, a length of that issuer, and the Luhn check digit. The rare
 * lengths count where a word beside the value `says` that it is a card.
 */
export function isCard(value: string, says: boolean): boolean {
  const digits = digitsOf(value);
  const known = Object.values(NETWORKS).some(
    ({ starts, lengths, rare = [] }) =>
      (lengths.includes(digits.length) || (says && rare.includes(digits.length))) &&
      starts.some(([from, to]) => {
        const start = Number(digits.slice(0, String(from).length));
        return from <= start && start <= to;
      }),
  );
  return known && validator.isLuhnNumber(digits);
}
