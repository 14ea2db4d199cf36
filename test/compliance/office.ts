import { expect } from 'vitest';
import { type Compliance, createCompliance } from '../../src/compliance/compliance.ts';
import { scan } from '../../src/compliance/scanner/scan.ts';
import type { AlertRow } from '../../src/compliance/store.ts';
import type { Service } from '../support/documents.ts';

type Raise = (documentId: string, text: string, tenantId?: string) => Promise<readonly AlertRow[]>;

/** Compliance on one instance of the documents. */
export interface Office {
  readonly compliance: Compliance;
  /** Scans a text and raises what it holds, as a job does at its end; nobody is told. */
  readonly file: Raise;
  /** The same, and announces it. */
  readonly raise: Raise;
}

/** Opens it. */
export function openOffice({ database, documents, broker, clock, query }: Service): Office {
  const compliance = createCompliance({ database, documents, broker, clock });
  const file: Raise = async (documentId, text, tenantId = 'acme') => {
    const scanned = { tenantId, documentId, findings: await scan(text), at: clock.now() };
    const raised = await query
      .transaction()
      .execute((transaction) => compliance.raise(transaction, [scanned]));
    return raised.get(scanned) ?? [];
  };
  return {
    compliance,
    file,
    async raise(documentId, text, tenantId) {
      const alerts = await file(documentId, text, tenantId);
      compliance.announce(alerts);
      return alerts;
    },
  };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** How to reach somebody (GDPR, below severity 8): no two numbers below 2,600 say the same, masked as it is. */
export const contact = (number: number): string =>
  `call +49 30 9018${String(number % 100).padStart(2, '0')}, write to ${LETTERS[Math.floor(number / 100)]}@example.org`;
/** A text with a card number (PCI DSS, severity 8). */
export const CARD = '4111 1111 1111 1111';
/** A text with a medical record number (HIPAA). */
export const RECORD = 'MRN 1234567';

export const sequencesOf = (alerts: readonly AlertRow[]): number[] => alerts.map(({ sequence }) => sequence);

/** Expects that a log has every alert from one to another, once and in order. */
export const expectRange = (alerts: readonly AlertRow[], from: number, to: number): void =>
  expect(sequencesOf(alerts)).toEqual(Array.from({ length: to - from + 1 }, (_, index) => from + index));
