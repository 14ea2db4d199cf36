import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Database } from '../../../src/platform/storage/database.ts';
import { openSqlite } from '../../../src/platform/storage/sqlite.ts';
import { MAX_WAITING_QUERIES } from '../../../src/platform/storage/sqlite-thread.ts';
import { databaseContract } from '../../contracts/database.ts';
import { append, type ContractTables, createContractTables } from './append.ts';

let directory: string;
let file: string;
const opened: Database[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-sqlite-'));
  file = join(directory, 'quire.db');
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(opened.splice(0).map((database) => database.close()));
  await rm(directory, { recursive: true });
});

const open = async (): Promise<Database> => {
  const database = await openSqlite({ file });
  opened.push(database);
  return database;
};

const openWithTables = async () => {
  const database = await open();
  await createContractTables(database);
  return { database, query: database.query.withTables<ContractTables>() };
};

const row = (revision: number, content = 'text') => ({ document_id: 'd1', revision, content, writer: null });

const appendInProcess = (writer: string, count: number): ChildProcess => {
  const script = new URL('./append-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, file, writer, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
};

databaseContract('SQLite', open);

describe('opening a SQLite file', () => {
  it('[P1] makes commits durable and checks references', async () => {
    const { query } = await open();
    const pragma = async (name: string) => {
      const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(query);
      return Object.values(rows[0] ?? {})[0];
    };
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    expect(await pragma('busy_timeout')).toBe(5_000);
    expect(await pragma('mmap_size')).toBeFalsy();
  });

  it('creates the directory, for the owner alone', async () => {
    file = join(directory, 'a', 'b', 'quire.db');
    await open();
    expect((await stat(join(directory, 'a', 'b'))).mode & 0o077).toBe(0);
  });

  it('names the file when its directory cannot be made', async () => {
    await writeFile(join(directory, 'taken'), '');
    file = join(directory, 'taken', 'quire.db');
    await expect(open()).rejects.toThrow(`Cannot open the database ${file}: `);
  });

  it('names the file when it is a directory, or no database', async () => {
    await expect(openSqlite({ file: directory })).rejects.toThrow(`Cannot open the database ${directory}: `);
    await writeFile(file, 'This is a letter, and it is long enough to be read as a header.'.repeat(20));
    await expect(open()).rejects.toThrow(`Cannot open the database ${file}: file is not a database`);
  });

  it('leaves one file behind when it is closed', async () => {
    const { database, query } = await openWithTables();
    await query.insertInto('entries').values(row(1)).execute();
    await query.selectFrom('entries').selectAll().execute();
    expect(existsSync(`${file}-wal`)).toBe(true);
    await database.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  });
});

describe('SQLite statements', () => {
  it('[P11] refuses values that it would not give back as they were', async () => {
    const { query } = await openWithTables();
    const values: unknown[] = [
      'a\ud800',
      '\0',
      new Date(0),
      true,
      NaN,
      Infinity,
      2 ** 53,
      {},
      [1],
      undefined,
    ];
    for (const value of values) {
      const insert = sql`insert into entries values (${value}, 1, '', null)`.execute(query);
      await expect(insert, String(value)).rejects.toThrow('SQL parameter 1');
    }
    await expect(sql`select ${[() => 1]}`.execute(query)).rejects.toThrow('could not be cloned');
    expect(await query.selectFrom('entries').selectAll().execute()).toEqual([]);
  });

  it('refuses a second statement in one query, of which SQLite would run the first alone', async () => {
    const { database, query } = await openWithTables();
    const two = sql`insert into entries values ('d', 1, '', null); delete from entries`;
    await expect(two.execute(database.query)).rejects.toThrow('More than one SQL statement');
    expect(await query.selectFrom('entries').selectAll().execute()).toEqual([]);
    const trailing = await sql`select 1 as one ; `.execute(database.query);
    expect(trailing.rows).toEqual([{ one: 1 }]);
  });

  it('keeps answering over more statements than it keeps prepared, also after the schema has changed', async () => {
    const { database, query } = await openWithTables();
    await query.insertInto('entries').values(row(1)).execute();
    const all = () => query.selectFrom('entries').selectAll().execute();
    expect(await all()).toEqual([row(1)]);
    for (let index = 0; index < 600; index += 1) {
      const { rows } = await sql`select ${sql.raw(`${index}`)} as number`.execute(query);
      expect(rows).toEqual([{ number: index }]);
    }
    await database.query.schema.alterTable('entries').renameColumn('writer', 'author').execute();
    expect(await all()).toEqual([{ document_id: 'd1', revision: 1, content: 'text', author: null }]);
  });

  it('sends a statement nowhere that comes after its transaction or connection', async () => {
    const { query } = await openWithTables();
    let late: Promise<unknown> = Promise.resolve();
    await query.transaction().execute(async (trx) => {
      await trx.insertInto('entries').values(row(1)).execute();
      // While COMMIT is on its way, Kysely still lets it through.
      late = new Promise((resolve) => {
        setImmediate(() => resolve(trx.insertInto('entries').values(row(2)).execute()));
      });
      late.catch(() => undefined);
    });
    await expect(late).rejects.toThrow();
    const connection = await query.connection().execute(async (leaked) => leaked);
    await expect(connection.insertInto('entries').values(row(3)).execute()).rejects.toThrow('has ended');
    expect(await query.selectFrom('entries').select('revision').execute()).toEqual([{ revision: 1 }]);
  });

  it('runs transactions one after another, so that what one has read stays true', async () => {
    const { query } = await openWithTables();
    const other = (await open()).query.withTables<ContractTables>();
    const appendNext = (_: unknown, index: number) =>
      (index % 2 ? query : other).transaction().execute(async (trx) => {
        const last = await trx
          .selectFrom('entries')
          .select((build) => build.fn.max('revision').as('revision'))
          .executeTakeFirstOrThrow();
        await trx
          .insertInto('entries')
          .values(row((last.revision ?? 0) + 1))
          .execute();
      });
    await Promise.all(Array.from({ length: 40 }, appendNext));
    expect(await query.selectFrom('entries').selectAll().execute()).toHaveLength(40);
  });

  it('[P11] refuses more than a bounded number of waiting writers and readers', async () => {
    const { query } = await openWithTables();
    await query.transaction().execute(async () => {
      const writes = Array.from({ length: MAX_WAITING_QUERIES + 1 }, () =>
        query.deleteFrom('entries').execute(),
      );
      void Promise.allSettled(writes.slice(0, -1));
      await expect(writes.at(-1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });
    const reads = Array.from({ length: MAX_WAITING_QUERIES + 1 }, () =>
      query.selectFrom('counters').selectAll().execute(),
    );
    const results = await Promise.allSettled(reads);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toMatchObject({ code: 'UNAVAILABLE' });
  }, 20_000);
});

describe('messages to SQLite threads', () => {
  it('take all queries of one turn, and each gets its own rows', async () => {
    const { query } = await openWithTables();
    await query
      .insertInto('entries')
      .values([row(1), row(2), row(3)])
      .execute();
    const posted = vi.spyOn(Worker.prototype, 'postMessage');
    const find = (revision: number) =>
      query.selectFrom('entries').select('revision').where('revision', '=', revision).execute();
    expect(await Promise.all([find(2), find(3), find(4), find(1)])).toEqual([
      [{ revision: 2 }],
      [{ revision: 3 }],
      [],
      [{ revision: 1 }],
    ]);
    expect(posted).toHaveBeenCalledTimes(1);
  });

  it('fail for the query alone whose parameter cannot be sent', async () => {
    const { query } = await openWithTables();
    const find = (note: unknown) =>
      query.selectFrom('counters').select('id').where(sql`note`, '=', sql.val(note)).execute();
    const results = await Promise.allSettled([find('a'), find(Symbol('b')), find('c')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await find('d')).toEqual([]);
  });
});

describe('SQLite threads that die', () => {
  /** Ends the threads of a database for real; the spy looks on and changes nothing. */
  const killThreads = async (spy: ReturnType<typeof spyOnThreads>) => {
    const threads = new Set(spy.mock.contexts as Worker[]);
    await Promise.all([...threads].map((thread) => thread.terminate()));
  };
  const spyOnThreads = () => vi.spyOn(Worker.prototype, 'postMessage');

  it('rejects what is pending and all that comes later, and still closes', async () => {
    const spy = spyOnThreads();
    const { database, query } = await openWithTables();
    const death = `The thread of the database ${file} has died.`;
    const killed = killThreads(spy);
    const pending = [
      query.selectFrom('entries').selectAll().execute(),
      query.insertInto('entries').values(row(1)).execute(),
      query.transaction().execute((trx) => trx.insertInto('entries').values(row(2)).execute()),
      database.ping(),
    ];
    for (const result of await Promise.allSettled(pending)) {
      expect(result.status === 'rejected' && (result.reason as Error).message).toBe(death);
    }
    await killed;
    await expect(query.selectFrom('entries').selectAll().execute()).rejects.toThrow(death);
    const transaction = query
      .transaction()
      .execute((trx) => trx.insertInto('entries').values(row(2)).execute());
    await expect(transaction).rejects.toThrow(death);
    await expect(database.ping()).rejects.toThrow(death);
    await database.close();
  });
});

describe('two processes on one SQLite file', () => {
  it('[P5] append to one document: every revision once, none lost', async () => {
    const { database, query } = await openWithTables();
    const count = 60;
    const child = appendInProcess('child', count);
    if (!child.stdout) throw new Error('no output');
    // Both are at it: the child says so by its first line.
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    const exit = once(child, 'exit');
    for (let index = 0; index < count; index += 1) await append(database, 'shared', `here-${index}`);
    expect((await exit)[0]).toBe(0);
    const rows = await query.selectFrom('entries').selectAll().orderBy('revision').execute();
    expect(rows.map((entry) => entry.revision)).toEqual(
      Array.from({ length: 2 * count }, (_, index) => index + 1),
    );
    expect(new Set(rows.map((entry) => entry.content)).size).toBe(2 * count);
  }, 20_000);

  it('[P1] what a process acknowledged before kill -9 is there', async () => {
    const { query } = await openWithTables();
    const child = appendInProcess('child', 1_000_000);
    if (!child.stdout) throw new Error('no output');
    const exit = once(child, 'exit');
    let acknowledged = 0;
    for await (const line of createInterface(child.stdout)) {
      acknowledged = Number(line.split(' ')[1]);
      if (acknowledged === 50) child.kill('SIGKILL');
    }
    expect((await exit)[1]).toBe('SIGKILL');
    expect(acknowledged).toBeGreaterThanOrEqual(50);
    const rows = await query.selectFrom('entries').select('revision').orderBy('revision').execute();
    expect(rows.slice(0, acknowledged).map((entry) => entry.revision)).toEqual(
      Array.from({ length: acknowledged }, (_, index) => index + 1),
    );
  }, 20_000);

  it('gives UNAVAILABLE when another one writes for longer than the timeout', async () => {
    const { database, query } = await openWithTables();
    const other = await open();
    const otherQuery = other.query.withTables<ContractTables>();
    await sql`pragma busy_timeout = 1`.execute(other.query);
    await query.transaction().execute(async (trx) => {
      await trx.insertInto('entries').values(row(1)).execute();
      const begin = otherQuery.transaction().execute(async (blocked) => {
        const first = blocked.insertInto('entries').values(row(2)).execute();
        await first.catch(() => undefined);
        // Were BEGIN's failure forgotten, this would be committed by itself once the lock is free.
        await blocked.insertInto('entries').values(row(3)).execute();
      });
      await expect(begin).rejects.toThrow('The transaction has ended');
      const alone = otherQuery.insertInto('entries').values(row(4)).execute();
      await expect(alone).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });
    expect(await query.selectFrom('entries').select('revision').execute()).toEqual([{ revision: 1 }]);
    await database.ping();
  });
});
