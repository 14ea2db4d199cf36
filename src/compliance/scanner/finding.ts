/** What a finding falls under. */
export const FRAMEWORKS = ['GDPR', 'PCI_DSS', 'HIPAA'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** A place in a text that holds personal, payment or health data. It never carries the value itself. */
export interface Finding {
  readonly framework: Framework;
  /** The id of the rule that found it. */
  readonly rule: string;
  /** UTF-16 code units, from (inclusive) to (exclusive). */
  readonly from: number;
  readonly to: number;
  /** The value with its middle masked. */
  readonly excerpt: string;
  /** 0 to 10; 8 and above is high. */
  readonly severity: number;
}
