import { Worker } from 'node:worker_threads';
import { QuireError } from '../errors.ts';
import type { Answer, Command, Failure, Request, Result, StatementsCommand } from './sqlite-protocol.ts';

/** Statements that may wait for one thread, and writers that may wait for their turn; one more is refused. */
export const MAX_WAITING_QUERIES = 5_000;

const SQLITE_BUSY = 5;

/** An error of the database; `code` is SQLite's extended result code (null: not an error of SQLite itself). */
export class SqliteError extends Error {
  override readonly name = 'SqliteError';
  readonly code: number | null;
  readonly sql: string | undefined;

  constructor(message: string, code: number | null, sql?: string) {
    super(message);
    this.code = code;
    this.sql = sql;
  }
}

interface Pending {
  readonly request: Request;
  resolve(results: readonly Result[]): void;
  reject(error: Error): void;
}

/** One SQLite connection in a worker thread, so that neither a query nor an fsync stops the event loop. */
export class SqliteThread {
  readonly #worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), {
    // Loaders given to this process (tsx) are of no use to a plain file and slow its start.
    execArgv: [],
  });
  readonly #pending = new Map<number, Pending>();
  /** Asked in this turn, and sent at the end of it: waking a thread costs more than most queries. */
  readonly #unsent: Pending[] = [];
  readonly #exited: Promise<void>;
  readonly #file: string;
  #nextId = 1;
  /** Why nothing can be asked any more. */
  #ended: Error | undefined;
  #closing: Promise<void> | undefined;

  private constructor(file: string) {
    this.#file = file;
    this.#worker.on('message', (answers: readonly Answer[]) =>
      answers.forEach((answer) => this.#settle(answer)),
    );
    this.#worker.on('error', (error) => this.#end(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end();
        resolve();
      });
    });
  }

  /** Starts the thread and opens the file; rejects when that fails, leaving nothing behind. */
  static async open(file: string, readOnly: boolean): Promise<SqliteThread> {
    const thread = new SqliteThread(file);
    try {
      await thread.#ask({ kind: 'open', file, readOnly });
      return thread;
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /** Runs statements. Rejects with SqliteError, or with UNAVAILABLE when too many wait or another process writes. */
  execute(statements: StatementsCommand): Promise<readonly Result[]> {
    if (this.#pending.size >= MAX_WAITING_QUERIES) {
      return Promise.reject(new QuireError('UNAVAILABLE', 'Too many queries are waiting for the database.'));
    }
    return this.#ask(statements);
  }

  /** Ends the transaction begun by a `first` statement. A rollback without one does nothing. */
  async end(how: 'commit' | 'rollback'): Promise<void> {
    await this.#ask({ kind: how });
  }

  /** Resolves when the thread has reached the file. */
  async ping(): Promise<void> {
    await this.#ask({ kind: 'ping' });
  }

  /** Closes the file after what was asked before, and ends the thread. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (!this.#ended) await this.#ask({ kind: 'close' });
    } finally {
      // It ends by itself. `terminate` in the middle of a native call would abort the whole process.
      await this.#exited;
    }
  }

  #ask(command: Command): Promise<readonly Result[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const request = { ...command, id: this.#nextId++ };
      const pending = { request, resolve, reject };
      this.#pending.set(request.id, pending);
      if (this.#unsent.push(pending) === 1) process.nextTick(() => this.#send(this.#unsent.splice(0)));
    });
  }

  #send(asked: readonly Pending[]): void {
    try {
      this.#worker.postMessage(asked.map(({ request }) => request));
    } catch (error) {
      // A parameter of one cannot be sent: the others do not suffer for it.
      const [first] = asked;
      if (!first || asked.length > 1) {
        for (const one of asked) this.#send([one]);
        return;
      }
      this.#pending.delete(first.request.id);
      first.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (!pending) return;
    this.#pending.delete(answer.id);
    if ('results' in answer) pending.resolve(answer.results);
    else pending.reject(errorOf(answer.failure, pending.request));
  }

  #end(cause?: unknown): void {
    this.#ended ??= new Error(
      this.#closing
        ? `The database ${this.#file} is closed.`
        : `The thread of the database ${this.#file} has died.`,
      { cause },
    );
    for (const pending of this.#pending.values()) pending.reject(this.#ended);
    this.#pending.clear();
  }
}

const errorOf = (failure: Failure, command: Command): Error => {
  // The low byte is the primary code. Another process held the write lock longer than the busy timeout.
  if (failure.code !== null && (failure.code & 0xff) === SQLITE_BUSY) {
    return new QuireError('UNAVAILABLE', 'The database is busy.');
  }
  const sql =
    'statements' in command ? command.statements.map((statement) => statement.sql).join('; ') : undefined;
  return new SqliteError(failure.message, failure.code, sql);
};
