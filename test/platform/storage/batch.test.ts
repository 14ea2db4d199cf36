import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/platform/storage/database.ts';
import { openSqlite } from '../../../src/platform/storage/sqlite.ts';
import { type ContractTables, createContractTables } from './append.ts';

let directory: string;
let database: Database;
let query: Kysely<ContractTables>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-batch-'));
  database = await openSqlite({ file: join(directory, 'quire.db') });
  await createContractTables(database);
  query = database.query.withTables<ContractTables>();
});

afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true });
});

const insert = (into: Kysely<ContractTables>, revision: number) =>
  into.insertInto('entries').values({ document_id: 'd1', revision, content: 'text', writer: null });
const select = (from: Kysely<ContractTables>) =>
  from.selectFrom('entries').select('revision').orderBy('revision');
const revisions = async () => (await select(query).execute()).map(({ revision }) => revision);

describe('a batch of queries', () => {
  it('runs them in their order, within the transaction, and gives the rows of each', async () => {
    const failed = query.transaction().execute(async (transaction) => {
      const [, before, , after] = await database.batch(transaction, [
        insert(transaction, 1),
        select(transaction),
        insert(transaction, 2),
        select(transaction),
      ]);
      expect([before, after]).toEqual([[{ revision: 1 }], [{ revision: 1 }, { revision: 2 }]]);
      throw new Error('undo it');
    });
    await expect(failed).rejects.toThrow('undo it');
    expect(await revisions()).toEqual([]);
  });

  it('[P1] commits with its last query: nothing comes after it, and the next transaction may begin', async () => {
    await query.transaction().execute(async (transaction) => {
      await database.batch(transaction, [insert(transaction, 1), insert(transaction, 2)], { commit: true });
      expect(await revisions()).toEqual([1, 2]);
      await expect(insert(transaction, 3).execute()).rejects.toThrow('has ended');
    });
    await query.transaction().execute((transaction) => insert(transaction, 4).execute());
    expect(await revisions()).toEqual([1, 2, 4]);
  });

  it('stores nothing when one of them fails, whether it was to commit or not', async () => {
    await insert(query, 2).execute();
    for (const commit of [true, false]) {
      const failed: unknown = await query
        .transaction()
        .execute((transaction) =>
          database.batch(
            transaction,
            [1, 2, 3].map((revision) => insert(transaction, revision)),
            { commit },
          ),
        )
        .catch((error: unknown) => error);
      expect(database.isUniqueViolation(failed)).toBe(true);
      expect(await revisions()).toEqual([2]);
    }
    await query.transaction().execute((transaction) => insert(transaction, 3).execute());
    expect(await revisions()).toEqual([2, 3]);
  });

  it('is refused outside of a transaction', async () => {
    await expect(database.batch(query, [insert(query, 1)])).rejects.toThrow('no transaction');
    expect(await revisions()).toEqual([]);
  });
});
