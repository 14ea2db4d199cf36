import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Database, QueryBuilder } from '../../../src/platform/storage/database.ts';
import { createGroupCommit, type GroupCommit } from '../../../src/platform/storage/group-commit.ts';
import { openSqlite } from '../../../src/platform/storage/sqlite.ts';
import { type ContractTables, createContractTables } from './append.ts';

let directory: string;
let database: Database;
let commits: GroupCommit;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-group-'));
  database = await openSqlite({ file: join(directory, 'quire.db') });
  await createContractTables(database);
  commits = createGroupCommit(database);
});

afterEach(async () => {
  await commits.settled();
  await database.close();
  await rm(directory, { recursive: true });
});

const insert = async (transaction: QueryBuilder, revisions: readonly number[]) => {
  const rows = revisions.map((revision) => ({ document_id: 'd1', revision, content: 'text', writer: null }));
  await transaction.withTables<ContractTables>().insertInto('entries').values(rows).execute();
};
const written = async () => {
  const query = database.query.withTables<ContractTables>();
  const rows = await query.selectFrom('entries').select('revision').orderBy('revision').execute();
  return rows.map(({ revision }) => revision);
};
/** Inserts revisions, and says tenfold what was inserted. */
const createWriter = () => {
  const groups: (readonly number[])[] = [];
  const write = commits.together(async (transaction, revisions: readonly number[]) => {
    groups.push(revisions);
    await insert(transaction, revisions);
    return (revision) => revision * 10;
  });
  return { write, groups };
};

describe('what is written together', () => {
  it('goes to its writer in one call, and each is told what became of it', async () => {
    const { write, groups } = createWriter();
    expect(await Promise.all([write(3), write(1), write(2)])).toEqual([30, 10, 20]);
    expect(groups).toEqual([[3, 1, 2]]);
    expect(await written()).toEqual([1, 2, 3]);
  });

  it('is written alone when something else of its transaction fails, which changes nothing', async () => {
    const { write } = createWriter();
    const { write: other } = createWriter();
    const failing = commits.write(async (transaction) => {
      await insert(transaction, [9]);
      throw new Error('on purpose');
    });
    const results = await Promise.allSettled([write(1), write(2), other(2), other(3), failing]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    expect(await written()).toEqual([1, 2, 3]);
  });

  it('is not joined by what comes when its transaction has begun', async () => {
    const later: Promise<number>[] = [];
    const groups: (readonly number[])[] = [];
    const write = commits.together(async (transaction, revisions: readonly number[]) => {
      groups.push(revisions);
      if (groups.length === 1) later.push(write(2));
      await insert(transaction, revisions);
      return (revision) => revision;
    });
    expect(await write(1)).toBe(1);
    expect(await Promise.all(later)).toEqual([2]);
    expect(groups).toEqual([[1], [2]]);
    expect(await written()).toEqual([1, 2]);
  });

  it('goes in lots of 64', async () => {
    const { write, groups } = createWriter();
    await Promise.all(Array.from({ length: 100 }, (_, index) => write(index)));
    expect(groups.map(({ length }) => length)).toEqual([64, 36]);
    expect(await written()).toHaveLength(100);
  });

  it('shares its transaction with what other writers and tasks write at the same time', async () => {
    const begun = vi.spyOn(database.query, 'transaction');
    const { write } = createWriter();
    const { write: other } = createWriter();
    const task = commits.write((transaction) => insert(transaction, [5]));
    await Promise.all([write(1), other(2), task, write(3)]);
    expect(begun).toHaveBeenCalledTimes(1);
    expect(await written()).toEqual([1, 2, 3, 5]);
  });
});
