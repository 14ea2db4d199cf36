import { GDPR_CONTACTS } from './gdpr.ts';
import { GDPR_NATIONAL_IDS } from './gdpr-national-ids.ts';
import { HIPAA } from './hipaa.ts';
import { PCI_DSS } from './pci-dss.ts';
import type { Rule } from './rule.ts';

/** Every rule, in the order in which messages name rules of one severity. */
export const RULES: readonly Rule[] = [...PCI_DSS, ...HIPAA, ...GDPR_NATIONAL_IDS, ...GDPR_CONTACTS];
