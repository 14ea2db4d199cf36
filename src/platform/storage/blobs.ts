import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { QuireError } from '../errors.ts';
import { type BlobTables, CHUNK_BYTES } from './blob-tables.ts';
import { chunksOf } from './chunks.ts';
import type { Database, QueryBuilder } from './database.ts';

/** Chunks that one transaction of a clean-up deletes, so that no edit waits long behind it. */
const DISCARD_CHUNKS = 16;
/** Milliseconds after which bytes that were received and never kept are left over, whoever received them. */
export const LEFT_OVER_MS = 24 * 60 * 60 * 1_000;
/** Left-over uploads that one look gives. */
const SWEEP_PAGE = 100;

/** Bytes that were received and are not kept yet. It is used up by `keep` or by `discard`. */
export interface Receipt {
  readonly tenantId: string;
  readonly uploadId: string;
  /** SHA-256, in hex. */
  readonly digest: string;
  readonly bytes: number;
}

type UploadKey = Pick<Receipt, 'tenantId' | 'uploadId'>;

const noSuchBlob = (): QuireError => new QuireError('NOT_FOUND', 'There is no such file.');

/**
 * The bytes of files, once for each tenant and content: a blob is named by its SHA-256 and belongs to a tenant.
 *
 * Bytes come in chunks, each a row and a transaction of its own, so that no edit waits for an upload. They become a blob
 * in the transaction of whoever refers to it, so that the reference and the blob are one commit; until then they are an
 * upload, which a crash may leave behind and `sweep` removes. Who deletes the last reference drops the blob likewise.
 */
export const createBlobs = ({ database, clock }: { readonly database: Database; readonly clock: Clock }) => {
  const query = database.query.withTables<BlobTables>();

  const uploadDeletion = ({ tenantId, uploadId }: UploadKey) =>
    query
      .deleteFrom('blob_uploads')
      .where('tenant_id', '=', tenantId)
      .where('upload_id', '=', uploadId)
      .returning('upload_id as uploadId');

  const chunkDeletion = ({ tenantId, uploadId }: UploadKey) =>
    query.deleteFrom('blob_chunks').where('tenant_id', '=', tenantId).where('upload_id', '=', uploadId);

  /** Some chunks of an upload that is not kept. */
  const looseChunkDeletion = ({ tenantId, uploadId }: UploadKey) =>
    chunkDeletion({ tenantId, uploadId })
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('blob_uploads')
            .select('upload_id')
            .where('tenant_id', '=', tenantId)
            .where('upload_id', '=', uploadId),
        ),
      )
      .where('sequence', 'in', (eb) =>
        eb
          .selectFrom('blob_chunks')
          .select('sequence')
          .where('tenant_id', '=', tenantId)
          .where('upload_id', '=', uploadId)
          .limit(DISCARD_CHUNKS),
      );

  /** Deletes what was received, unless it was kept. Idempotent. */
  const discard = async (upload: UploadKey): Promise<void> => {
    for (let deleted = 1n; deleted > 0n; )
      deleted = (await looseChunkDeletion(upload).executeTakeFirstOrThrow()).numDeletedRows;
    await uploadDeletion(upload).execute();
  };

  return {
    /**
     * Takes a stream's bytes, hashing them on their way. Rejects with PAYLOAD_TOO_LARGE as soon as there are more than
     * `maxBytes`, and with whatever the stream fails with; nothing is left behind then.
     */
    async receive(tenantId: string, stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Receipt> {
      const uploadId = randomUUID();
      const hash = createHash('sha256');
      let bytes = 0;
      let sequence = 0;
      try {
        await query
          .insertInto('blob_uploads')
          .values({ tenant_id: tenantId, upload_id: uploadId, started_at: clock.now() })
          .execute();
        for await (const content of chunksOf(stream, CHUNK_BYTES, maxBytes)) {
          hash.update(content);
          await query
            .insertInto('blob_chunks')
            .values({ tenant_id: tenantId, upload_id: uploadId, sequence, content })
            .execute();
          bytes += content.length;
          sequence += 1;
        }
      } catch (error) {
        // Why it failed matters more than that the clean-up failed as well: the sweep will do it.
        await discard({ tenantId, uploadId }).catch(() => undefined);
        throw error;
      }
      return { tenantId, uploadId, digest: hash.digest('hex'), bytes };
    },

    /**
     * Makes what was received a blob of its tenant, or finds that the tenant has it already and drops the new chunks.
     * Throws when the receipt was used before.
     */
    async keep(
      transaction: Pick<QueryBuilder, 'getExecutor'>,
      receipt: Receipt,
    ): Promise<{ readonly digest: string; readonly bytes: number }> {
      const { tenantId, uploadId, digest, bytes } = receipt;
      const [uploads, [blob]] = await database.batch(transaction, [
        uploadDeletion(receipt),
        query
          .insertInto('blobs')
          .values({ tenant_id: tenantId, digest, bytes, upload_id: uploadId, created_at: clock.now() })
          // Changes nothing, but gives (and, where there are row locks, holds) the blob that is there.
          .onConflict((conflict) => conflict.columns(['tenant_id', 'digest']).doUpdateSet({ bytes }))
          .returning('upload_id as uploadId'),
      ]);
      if (uploads.length === 0) throw new Error('What was received is kept already, or was discarded.');
      if (blob?.uploadId !== uploadId) await database.batch(transaction, [chunkDeletion(receipt)]);
      return { digest, bytes };
    },

    discard,

    /**
     * A blob's bytes, in chunks of at most 256 KB, read as they are asked for. Throws NOT_FOUND when there is no such
     * blob, or as soon as it is dropped meanwhile.
     */
    async *read(tenantId: string, digest: string): AsyncGenerator<Uint8Array, void, undefined> {
      const blob = await query
        .selectFrom('blobs')
        .select(['upload_id as uploadId', 'bytes'])
        .where('tenant_id', '=', tenantId)
        .where('digest', '=', digest)
        .executeTakeFirst();
      if (!blob) throw noSuchBlob();
      let left = blob.bytes;
      for (let sequence = 0; left > 0; sequence += 1) {
        const chunk = await query
          .selectFrom('blob_chunks')
          .select('content')
          .where('tenant_id', '=', tenantId)
          .where('upload_id', '=', blob.uploadId)
          .where('sequence', '=', sequence)
          .executeTakeFirst();
        if (!chunk) throw noSuchBlob();
        left -= chunk.content.length;
        yield chunk.content;
      }
    },

    /** Deletes a blob and its chunks; nothing when there is none. Whether anything refers to it is the caller's to know. */
    async drop(
      transaction: Pick<QueryBuilder, 'getExecutor'>,
      tenantId: string,
      digest: string,
    ): Promise<void> {
      const [[blob]] = await database.batch(transaction, [
        query
          .deleteFrom('blobs')
          .where('tenant_id', '=', tenantId)
          .where('digest', '=', digest)
          .returning('upload_id as uploadId'),
      ]);
      if (blob) await database.batch(transaction, [chunkDeletion({ tenantId, uploadId: blob.uploadId })]);
    },

    /** Removes what uploads of more than a day ago have left unfinished. */
    async sweep(): Promise<void> {
      const before = clock.now() - LEFT_OVER_MS;
      for (;;) {
        const leftOver = await query
          .selectFrom('blob_uploads')
          .select(['tenant_id as tenantId', 'upload_id as uploadId'])
          .where('started_at', '<', before)
          .limit(SWEEP_PAGE)
          .execute();
        for (const upload of leftOver) await discard(upload);
        if (leftOver.length < SWEEP_PAGE) return;
      }
    },
  };
};

export type Blobs = ReturnType<typeof createBlobs>;
