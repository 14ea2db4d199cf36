import { describe, expect, it } from 'vitest';
import { draftsOf, MAX_ALERT_FINDINGS } from '../../src/compliance/alert.ts';
import type { Finding } from '../../src/compliance/scanner/finding.ts';
import { scan } from '../../src/compliance/scanner/scan.ts';

const email = (from: number, excerpt = `j••••${from}`): Finding => ({
  framework: 'GDPR',
  rule: 'email',
  from,
  to: from + 9,
  excerpt,
  severity: 2,
});
const iban = (from: number): Finding => ({ ...email(from, 'DE••••00'), rule: 'iban', severity: 6 });

describe('an alert', () => {
  it('lists what was found as it is, up to its bound', () => {
    const found = Array.from({ length: MAX_ALERT_FINDINGS }, (_, index) => email(index * 10));
    const [alert] = draftsOf(found);
    expect(alert?.findings).toEqual(found);
    expect(alert?.message).toBe('Personal data (GDPR): 100 e-mail addresses.');
  });

  it('of too much lists the worst, in order of place, says so, and counts all', () => {
    const found = [...Array.from({ length: 150 }, (_, index) => email(index * 10)), iban(5_000), iban(6_000)];
    const [alert] = draftsOf(found);
    expect(alert?.findings).toHaveLength(MAX_ALERT_FINDINGS);
    expect(alert?.findings).toEqual([...found.slice(0, 98), ...found.slice(150)]);
    expect(alert?.message).toBe(
      'Personal data (GDPR): 2 bank account numbers (IBAN) and 150 e-mail addresses. The 100 worst are listed.',
    );
  });

  it('keeps what is known of a finding and nothing else', () => {
    const careless = { ...email(0), value: 'john@example.org' };
    expect(draftsOf([careless])[0]?.findings).toEqual([email(0)]);
  });

  it('says the same wherever its findings stand, and something else when one is another, or more, or less', () => {
    const digest = (...found: Finding[]) => draftsOf(found)[0]?.digest;
    const same = digest(email(0, 'a•••b'), email(20, 'c•••d'));
    expect(digest(email(7, 'c•••d'), email(90, 'a•••b'))).toBe(same);
    const others = [
      digest(email(0, 'a•••b')),
      digest(email(0, 'a•••b'), email(20, 'c•••e')),
      digest(email(0, 'a•••b'), email(20, 'c•••d'), email(40, 'c•••d')),
      digest(email(0, 'a•••b'), { ...email(20, 'c•••d'), rule: 'phone' }),
    ];
    expect(new Set([same, ...others]).size).toBe(5);
  });

  it('says something else when only what it has no room for has changed', () => {
    const found = Array.from({ length: MAX_ALERT_FINDINGS + 1 }, (_, index) => email(index * 10));
    const changed = found.with(MAX_ALERT_FINDINGS, email(9_000, 'z•••z'));
    const [one, other] = [draftsOf(found)[0], draftsOf(changed)[0]];
    expect(other?.findings).toEqual(one?.findings);
    expect(other?.digest).not.toBe(one?.digest);
  });

  it('is one for each framework that something was found of', async () => {
    const findings = await scan('4111 1111 1111 1111, john@example.org, MRN 1234567');
    expect(draftsOf(findings).map(({ framework }) => framework)).toEqual(['GDPR', 'PCI_DSS', 'HIPAA']);
    expect(draftsOf([])).toEqual([]);
  });
});
