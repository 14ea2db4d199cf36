import type { Compilable, Kysely } from 'kysely';

/** The rows that each of several queries gives; those without RETURNING give none. */
export type RowsOf<Queries extends readonly Compilable[]> = {
  readonly [Index in keyof Queries]: Queries[Index] extends Compilable<infer Row> ? readonly Row[] : never;
};

/**
 * The database as the platform hands it over. It knows no table: each store declares its own and says
 * `database.withTables<DocumentTables>()`.
 */
// biome-ignore lint: an empty table map is what "no tables yet" looks like in Kysely
export type Tables = Record<never, never>;
export type QueryBuilder = Kysely<Tables>;

export interface Database {
  readonly query: QueryBuilder;
  /**
   * Runs queries of a transaction in their order and gives their rows: one wait for all of them. Rejects with what the
   * first failing one says; the ones after it are not run. With `commit` they are the last ones, and the transaction
   * is durable when they resolve: nothing may be asked of it afterwards.
   */
  batch<const Queries extends readonly Compilable[]>(
    transaction: Pick<QueryBuilder, 'getExecutor'>,
    queries: Queries,
    options?: { readonly commit?: boolean },
  ): Promise<RowsOf<Queries>>;
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
