import { label, near } from './context.ts';
import { isBsn, isCodiceFiscale, isFrenchNir, isGermanTaxId, isPesel, isSpanishId } from './national-ids.ts';
import { type Detector, type Rule, whole } from './rule.ts';
import { NUMBERS_OF_THINGS } from './words.ts';
import { GAP } from './writing.ts';

const nationalId = (id: string, name: string, severity: number, ...detectors: Detector[]): Rule => ({
  id,
  framework: 'GDPR',
  severity,
  name: [name, `${name}s`],
  shown: [0, 2],
  detectors,
});

/** Numbers that a state gives to a person, each with its own check. */
export const GDPR_NATIONAL_IDS: readonly Rule[] = [
  nationalId('de-tax-id', 'German tax id', 7, {
    pattern: new RegExp(
      `(?<![\\w.+-]|\\d${GAP})[1-9]\\d(?:${GAP}?\\d{3}){3}(?![\\w-]|\\.\\d|${GAP}\\d)`,
      'g',
    ),
    validator: whole(isGermanTaxId),
    unless: label(NUMBERS_OF_THINGS),
  }),
  nationalId('es-dni', 'Spanish identity number (DNI, NIE)', 7, {
    pattern: /(?<![\w-])(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ][ -]?\d{7})[ -]?[A-HJ-NP-TV-Z](?![\w-])/g,
    validator: whole(isSpanishId),
    unless: label(NUMBERS_OF_THINGS),
  }),
  nationalId('fr-nir', 'French social security number (NIR)', 7, {
    pattern: new RegExp(
      `(?<![\\w.-])[12]${GAP}?\\d{2}${GAP}?(?:0[1-9]|1[0-2]|[2-9]\\d)${GAP}?(?:\\d{2}|2[AB])` +
        `${GAP}?\\d{3}${GAP}?\\d{3}${GAP}?\\d{2}(?![\\w-]|\\.\\d)`,
      'g',
    ),
    validator: whole(isFrenchNir),
    unless: label(NUMBERS_OF_THINGS),
  }),
  nationalId('it-codice-fiscale', 'Italian tax code', 7, {
    pattern: new RegExp(
      `(?<!\\w)[A-Z]{3}${GAP}?[A-Z]{3}${GAP}?[\\dL-NP-V]{2}[A-EHLMPRST][\\dL-NP-V]{2}` +
        `${GAP}?[A-Z][\\dL-NP-V]{3}${GAP}?[A-Z](?!\\w)`,
      'gi',
    ),
    validator: whole(isCodiceFiscale),
  }),
  nationalId('nl-bsn', 'Dutch citizen service number', 7, {
    pattern: /(?<![\w.+-])\d{3,4}[ .]?\d{2,3}[ .]?\d{2,3}(?![\w-]|\.\d)/g,
    validator: whole(isBsn),
    context: near(
      ['bsn', 'burgerservicenummer', 'burger service nummer', 'sofi nummer', 'persoonsnummer'],
      48,
    ),
  }),
  nationalId('gb-nino', 'UK National Insurance number', 7, {
    pattern: new RegExp(
      `(?<!\\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]` +
        `${GAP}?\\d{2}${GAP}?\\d{2}${GAP}?\\d{2}${GAP}?[A-D](?!\\w)`,
      'gi',
    ),
    validator: whole(() => true),
    context: near(['national insurance', 'nino', 'ni number', 'ni no', 'nin', 'n.i. number'], 48, 32),
  }),
  nationalId('pl-pesel', 'Polish PESEL number', 7, {
    pattern: /(?<![\w.+-]|\d )\d{11}(?![\w-]|\.\d)/g,
    validator: whole(isPesel),
    unless: label(NUMBERS_OF_THINGS),
  }),
];
