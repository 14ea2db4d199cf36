import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SelectQueryNode,
} from 'kysely';
import type { Result, Statement } from './sqlite-protocol.ts';
import { SqliteThread } from './sqlite-thread.ts';
import { WriteLock } from './write-lock.ts';

/**
 * Kysely's driver over two threads with one connection each: one writes, and one (read-only) runs the SELECTs that are
 * in no transaction, so that they wait for no writer. What is committed before such a SELECT is sent, it sees.
 */
export class SqliteDriver implements Driver {
  readonly #writer: SqliteThread;
  readonly #reader: SqliteThread;
  readonly #lock = new WriteLock();
  #closing: Promise<void> | undefined;

  private constructor(writer: SqliteThread, reader: SqliteThread) {
    this.#writer = writer;
    this.#reader = reader;
  }

  /** Opens the file twice. Rejects when it cannot be opened for writing. */
  static async open(file: string): Promise<SqliteDriver> {
    const writer = await SqliteThread.open(file, false);
    try {
      return new SqliteDriver(writer, await SqliteThread.open(file, true));
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    return new SqliteConnection(this.#writer, this.#reader, this.#lock);
  }

  beginTransaction(connection: SqliteConnection): Promise<void> {
    return connection.begin();
  }

  commitTransaction(connection: SqliteConnection): Promise<void> {
    return connection.end('commit');
  }

  rollbackTransaction(connection: SqliteConnection): Promise<void> {
    return connection.end('rollback');
  }

  async releaseConnection(connection: SqliteConnection): Promise<void> {
    connection.release();
  }

  async ping(): Promise<void> {
    await Promise.all([this.#writer.ping(), this.#reader.ping()]);
  }

  /** Waits for the transactions and queries that were asked for, then closes the file. Idempotent. */
  destroy(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#lock.close();
    try {
      await this.#reader.close();
    } finally {
      // The last to close moves the write-ahead log into the file, so it has to be the one that may write.
      await this.#writer.close();
    }
  }
}

const NOTHING: Result = { rows: [], changes: undefined };

/** `finished`: committed with its last queries. */
type State = 'idle' | 'begun' | 'in transaction' | 'finished' | 'released';

/** What Kysely holds while it runs a query or a transaction. Light: the threads behind it are shared. */
export class SqliteConnection implements DatabaseConnection {
  readonly #writer: SqliteThread;
  readonly #reader: SqliteThread;
  readonly #lock: WriteLock;
  #state: State = 'idle';

  constructor(writer: SqliteThread, reader: SqliteThread, lock: WriteLock) {
    this.#writer = writer;
    this.#reader = reader;
    this.#lock = lock;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const [{ rows, changes } = NOTHING] = await this.#execute(query);
    // Kysely asks for the row type on trust: what a query selects is known to its builder alone.
    const typed = rows as Row[];
    return changes === undefined ? { rows: typed } : { rows: typed, numAffectedRows: BigInt(changes) };
  }

  /** Runs queries of a transaction in one go; with `commit`, they are its last ones. */
  async executeAll(queries: readonly CompiledQuery[], commit: boolean): Promise<readonly Result[]> {
    return this.#executeWithin(queries, commit);
  }

  streamQuery(): never {
    throw new Error('Streaming is not offered: read in pages.');
  }

  /** Waits for the turn to write. BEGIN itself travels with the first statement: one message less. */
  async begin(): Promise<void> {
    await this.#lock.acquire();
    this.#state = 'begun';
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    // Without a statement no transaction was begun.
    if (this.#state === 'in transaction') await this.#writer.end(how);
  }

  release(): void {
    const locked = this.#state !== 'idle' && this.#state !== 'released';
    // A statement that is sent too late must not be committed by itself.
    this.#state = 'released';
    if (locked) this.#lock.release();
  }

  async #execute(query: CompiledQuery): Promise<readonly Result[]> {
    if (this.#state !== 'idle') return this.#executeWithin([query], false);
    const alone = { kind: 'alone', statements: [statementOf(query)] } as const;
    if (SelectQueryNode.is(query.query)) return this.#reader.execute(alone);
    await this.#lock.acquire();
    try {
      return await this.#writer.execute(alone);
    } finally {
      this.#lock.release();
    }
  }

  #executeWithin(queries: readonly CompiledQuery[], commit: boolean): Promise<readonly Result[]> {
    if (this.#state !== 'begun' && this.#state !== 'in transaction') {
      throw new Error('This query is in no transaction, or in one that has ended.');
    }
    const kind = this.#state === 'begun' ? 'first' : 'within';
    this.#state = commit ? 'finished' : 'in transaction';
    return this.#writer.execute({ kind, statements: queries.map(statementOf), commit });
  }
}

const statementOf = ({ sql, parameters }: CompiledQuery): Statement => ({ sql, parameters });
