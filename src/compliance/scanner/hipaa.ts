import { label, near } from './context.ts';
import { isHouseNumber, isSsn } from './health-ids.ts';
import { type Rule, whole } from './rule.ts';
import { NUMBERS_OF_THINGS } from './words.ts';

/** Five to fifteen capitals and digits with hyphens between, the first digit early: `P-204417`, `XEA123456789`. */
const HOUSE_NUMBER = /(?<![\w.]|[\d-]-)(?=[A-Z-]{0,5}\d)[A-Z\d](?:-?[A-Z\d]){4,14}(?![\w-]|\.\d)/g;

/** What names a patient to those who treat or pay. */
export const HIPAA: readonly Rule[] = [
  {
    id: 'us-ssn',
    framework: 'HIPAA',
    severity: 8,
    name: ['US social security number', 'US social security numbers'],
    shown: [0, 2],
    detectors: [
      {
        pattern: /(?<![\w.+-])\d{3}[- ]?\d{2}[- ]?\d{4}(?![\w-]|\.\d)/g,
        validator: whole(isSsn),
        context: near(
          [
            'ssn',
            'ssns',
            'social security',
            'soc sec',
            'ss#',
            'my social',
            'your social',
            'his social',
            'her social',
            'social is',
          ],
          48,
          24,
        ),
      },
      {
        // Nothing else is commonly written like this.
        pattern: /(?<![\w.+#-]|\d )\d{3}-\d{2}-\d{4}(?![\w-]|\.\d)/g,
        validator: whole(isSsn),
        unless: label(NUMBERS_OF_THINGS),
      },
    ],
  },
  {
    id: 'medical-record-number',
    framework: 'HIPAA',
    severity: 7,
    name: ['medical record number', 'medical record numbers'],
    shown: [0, 2],
    detectors: [
      {
        pattern: HOUSE_NUMBER,
        validator: whole(isHouseNumber),
        context: label([
          'mrn',
          'medical record',
          'med rec',
          'medical rec',
          'health record',
          'patient id',
          'patient no',
          'patient number',
          'patient record',
          'patient identifier',
          'chart no',
          'chart number',
          'chart id',
          'hospital number',
          'patient mrn',
          'patientennummer',
          'patienten id',
          'fallnummer',
          'numéro de dossier médical',
          'historia clínica',
        ]),
      },
    ],
  },
  {
    id: 'health-plan-id',
    framework: 'HIPAA',
    severity: 6,
    name: ['health plan number', 'health plan numbers'],
    shown: [0, 2],
    detectors: [
      {
        pattern: HOUSE_NUMBER,
        validator: whole(isHouseNumber),
        context: label([
          'member id',
          'member no',
          'member number',
          'subscriber',
          'subscriber id',
          'subscriber no',
          'subscriber number',
          'health plan*',
          'health plan id',
          'health plan number',
          'health insurance',
          'health insurance policy',
          'insurance id',
          'insurance policy',
          'health policy',
          'plan beneficiary',
          'beneficiary',
          'beneficiary id',
          'beneficiary number',
          'medicare',
          'medicare id',
          'medicare number',
          'medicaid',
          'medicaid id',
          'medicaid number',
          'mbi',
          'hicn',
          'versichertennummer',
          'krankenversichertennummer',
          'kvnr',
        ]),
      },
      {
        // Medicare Beneficiary Identifier: its letters leave out S, L, O, I, B and Z.
        pattern:
          /(?<![\w-])[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?![\w-])/g,
        validator: whole(() => true),
        unless: label(NUMBERS_OF_THINGS),
      },
    ],
  },
];
