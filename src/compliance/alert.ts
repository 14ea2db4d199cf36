import { createHash } from 'node:crypto';
import { alertsOf } from './scanner/alerts.ts';
import type { Finding, Framework } from './scanner/finding.ts';

/** Findings that an alert lists; it counts all of them. */
export const MAX_ALERT_FINDINGS = 100;

const ID = /^(?:0|[1-9]\d{0,14})$/;
/** The place in the log that an alert's id names (0 stands before all of them); null when it is no such id. */
export const toSequence = (id: string): number | null => (ID.test(id) ? Number(id) : null);

/** An alert before it has a place in the log. */
export interface AlertDraft {
  readonly framework: Framework;
  readonly message: string;
  readonly severity: number;
  /** At most MAX_ALERT_FINDINGS, the most severe, in order of place. */
  readonly findings: readonly Finding[];
  /** Equal for alerts that say the same, wherever in the text it stands. */
  readonly digest: string;
}

/** One alert for each framework that has findings. */
export const draftsOf = (findings: readonly Finding[]): AlertDraft[] =>
  alertsOf(findings).map(({ framework, message, severity, findings: found }) => ({
    framework,
    message:
      found.length > MAX_ALERT_FINDINGS ? `${message} The ${MAX_ALERT_FINDINGS} worst are listed.` : message,
    severity,
    findings: found
      .toSorted((a, b) => b.severity - a.severity)
      .slice(0, MAX_ALERT_FINDINGS)
      .sort((a, b) => a.from - b.from)
      .map(bare),
    digest: digestOf(found),
  }));

/** What is known of a finding and nothing else, whoever it comes from. */
const bare = ({ framework, rule, from, to, excerpt, severity }: Finding): Finding => ({
  framework,
  rule,
  from,
  to,
  excerpt,
  severity,
});

const digestOf = (findings: readonly Finding[]): string =>
  createHash('sha256')
    .update(JSON.stringify(findings.map(({ rule, excerpt }) => JSON.stringify([rule, excerpt])).sort()))
    .digest('base64url');
