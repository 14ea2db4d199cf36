import { isCard } from './cards.ts';
import { label, near } from './context.ts';
import { type Rule, whole } from './rule.ts';
import { CARD_WORDS, NUMBERS_OF_THINGS } from './words.ts';
import { SEPARATOR } from './writing.ts';

/** Month and year in four digits: `0327`. */
const EXPIRY = '(?:0[1-9]|1[0-2])[2-4]\\d(?!\\d)';

/** In one piece, in fours, or as American Express and Diners print them; no part of a longer row of groups. */
const CARD = new RegExp(
  `(?<!\\w|\\d\\.)(?:\\d{12,19}(?!\\.\\d)|(?<!\\d{4}${SEPARATOR})(?:` +
    `\\d{4}(${SEPARATOR})\\d{4}\\1\\d{4}\\1\\d{4}(?!\\1(?!${EXPIRY}(?!\\1\\d{4}))\\d{4}(?![\\d/]))|` +
    `\\d{4}(${SEPARATOR})\\d{6}\\2\\d{4,5}(?!\\2\\d{4})))(?!\\w)`,
  'g',
);

/** What a payment card says. */
export const PCI_DSS: readonly Rule[] = [
  {
    id: 'card-number',
    framework: 'PCI_DSS',
    severity: 8,
    name: ['payment card number', 'payment card numbers'],
    shown: [0, 4],
    detectors: [
      {
        pattern: CARD,
        validator: whole((value) => isCard(value, false)),
        unless: label(NUMBERS_OF_THINGS),
      },
      {
        pattern: CARD,
        validator: whole((value) => isCard(value, true)),
        context: near(CARD_WORDS, 40),
        unless: label(NUMBERS_OF_THINGS),
      },
    ],
  },
  {
    id: 'card-security-code',
    framework: 'PCI_DSS',
    severity: 9,
    name: ['card security code', 'card security codes'],
    shown: [0, 0],
    detectors: [
      {
        pattern: /(?<![\w.-])\d{3,4}(?!\w|[.,/%-]\d|%)/g,
        validator: whole(() => true),
        context: label([
          'cvv',
          'cvv2',
          'cvc',
          'cvc2',
          'cvn',
          'cid',
          'csc',
          'card code',
          'security code',
          'card verification value',
          'card verification code',
          'card verification number',
          'sicherheitscode',
          'sicherheitsnummer',
          'kartenprüfnummer',
          'prüfziffer',
          'prüfnummer',
          'cryptogramme',
          'cryptogramme visuel',
          'código de seguridad',
          'codice di sicurezza',
        ]),
      },
    ],
    near: { rule: 'card-number', units: 200 },
  },
];
