// One SQLite connection in a thread of its own. It is JavaScript because Node loads a worker's file natively, from
// src as well as from dist; the types are checked all the same.
import { parentPort } from 'node:worker_threads';
import { DatabaseSync } from '@photostructure/sqlite';

/** @import { Answer, Failure, Request, Result, Statement, TransactionCommand } from './sqlite-protocol.ts' */
/** @typedef {{ run: import('@photostructure/sqlite').StatementSyncInstance, givesRows: boolean }} Prepared */

/** How long a statement waits for another process that writes, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;
/** Prepared statements kept, the least recently used one leaving first. */
const MAX_STATEMENTS = 256;
/** Page cache of the connection, in KiB. */
const CACHE_KIB = 8_192;
/** Milliseconds for which an answer waits for those after it, so that one message takes them all. */
const ANSWER_WITHIN_MS = 1;

// IMMEDIATE, because a read transaction that begins to write after another process has written cannot go on.
const BEGIN = { sql: 'begin immediate', parameters: [] };
const COMMIT = { sql: 'commit', parameters: [] };
const PING = { sql: 'select count(*) from sqlite_schema', parameters: [] };

/** @type {InstanceType<typeof DatabaseSync> | undefined} */
let database;
/** @type {Map<string, Prepared>} */
const statements = new Map();

const opened = () => {
  if (!database) throw new Error('The database is not open.');
  return database;
};

/** @param {string} file @param {boolean} readOnly */
const open = (file, readOnly) => {
  database = new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS });
  // No mmap: a disk error in a mapped page is a SIGBUS, which ends the process instead of failing the query.
  database.exec(`pragma cache_size = -${CACHE_KIB}; pragma mmap_size = 0; pragma foreign_keys = on`);
  if (readOnly) return;
  const mode = JSON.stringify(database.prepare('pragma journal_mode = wal').all());
  if (mode !== '[{"journal_mode":"wal"}]')
    throw new Error(`write-ahead logging does not work there: ${mode}`);
  // SQLite opens a file that it may not write for reading, and says so only at the first write: ask now.
  database.exec('pragma synchronous = full; begin immediate; rollback');
};

/** @param {string} sql @param {boolean} parametrised @returns {Prepared} */
const prepare = (sql, parametrised) => {
  const cached = statements.get(sql);
  if (cached) {
    statements.delete(sql);
    statements.set(sql, cached);
    return cached;
  }
  const run = opened().prepare(sql);
  // SQLite prepares the first of several statements and ignores the rest; a migration would be half done unnoticed.
  // Without parameters the "expanded" text is exactly what was prepared.
  if (!parametrised && sql.slice(run.expandedSQL?.length).trim() !== '') {
    throw new Error('More than one SQL statement in a query; run them one by one.');
  }
  const prepared = { run, givesRows: run.columns().length > 0 };
  statements.set(sql, prepared);
  if (statements.size > MAX_STATEMENTS) {
    for (const oldest of statements.keys()) {
      statements.delete(oldest);
      break;
    }
  }
  return prepared;
};

/**
 * Whether SQLite gives a value back as it was. It does not for text with NUL (cut there), a lone surrogate (becomes
 * U+FFFD), NaN (becomes null), an integer above 2^53 (cannot be read) or an object (taken for named parameters).
 * @param {unknown} value
 */
const canBeStored = (value) => {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed();
  if (typeof value === 'number')
    return Number.isFinite(value) && (Number.isSafeInteger(value) || value % 1 !== 0);
  return value === null || value instanceof Uint8Array;
};

/** @param {Statement} statement @returns {Result} */
const execute = ({ sql, parameters }) => {
  const bad = parameters.findIndex((value) => !canBeStored(value));
  if (bad >= 0) {
    throw new TypeError(`SQL parameter ${bad + 1} (${typeof parameters[bad]}) cannot be stored as it is.`);
  }
  const { run, givesRows } = prepare(sql, parameters.length > 0);
  if (givesRows) return { rows: run.all(...parameters), changes: undefined };
  return { rows: [], changes: run.run(...parameters).changes };
};

/** @param {Statement} statement */
const executeWithin = (statement) => {
  // Without this check a statement after a failed BEGIN, or after a rollback, would be committed by itself.
  if (!opened().isTransaction) throw new Error('The transaction has ended because a statement in it failed.');
  try {
    return execute(statement);
  } catch (error) {
    // As on Postgres: a failed statement ends its transaction, so code cannot come to rely on going on.
    rollback();
    throw error;
  }
};

const rollback = () => {
  if (database?.isTransaction) database.exec('rollback');
};

const commit = () => {
  if (!opened().isTransaction)
    throw new Error('Nothing is committed: a statement in the transaction failed.');
  try {
    execute(COMMIT);
  } catch (error) {
    rollback();
    throw error;
  }
};

const close = () => {
  statements.clear();
  database?.close();
  database = undefined;
};

/** @param {TransactionCommand} command */
const runWithin = (command) => {
  if (command.kind === 'first') execute(BEGIN);
  const results = command.statements.map(executeWithin);
  if (command.commit) commit();
  return results;
};

/** @param {Request} request @returns {readonly Result[]} */
const handle = (request) => {
  switch (request.kind) {
    case 'alone':
      return request.statements.map(execute);
    case 'first':
    case 'within':
      return runWithin(request);
    case 'commit':
      commit();
      return [];
    case 'rollback':
      rollback();
      return [];
    case 'ping':
      return [execute(PING)];
    case 'open':
      open(request.file, request.readOnly);
      return [];
    case 'close':
      close();
      return [];
  }
};

/** @param {unknown} error @returns {Failure} */
const failureOf = (error) => {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
  return { message, code: typeof code === 'number' ? code : null };
};

/** @param {Request} request @returns {Answer} */
const answer = (request) => {
  try {
    return { id: request.id, results: handle(request) };
  } catch (error) {
    return { id: request.id, failure: failureOf(error) };
  }
};

const port = parentPort;
if (!port) throw new Error('This file is the body of a worker thread.');
port.on('message', (/** @type {readonly Request[]} */ requests) => {
  /** @type {Answer[]} */
  let answers = [];
  let since = performance.now();
  for (const request of requests) {
    answers.push(answer(request));
    if (performance.now() - since < ANSWER_WITHIN_MS) continue;
    port.postMessage(answers);
    answers = [];
    since = performance.now();
  }
  if (answers.length > 0) port.postMessage(answers);
  if (requests.some(({ kind }) => kind === 'close')) port.close();
});
