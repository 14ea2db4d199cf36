import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Compilable, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Database, RowsOf, Tables } from './database.ts';
import { SqliteConnection, SqliteDriver } from './sqlite-driver.ts';
import { SqliteError } from './sqlite-thread.ts';

const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;

/**
 * Opens (or creates, with its directory) a SQLite file that other processes may use at the same time. Not `:memory:`.
 *
 * Every commit is on the disk when it resolves. Transactions run one after another, raw SQL as well; a SELECT of the
 * query builder outside a transaction waits for none of them. So code in a transaction writes through that
 * transaction only: a write beside it would wait for its end, for ever.
 *
 * Rejects with an error that names the file when it cannot be opened for writing.
 */
export const openSqlite = async ({ file }: { readonly file: string }): Promise<Database> => {
  const driver = await open(file);
  const query = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => driver,
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  return {
    query,
    batch,
    isUniqueViolation: (error) =>
      error instanceof SqliteError &&
      (error.code === SQLITE_CONSTRAINT_UNIQUE || error.code === SQLITE_CONSTRAINT_PRIMARYKEY),
    ping: () => driver.ping(),
    close: () => driver.destroy(),
  };
};

const batch: Database['batch'] = async <const Queries extends readonly Compilable[]>(
  transaction: Pick<Database['query'], 'getExecutor'>,
  queries: Queries,
  { commit = false } = {},
) => {
  const compiled = queries.map((query) => query.compile());
  const results = await transaction.getExecutor().provideConnection(async (connection) => {
    if (!(connection instanceof SqliteConnection)) throw new TypeError('This is no transaction of SQLite.');
    return connection.executeAll(compiled, commit);
  });
  // On trust, as with Kysely itself: what a query selects is known to its builder alone.
  return results.map(({ rows }) => rows) as unknown as RowsOf<Queries>;
};

const open = async (file: string): Promise<SqliteDriver> => {
  try {
    // For the owner alone: the directory holds every document.
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return await SqliteDriver.open(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot open the database ${file}: ${why}`, { cause: error });
  }
};
