import type { DocumentKey } from '../documents/store.ts';
import type { AlertDraft } from './alert.ts';
import type { Finding } from './scanner/finding.ts';
import type { AlertRow } from './store.ts';

/** What a scan of a document has found. */
export interface Scanned extends DocumentKey {
  readonly findings: readonly Finding[];
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What the database says of a scan's alerts before any of this transaction is written. */
export interface Before {
  /** The tenant's newest sequence number; 0 when there is none. */
  readonly head: number;
  /** What the newest alert of each draft's framework says of this document; undefined when there is none. */
  readonly before: readonly (string | undefined)[];
}

/** Numbers the alerts that one transaction raises, and leaves out those that say again what one before them has said. */
export class AlertLog {
  readonly #heads = new Map<string, number>();
  readonly #digests = new Map<string, string>();

  /** The alerts of a scan's drafts, which come after those that were added before. */
  add(
    { tenantId, documentId, at }: Scanned,
    drafts: readonly AlertDraft[],
    { head, before }: Before,
  ): AlertRow[] {
    return drafts.flatMap((draft, index) => {
      const name = JSON.stringify([tenantId, documentId, draft.framework]);
      if ((this.#digests.get(name) ?? before[index]) === draft.digest) return [];
      this.#digests.set(name, draft.digest);
      const sequence = (this.#heads.get(tenantId) ?? head) + 1;
      this.#heads.set(tenantId, sequence);
      return [
        {
          ...draft,
          tenantId,
          documentId,
          sequence,
          raisedAt: at,
          acknowledgedBy: null,
          acknowledgedAt: null,
        },
      ];
    });
  }
}
