/**
 * What the main thread asks of a SQLite thread, in lists of what was asked in one turn. The thread does one after another, in
 * the order of arrival, and answers in lists, too.
 */
export type Command =
  | { readonly kind: 'open'; readonly file: string; readonly readOnly: boolean }
  | StatementsCommand
  | { readonly kind: 'commit' | 'rollback' | 'ping' | 'close' };

/** Statements are run in their order, up to the first that fails. */
export type StatementsCommand =
  /** Each is a transaction of its own. */
  { readonly kind: 'alone'; readonly statements: readonly Statement[] } | TransactionCommand;

export interface TransactionCommand {
  /** `first`: begins a transaction and runs in it; `within`: runs in the one begun. */
  readonly kind: 'first' | 'within';
  readonly statements: readonly Statement[];
  /** Whether the transaction is committed after them. */
  readonly commit: boolean;
}

export interface Statement {
  readonly sql: string;
  /** Strings, finite numbers, null or bytes, one for each `?`. */
  readonly parameters: readonly unknown[];
}

export type Request = Command & { readonly id: number };

export interface Result {
  readonly rows: readonly unknown[];
  /** Rows that an INSERT, UPDATE or DELETE without RETURNING touched; undefined when the statement gives rows. */
  readonly changes: number | undefined;
}

export interface Failure {
  readonly message: string;
  /** SQLite's extended result code; null when the error is not SQLite's. */
  readonly code: number | null;
}

export type Answer = { readonly id: number } & (
  | { readonly results: readonly Result[] }
  | { readonly failure: Failure }
);
