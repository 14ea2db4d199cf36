import { describe, expect, it } from 'vitest';
import { alertsOf } from '../../../src/compliance/scanner/alerts.ts';
import type { Finding } from '../../../src/compliance/scanner/finding.ts';
import { RULES } from '../../../src/compliance/scanner/rules.ts';
import { MAX_FINDINGS_PER_RULE, scan } from '../../../src/compliance/scanner/scan.ts';
import { luhn } from './numbers.ts';

/** So many findings of a rule. */
function found(rule: string, count: number): Finding[] {
  const { framework, severity } = RULES.find(({ id }) => id === rule) ?? {};
  if (!framework || severity === undefined) throw new Error(`no rule ${rule}`);
  return Array.from({ length: count }, (_, from) => ({
    framework,
    rule,
    from,
    to: from + 1,
    excerpt: '•••',
    severity,
  }));
}

const severityOf = (rule: string, count: number) => alertsOf(found(rule, count))[0]?.severity;

describe('alerts', () => {
  it('are none for no findings, and one for each framework with its own findings', async () => {
    expect(alertsOf([])).toEqual([]);
    const findings = await scan(
      `${luhn('411111111111111')} CVV 123, john@example.com, MRN 1234567, anna@example.com`,
    );
    const alerts = alertsOf(findings);
    expect(alerts.map(({ framework, findings: own }) => [framework, own.length])).toEqual([
      ['GDPR', 2],
      ['PCI_DSS', 2],
      ['HIPAA', 1],
    ]);
    expect(alerts.flatMap(({ findings: own }) => own)).toHaveLength(findings.length);
  });

  it('say what was found and how often, the worst first', async () => {
    const card = luhn('411111111111111');
    const [alert] = alertsOf(await scan(`${card} CVV 123\n${luhn('555555555555444')}`));
    expect(alert?.message).toBe(
      'High severity. Payment card data (PCI DSS): 1 card security code and 2 payment card numbers.',
    );
    expect(alertsOf([...found('email', 12), ...found('phone', 1), ...found('iban', 2)])[0]?.message).toBe(
      'Personal data (GDPR): 2 bank account numbers (IBAN), 1 phone number and 12 e-mail addresses.',
    );
  });

  it('say so when a rule was found as often as it is counted', () => {
    expect(alertsOf(found('email', MAX_FINDINGS_PER_RULE))[0]?.message).toBe(
      'Personal data (GDPR): 1000 or more e-mail addresses.',
    );
  });

  it('are as severe as their worst rule, one more for each power of ten, 10 at most', () => {
    expect([1, 9, 10, 99, 100, 999, 1000].map((count) => severityOf('email', count))).toEqual([
      2, 2, 3, 3, 4, 4, 5,
    ]);
    expect(severityOf('card-number', 1)).toBe(8);
    expect(severityOf('card-number', 1000)).toBe(10);
    expect(severityOf('us-ssn', 1)).toBe(8);
    expect(severityOf('de-tax-id', 1)).toBe(7);
    expect(severityOf('de-tax-id', 10)).toBe(8);
    expect(alertsOf([...found('email', 3), ...found('iban', 1)])[0]?.severity).toBe(6);
  });
});

describe('the rules', () => {
  it('have unique ids, severities from 0 to 10, and company that exists', () => {
    const ids = RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { severity, near, shown } of RULES) {
      expect(severity).toBeGreaterThanOrEqual(0);
      expect(severity).toBeLessThanOrEqual(10);
      expect(Math.max(...shown)).toBeLessThanOrEqual(4);
      if (near) expect(ids).toContain(near.rule);
    }
  });
});
