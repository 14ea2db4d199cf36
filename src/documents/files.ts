import { randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Upload } from '../platform/graphql/upload.ts';
import type { Blobs } from '../platform/storage/blobs.ts';
import { checkTitle } from './checks.ts';
import { insertNewDocument } from './creation.ts';
import { fileNameOf, titleOf } from './file-names.ts';
import type { DocumentKey, DocumentRow } from './store.ts';
import type { DocumentQuery } from './tables.ts';

/** The file that a document came from. */
export interface DocumentFile {
  /** SHA-256 of its bytes, in hex. */
  readonly digest: string;
  readonly name: string;
  readonly bytes: number;
  readonly uploadedBy: string;
  readonly uploadedAt: number;
  /** When its text became the document's; null until then. */
  readonly extractedAt: number | null;
}

export interface FilesOptions {
  readonly query: DocumentQuery;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly uploadBytes: number;
}

/** The files that documents came from; their bytes are in the blob store, once for each tenant and content. */
export function createFiles({ query, blobs, clock, uploadBytes }: FilesOptions) {
  async function find({ tenantId, documentId }: DocumentKey): Promise<DocumentFile | null> {
    const row = await query
      .selectFrom('document_files')
      .select([
        'digest',
        'name',
        'bytes',
        'uploaded_by as uploadedBy',
        'uploaded_at as uploadedAt',
        'extracted_at as extractedAt',
      ])
      .where('tenant_id', '=', tenantId)
      .where('document_id', '=', documentId)
      .executeTakeFirst();
    return row ?? null;
  }

  return {
    /** The file of a document; null for a document that came from none, or is deleted. */
    find,

    /** The file's bytes, in chunks of at most 256 KB. Throws NOT_FOUND when there is none, or it goes meanwhile. */
    async *bytes(key: DocumentKey): AsyncGenerator<Uint8Array, void, undefined> {
      const file = await find(key);
      if (!file) throw new QuireError('NOT_FOUND', 'This document came from no file.');
      yield* blobs.read(key.tenantId, file.digest);
    },

    /** Notes that the file's text is in the document. */
    async markExtracted(key: DocumentKey): Promise<void> {
      await query
        .updateTable('document_files')
        .set({ extracted_at: clock.now() })
        .where('tenant_id', '=', key.tenantId)
        .where('document_id', '=', key.documentId)
        .execute();
    },

    /** Drops the file of a document, and its bytes when no other document of the tenant came from the same. */
    async drop(transaction: DocumentQuery, { tenantId, documentId }: DocumentKey): Promise<void> {
      const file = await transaction
        .deleteFrom('document_files')
        .where('tenant_id', '=', tenantId)
        .where('document_id', '=', documentId)
        .returning('digest')
        .executeTakeFirst();
      if (!file) return;
      const other = await transaction
        .selectFrom('document_files')
        .select('document_id')
        .where('tenant_id', '=', tenantId)
        .where('digest', '=', file.digest)
        .limit(1)
        .executeTakeFirst();
      if (!other) await blobs.drop(transaction, tenantId, file.digest);
    },

    /**
     * Makes an empty document of a file; its text comes when the file is processed. The title is that of the file
     * where none is given. Throws BAD_USER_INPUT or PAYLOAD_TOO_LARGE, and leaves nothing behind then.
     */
    async upload(
      { tenantId, userId }: Viewer,
      { file, title: given }: { readonly file: Upload; readonly title?: string | null | undefined },
    ): Promise<DocumentRow> {
      const title = given == null ? titleOf(file.name) : checkTitle('title', given);
      const receipt = await blobs.receive(tenantId, file.stream(), uploadBytes);
      try {
        if (receipt.bytes === 0) throw badInput('file', 'The file is empty.');
        return await query.transaction().execute(async (transaction) => {
          const key = { tenantId, documentId: randomUUID() };
          const at = clock.now();
          const { digest, bytes } = await blobs.keep(transaction, receipt);
          const document = await insertNewDocument(transaction, key, {
            title,
            createdBy: userId,
            createdAt: at,
            length: 0,
            digest,
          });
          await transaction
            .insertInto('document_files')
            .values({
              tenant_id: tenantId,
              document_id: key.documentId,
              digest,
              name: fileNameOf(file.name),
              bytes,
              uploaded_by: userId,
              uploaded_at: at,
              extracted_at: null,
            })
            .execute();
          return document;
        });
      } catch (error) {
        await blobs.discard(receipt);
        throw error;
      }
    },
  };
}

export type Files = ReturnType<typeof createFiles>;
