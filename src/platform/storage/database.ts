import type { Kysely } from 'kysely';

/**
 * The database as the platform hands it over. It knows no table: each store declares its own and says
 * `database.withTables<DocumentTables>()`.
 */
// biome-ignore lint: an empty table map is what "no tables yet" looks like in Kysely
export type Tables = Record<never, never>;
export type QueryBuilder = Kysely<Tables>;

export interface Database {
  readonly query: QueryBuilder;
  /** True when a statement failed because a row with the same unique key was there already. */
  isUniqueViolation(error: unknown): boolean;
  /** Resolves when the database answers; rejects when it does not. */
  ping(): Promise<void>;
  /** Finishes what runs and closes. Idempotent. */
  close(): Promise<void>;
}

/** One forward step of the schema. Names are unique and sort in the order in which they run: `001-documents`. */
export interface Migration {
  readonly name: string;
  up(query: QueryBuilder): Promise<void>;
}
