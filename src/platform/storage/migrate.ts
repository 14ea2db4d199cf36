import { type Clock, systemClock } from '../clock.ts';
import type { Database, Migration } from './database.ts';

// A type, not an interface: Kysely asks for an index signature here.
type MigrationTables = {
  quire_migrations: { name: string; applied_at: number };
};

/**
 * Brings the schema forward: runs the migrations that this database has not had, in the order of their names, each in
 * a transaction with its record in `quire_migrations`.
 *
 * Safe when several processes start at once. Whoever inserts the record first has claimed the migration; the insert of
 * the others waits for that transaction (on SQLite and on Postgres alike) and then finds it done, or undone and free.
 *
 * Rejects, changing nothing, when a name occurs twice, when the database has a migration that this program does not
 * know (it is older than the database), or when one is missing before one that the database has.
 *
 * Kysely's Migrator is not used: on SQLite it takes no lock and no transaction, which is what matters here.
 */
export const migrate = async (
  database: Database,
  migrations: readonly Migration[],
  clock: Clock = systemClock,
): Promise<void> => {
  const ordered = inOrder(migrations);
  await createRecords(database);
  const rows = await database.query
    .withTables<MigrationTables>()
    .selectFrom('quire_migrations')
    .select('name')
    .execute();
  const applied = new Set(rows.map((row) => row.name));
  checkHistory(ordered, applied);
  for (const migration of ordered.slice(applied.size)) {
    await database.query.transaction().execute(async (transaction) => {
      const claim = await transaction
        .withTables<MigrationTables>()
        .insertInto('quire_migrations')
        .values({ name: migration.name, applied_at: clock.now() })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst();
      if (claim.numInsertedOrUpdatedRows === 1n) await migration.up(transaction);
    });
  }
};

const inOrder = (migrations: readonly Migration[]): readonly Migration[] => {
  const ordered = [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
  const twice = ordered.find((migration, index) => migration.name === ordered[index + 1]?.name);
  if (twice) throw new Error(`Two migrations have the name ${twice.name}.`);
  return ordered;
};

/** What was applied has to be a beginning of what is known. */
const checkHistory = (ordered: readonly Migration[], applied: ReadonlySet<string>): void => {
  const known = new Set(ordered.map((migration) => migration.name));
  const unknown = [...applied].filter((name) => !known.has(name)).sort();
  if (unknown.length > 0) {
    throw new Error(
      `The database has migrations that this program does not know (${unknown.join(', ')}): ` +
        'it belongs to a newer version of Quire. Start that version, or restore a backup.',
    );
  }
  const missing = ordered.slice(0, applied.size).find((migration) => !applied.has(migration.name));
  if (missing) {
    throw new Error(
      `The migration ${missing.name} comes before one that the database has already; rename it.`,
    );
  }
};

const createRecords = async (database: Database): Promise<void> => {
  try {
    await database.query.schema
      .createTable('quire_migrations')
      .ifNotExists()
      .addColumn('name', 'varchar(255)', (column) => column.primaryKey())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .execute();
  } catch (error) {
    // Postgres: another process created it between the look and the creation.
    if (!database.isUniqueViolation(error)) throw error;
  }
};
