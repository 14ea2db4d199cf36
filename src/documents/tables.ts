import { type Generated, type Kysely, sql } from 'kysely';
import type { Migration } from '../platform/storage/database.ts';
import type { Role } from './permissions.ts';

/** Times are milliseconds since 1970; an id is unique within its tenant, so every key begins with the tenant. */
export type DocumentTables = {
  documents: {
    tenant_id: string;
    document_id: string;
    title: string;
    /** Of title and content at creation: tells a repeated createDocument from another document of the same id. */
    seed_digest: string;
    created_by: string;
    created_at: number;
    updated_at: number;
    deleted_at: number | null;
    /** Splices applied so far: the revision of the newest row in the log. */
    revision: number;
    /** UTF-16 code units at `revision`. */
    length: number;
    /** Raised in the transaction that changes the collaborators. */
    epoch: number;
    /** The revision whose text the search index has; -1 when it has not even the title. */
    indexed_revision: Generated<number>;
    /** Which of the parts in the search index are that text. */
    search_edition: Generated<string | null>;
  };
  document_collaborators: {
    tenant_id: string;
    document_id: string;
    user_id: string;
    role: Role;
    added_by: string;
    added_at: number;
  };
  /** The log: one row a splice. */
  document_changes: {
    tenant_id: string;
    document_id: string;
    revision: number;
    position: number;
    length: number;
    content: string;
    user_id: string;
    client_id: string | null;
    change_id: string;
    epoch: number;
    created_at: number;
  };
  /** What each change id led to, so that a repeated one is answered and not applied again. */
  document_receipts: {
    tenant_id: string;
    document_id: string;
    user_id: string;
    change_id: string;
    /** Of the change as it was sent. */
    digest: string;
    /** The document's revision after it. */
    revision: number;
    /** Revisions it made, the last of them `revision`. */
    splices: number;
  };
  /** The whole text at some revisions, so that a load reads few rows of the log. */
  document_snapshots: {
    tenant_id: string;
    document_id: string;
    revision: number;
    content: string;
    /** 1 for those that stay when a newer one is written, for reading old revisions. */
    milestone: number;
  };
  /** The files that documents came from. */
  document_files: {
    tenant_id: string;
    document_id: string;
    /** Names the blob. */
    digest: string;
    name: string;
    bytes: number;
    uploaded_by: string;
    uploaded_at: number;
    /** When its text became the document's. */
    extracted_at: number | null;
  };
  /** What the rows of `document_search` are: the title (no edition), or a part of an edition of the text. */
  document_search_parts: {
    part_id: Generated<number>;
    tenant_id: string;
    document_id: string;
    edition: string | null;
  };
  /** The search index, FTS5. It keeps no text: it finds the row of a word, and `rowid` is the `part_id` of a part. */
  document_search: {
    rowid: number;
    words: string;
    /** The tenant, as a word. */
    scope: string;
  };
};

export type DocumentQuery = Kysely<DocumentTables>;

export const documentMigrations: readonly Migration[] = [
  {
    name: '010-documents',
    async up(query) {
      const owned = (table: string) =>
        query.schema
          .createTable(table)
          .addColumn('tenant_id', 'text', (column) => column.notNull())
          .addColumn('document_id', 'text', (column) => column.notNull());
      const ofDocument = ['tenant_id', 'document_id'] as const;

      await owned('documents')
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('seed_digest', 'text', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('deleted_at', 'bigint')
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('length', 'integer', (column) => column.notNull())
        .addColumn('epoch', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('documents_key', ['tenant_id', 'document_id'] as never[])
        .execute();

      await owned('document_collaborators')
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('added_by', 'text', (column) => column.notNull())
        .addColumn('added_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('document_collaborators_key', [...ofDocument, 'user_id'] as never[])
        .addForeignKeyConstraint('document_collaborators_of', [...ofDocument] as never[], 'documents', [
          ...ofDocument,
        ])
        .execute();
      await query.schema
        .createIndex('document_collaborators_by_user')
        .on('document_collaborators')
        .columns(['tenant_id', 'user_id'])
        .execute();

      await owned('document_changes')
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('length', 'integer', (column) => column.notNull())
        .addColumn('content', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('client_id', 'text')
        .addColumn('change_id', 'text', (column) => column.notNull())
        .addColumn('epoch', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('document_changes_key', [...ofDocument, 'revision'] as never[])
        .execute();

      // The change id comes before the user: each commit looks for the ids of its group, of whichever users.
      await owned('document_receipts')
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('change_id', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('splices', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('document_receipts_key', [...ofDocument, 'change_id', 'user_id'] as never[])
        .execute();

      await owned('document_snapshots')
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('content', 'text', (column) => column.notNull())
        .addColumn('milestone', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('document_snapshots_key', [...ofDocument, 'revision'] as never[])
        .execute();
    },
  },
  {
    name: '011-search',
    async up(query) {
      await query.schema
        .alterTable('documents')
        .addColumn('indexed_revision', 'integer', (column) => column.notNull().defaultTo(-1))
        .execute();
      await query.schema.alterTable('documents').addColumn('search_edition', 'text').execute();
      await query.schema
        .createTable('document_search_parts')
        .addColumn('part_id', 'integer', (column) => column.primaryKey())
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('document_id', 'text', (column) => column.notNull())
        .addColumn('edition', 'text')
        .execute();
      await query.schema
        .createIndex('document_search_parts_of')
        .on('document_search_parts')
        .columns(['tenant_id', 'document_id'])
        .execute();
      // Marks are parts of words, so that those of Indian scripts are not cut at each vowel sign.
      await sql`
        create virtual table document_search using fts5(
          words, scope, content = '', contentless_delete = 1, prefix = '2 3',
          tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
        )
      `.execute(query);
    },
  },
  {
    name: '013-files',
    async up(query) {
      await query.schema
        .createTable('document_files')
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('document_id', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('bytes', 'bigint', (column) => column.notNull())
        .addColumn('uploaded_by', 'text', (column) => column.notNull())
        .addColumn('uploaded_at', 'bigint', (column) => column.notNull())
        .addColumn('extracted_at', 'bigint')
        .addPrimaryKeyConstraint('document_files_key', ['tenant_id', 'document_id'])
        .execute();
      await query.schema
        .createIndex('document_files_by_digest')
        .on('document_files')
        .columns(['tenant_id', 'digest'])
        .execute();
    },
  },
];
