import type { Migration } from './database.ts';

/** Bytes of one row of a blob: small enough for a transaction that nobody notices. */
export const CHUNK_BYTES = 262_144;

/** Times are milliseconds since 1970. */
export type BlobTables = {
  /** What is kept: content once for each tenant, named by its SHA-256 in hex. */
  blobs: {
    tenant_id: string;
    digest: string;
    bytes: number;
    /** Of the chunks. */
    upload_id: string;
    created_at: number;
  };
  /** Bytes of a blob, or of an upload that is not kept yet: 0, 1, 2 and so on, all but the last CHUNK_BYTES long. */
  blob_chunks: {
    tenant_id: string;
    upload_id: string;
    sequence: number;
    content: Uint8Array;
  };
  /** Uploads whose chunks belong to no blob yet. */
  blob_uploads: {
    tenant_id: string;
    upload_id: string;
    started_at: number;
  };
};

export const blobMigrations: readonly Migration[] = [
  {
    // After those that databases have had before: the order of the names is the order in which they run.
    name: '012-blobs',
    async up(query) {
      const owned = (table: string) =>
        query.schema.createTable(table).addColumn('tenant_id', 'text', (column) => column.notNull());

      await owned('blobs')
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addColumn('upload_id', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('blobs_key', ['tenant_id', 'digest'])
        .execute();

      await owned('blob_chunks')
        .addColumn('upload_id', 'text', (column) => column.notNull())
        .addColumn('sequence', 'integer', (column) => column.notNull())
        // Postgres' name; SQLite keeps bytes as they are in a column of any name.
        .addColumn('content', 'bytea', (column) => column.notNull())
        .addPrimaryKeyConstraint('blob_chunks_key', ['tenant_id', 'upload_id', 'sequence'])
        .execute();

      await owned('blob_uploads')
        .addColumn('upload_id', 'text', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('blob_uploads_key', ['tenant_id', 'upload_id'])
        .execute();
    },
  },
];
