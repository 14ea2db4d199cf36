import type { Database } from '../../../src/platform/storage/database.ts';

// A type, not an interface: Kysely asks for an index signature here.
export type ContractTables = {
  entries: { document_id: string; revision: number; content: string; writer: string | null };
  counters: { id: string; total: number; note: string };
};

/** Appends at the next revision, as an instance does that may lose the race for it: read, insert, else again. */
export const append = async (database: Database, documentId: string, content: string): Promise<number> => {
  const query = database.query.withTables<ContractTables>();
  for (;;) {
    const last = await query
      .selectFrom('entries')
      .select((build) => build.fn.max('revision').as('revision'))
      .where('document_id', '=', documentId)
      .executeTakeFirstOrThrow();
    const revision = (last.revision ?? 0) + 1;
    try {
      await query.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('entries')
          .values({ document_id: documentId, revision, content, writer: null })
          .execute();
      });
      return revision;
    } catch (error) {
      if (!database.isUniqueViolation(error)) throw error;
    }
  }
};

/** The tables that `append` and the contract use. */
export const createContractTables = async (database: Database): Promise<void> => {
  await database.query.schema
    .createTable('entries')
    .addColumn('document_id', 'varchar(64)', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('content', 'text', (column) => column.notNull())
    .addColumn('writer', 'varchar(64)')
    .addPrimaryKeyConstraint('entries_key', ['document_id', 'revision'])
    .execute();
  await database.query.schema
    .createTable('counters')
    .addColumn('id', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('total', 'integer', (column) => column.notNull())
    .addColumn('note', 'varchar(64)', (column) => column.notNull().unique())
    .execute();
};
