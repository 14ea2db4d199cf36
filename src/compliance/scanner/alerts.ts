import { type Finding, FRAMEWORKS, type Framework } from './finding.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules.ts';
import { MAX_FINDINGS_PER_RULE } from './scan.ts';

/** What the findings of one framework in one text amount to. */
export interface Alert {
  readonly framework: Framework;
  /** For people; holds no values. */
  readonly message: string;
  /** 0 to 10; 8 and above is high. */
  readonly severity: number;
  readonly findings: readonly Finding[];
}

const MAX_SEVERITY = 10;
const HIGH_SEVERITY = 8;

const ABOUT: Readonly<Record<Framework, string>> = {
  GDPR: 'Personal data (GDPR)',
  PCI_DSS: 'Payment card data (PCI DSS)',
  HIPAA: 'Health data (HIPAA)',
};

/** One alert for each framework that has findings: severe by the worst rule, more so when there are many of a kind. */
export function alertsOf(findings: readonly Finding[]): readonly Alert[] {
  return FRAMEWORKS.flatMap((framework) => {
    const own = findings.filter((finding) => finding.framework === framework);
    if (own.length === 0) return [];
    const kinds = RULES.map((rule) => ({ rule, count: own.filter(({ rule: id }) => id === rule.id).length }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.rule.severity - a.rule.severity);
    const severity = Math.max(...kinds.map(({ rule, count }) => severityOf(rule, count)));
    const found = listed(kinds.map(({ rule, count }) => counted(rule, count)));
    const weight = severity >= HIGH_SEVERITY ? 'High severity. ' : '';
    return [{ framework, severity, message: `${weight}${ABOUT[framework]}: ${found}.`, findings: own }];
  });
}

/** One more for each power of ten: ten addresses are a list, a thousand are a leak. */
const severityOf = ({ severity }: Rule, count: number): number =>
  Math.min(severity + Math.floor(Math.log10(count) + Number.EPSILON), MAX_SEVERITY);

function counted({ name: [one, several] }: Rule, count: number): string {
  if (count >= MAX_FINDINGS_PER_RULE) return `${count} or more ${several}`;
  return `${count} ${count === 1 ? one : several}`;
}

const listed = (things: readonly string[]): string =>
  things.length < 2 ? things.join('') : `${things.slice(0, -1).join(', ')} and ${things.at(-1)}`;
