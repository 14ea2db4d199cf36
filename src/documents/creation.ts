import { putTitle } from './search-index.ts';
import { type DocumentKey, type DocumentRow, insertDocument, putCollaborator } from './store.ts';
import type { DocumentQuery } from './tables.ts';

/** What a document begins with. */
export interface Beginning {
  readonly title: string;
  readonly createdBy: string;
  readonly createdAt: number;
  /** UTF-16 code units of its text, which is revision 1; an empty document is at revision 0. */
  readonly length: number;
  /** Tells a repeated creation from another document of the same id. */
  readonly digest: string;
}

/** Writes the rows of a new document, whose owner is its creator. Throws when the id is taken. */
export async function insertNewDocument(
  transaction: DocumentQuery,
  key: DocumentKey,
  { title, createdBy, createdAt, length, digest }: Beginning,
): Promise<DocumentRow> {
  const row = {
    tenantId: key.tenantId,
    id: key.documentId,
    title,
    revision: length > 0 ? 1 : 0,
    length,
    createdBy,
    createdAt,
    updatedAt: createdAt,
  };
  await insertDocument(transaction, row, digest);
  await putCollaborator(transaction, key, {
    userId: createdBy,
    role: 'OWNER',
    addedBy: createdBy,
    addedAt: createdAt,
  });
  await putTitle(transaction, key, title);
  return { ...row, epoch: 0 };
}
