import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, QueryBuilder } from '../../../src/platform/storage/database.ts';
import {
  createGroupCommit,
  type GroupCommit,
  MAX_WAITING_TASKS,
} from '../../../src/platform/storage/group-commit.ts';
import { openSqlite } from '../../../src/platform/storage/sqlite.ts';
import { type ContractTables, createContractTables } from './append.ts';

let directory: string;
let database: Database;
let query: Kysely<ContractTables>;
let commits: GroupCommit;
/** The transactions that tasks have run in. */
let transactions: Set<QueryBuilder>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-group-commit-'));
  database = await openSqlite({ file: join(directory, 'quire.db') });
  await createContractTables(database);
  query = database.query.withTables<ContractTables>();
  commits = createGroupCommit(database);
  transactions = new Set();
});
afterEach(async () => {
  await commits.settled();
  await database.close();
  await rm(directory, { recursive: true });
});

const write = (revision: number, fail?: Error): Promise<number> =>
  commits.write(async (transaction) => {
    transactions.add(transaction);
    await transaction
      .withTables<ContractTables>()
      .insertInto('entries')
      .values({ document_id: 'd1', revision, content: 'text', writer: null })
      .execute();
    if (fail) throw fail;
    return revision;
  });
const revisions = async () =>
  (await query.selectFrom('entries').select('revision').orderBy('revision').execute()).map(
    ({ revision }) => revision,
  );

describe('tasks that are committed together', () => {
  it('share a transaction when they come together, and each gets what it gives', async () => {
    expect(await Promise.all([3, 1, 2].map((revision) => write(revision)))).toEqual([3, 1, 2]);
    expect(transactions.size).toBe(1);
    expect(await revisions()).toEqual([1, 2, 3]);
    expect(await write(4)).toBe(4);
    expect(transactions.size).toBe(2);
  });

  it('run in the order of their coming, each seeing what those before it wrote', async () => {
    const count = (): Promise<number> =>
      commits.write(
        async (transaction) =>
          (await transaction.withTables<ContractTables>().selectFrom('entries').selectAll().execute()).length,
      );
    expect(await Promise.all([count(), write(1), count(), write(2), count()])).toEqual([0, 1, 1, 2, 2]);
  });

  it('are written when they are resolved', async () => {
    await write(1);
    expect(await revisions()).toEqual([1]);
  });

  it('are many transactions when they are many', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, index) => write(index + 1)));
    expect(transactions.size).toBe(4);
    expect(await revisions()).toHaveLength(200);
  });

  it('do not suffer from one that throws, which changes nothing', async () => {
    const failed = new Error('not this one');
    const results = await Promise.allSettled([write(1), write(2, failed), write(3), write(1)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: failed });
    expect(database.isUniqueViolation((results[3] as PromiseRejectedResult).reason)).toBe(true);
    expect(await revisions()).toEqual([1, 3]);
    expect(await write(4)).toBe(4);
  });

  it('are refused when too many wait', async () => {
    const waiting = Array.from({ length: MAX_WAITING_TASKS }, () => commits.write(async () => null));
    await expect(commits.write(async () => null)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await Promise.all(waiting);
    expect(await write(1)).toBe(1);
  });

  it('are done when it is settled, also those that come meanwhile', async () => {
    let later: Promise<number> | undefined;
    const first = commits.write(async () => {
      later ??= write(2);
    });
    await commits.settled();
    await first;
    expect(await revisions()).toEqual([2]);
    expect(await later).toBe(2);
  });
});
