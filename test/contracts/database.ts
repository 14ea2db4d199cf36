import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/platform/storage/database.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import { append, type ContractTables, createContractTables } from '../platform/storage/append.ts';

const entry = (revision: number, content = 'text', documentId = 'd1') => ({
  document_id: documentId,
  revision,
  content,
  writer: null,
});

/**
 * What every Database does. Within a test `open` gives one more instance on the same data; the suite closes what it
 * opens, and before each test it drops the tables that the one before has left.
 */
export const databaseContract = (name: string, open: () => Promise<Database>): void => {
  describe(`database contract: ${name}`, () => {
    let database: Database;
    let query: Kysely<ContractTables>;

    beforeEach(async () => {
      database = await open();
      query = database.query.withTables<ContractTables>();
      for (const table of ['entries', 'counters', 'quire_migrations']) {
        await database.query.schema.dropTable(table).ifExists().execute();
      }
      await createContractTables(database);
    });

    afterEach(() => database.close());

    const contents = async (from: Kysely<ContractTables> = query) => {
      const rows = await from.selectFrom('entries').select('content').orderBy('revision').execute();
      return rows.map((row) => row.content);
    };

    it('gives back what was stored', async () => {
      const stored = [
        { document_id: 'd1', revision: 1, content: '', writer: null },
        { document_id: 'd1', revision: 2, content: '\ufeffé 👩‍👩‍👧 \r\n\t\u2028 \'"`;--', writer: 'u1' },
        { document_id: 'd1', revision: 2 ** 31 - 1, content: 'x'.repeat(200_000), writer: '' },
      ];
      await query.insertInto('entries').values(stored).execute();
      expect(await query.selectFrom('entries').selectAll().orderBy('revision').execute()).toEqual(stored);
    });

    it('[P11] refuses text with NUL, storing nothing', async () => {
      await expect(query.insertInto('entries').values(entry(1, 'a\0b')).execute()).rejects.toThrow();
      expect(await contents()).toEqual([]);
    });

    it('counts the rows that a statement touched', async () => {
      const inserted = await query
        .insertInto('entries')
        .values([entry(1), entry(2)])
        .executeTakeFirstOrThrow();
      expect(inserted.numInsertedOrUpdatedRows).toBe(2n);
      const updated = await query.updateTable('entries').set({ content: 'new' }).executeTakeFirstOrThrow();
      expect(updated.numUpdatedRows).toBe(2n);
      const deleted = await query.deleteFrom('entries').where('revision', '=', 9).executeTakeFirstOrThrow();
      expect(deleted.numDeletedRows).toBe(0n);
    });

    it('returns rows of a statement with RETURNING', async () => {
      const rows = await query
        .insertInto('entries')
        .values(entry(7))
        .returning(['revision', 'writer'])
        .execute();
      expect(rows).toEqual([{ revision: 7, writer: null }]);
    });

    it('commits a transaction', async () => {
      const result = await query.transaction().execute(async (transaction) => {
        await transaction.insertInto('entries').values(entry(1, 'one')).execute();
        await transaction.insertInto('entries').values(entry(2, 'two')).execute();
        return contents(transaction);
      });
      expect(result).toEqual(['one', 'two']);
      expect(await contents()).toEqual(['one', 'two']);
    });

    it('rolls a transaction back when it throws, and throws the same', async () => {
      const reason = new Error('changed my mind');
      const attempt = query.transaction().execute(async (transaction) => {
        await transaction.insertInto('entries').values(entry(1)).execute();
        throw reason;
      });
      await expect(attempt).rejects.toBe(reason);
      expect(await contents()).toEqual([]);
      await query.insertInto('entries').values(entry(1, 'after')).execute();
      expect(await contents()).toEqual(['after']);
    });

    it('does not commit a transaction in which a statement failed, even if that was caught', async () => {
      await query.insertInto('entries').values(entry(1, 'before')).execute();
      const attempt = query.transaction().execute(async (transaction) => {
        await transaction.insertInto('entries').values(entry(2)).execute();
        await transaction
          .insertInto('entries')
          .values(entry(1))
          .execute()
          .catch(() => undefined);
      });
      await expect(attempt).rejects.toThrow();
      expect(await contents()).toEqual(['before']);
    });

    it('runs nothing more in a transaction in which a statement failed', async () => {
      await query.insertInto('entries').values(entry(1, 'before')).execute();
      const attempt = query.transaction().execute(async (transaction) => {
        const first = transaction.insertInto('entries').values(entry(1)).execute();
        await first.catch(() => undefined);
        await transaction.insertInto('entries').values(entry(2)).execute();
      });
      await expect(attempt).rejects.toThrow();
      expect(await contents()).toEqual(['before']);
    });

    it('recognises a unique violation: primary key, unique column, in and out of a transaction', async () => {
      await query.insertInto('entries').values(entry(1)).execute();
      await query.insertInto('counters').values({ id: 'a', total: 0, note: 'n' }).execute();
      const again = [
        query.insertInto('entries').values(entry(1)).execute(),
        query.insertInto('counters').values({ id: 'b', total: 0, note: 'n' }).execute(),
        query.transaction().execute((trx) =>
          trx
            .insertInto('entries')
            .values([entry(2), entry(1)])
            .execute(),
        ),
      ];
      for (const result of await Promise.allSettled(again)) {
        expect(result.status === 'rejected' && database.isUniqueViolation(result.reason)).toBe(true);
      }
      expect(await contents()).toHaveLength(1);
    });

    it('takes no other error for a unique violation', async () => {
      const notNull = sql`insert into entries (document_id, revision) values ('d1', 1)`.execute(query);
      const syntax = sql`selec 1`.execute(query);
      for (const result of await Promise.allSettled([notNull, syntax])) {
        expect(result.status === 'rejected' && !database.isUniqueViolation(result.reason)).toBe(true);
      }
      for (const other of [undefined, null, 'unique', new Error('UNIQUE constraint failed')]) {
        expect(database.isUniqueViolation(other)).toBe(false);
      }
    });

    it('loses no update of concurrent transactions', async () => {
      await query.insertInto('counters').values({ id: 'a', total: 0, note: 'n' }).execute();
      const add = () =>
        query.transaction().execute(async (transaction) => {
          await transaction
            .updateTable('counters')
            .set((build) => ({ total: build('total', '+', 1) }))
            .execute();
          return transaction.selectFrom('counters').select('total').executeTakeFirstOrThrow();
        });
      const seen = await Promise.all(Array.from({ length: 40 }, add));
      const totals = seen.map((row) => row.total).sort((a, b) => a - b);
      expect(totals).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });

    it('[P1] shows what was committed to every read that begins afterwards, here and on another instance', async () => {
      const other = await open();
      try {
        const readers = [query, other.query.withTables<ContractTables>()];
        const committed = Array.from({ length: 40 }, async (_, revision) => {
          await query
            .transaction()
            .execute((trx) => trx.insertInto('entries').values(entry(revision)).execute());
          for (const reader of readers) {
            const row = await reader
              .selectFrom('entries')
              .select('revision')
              .where('revision', '=', revision)
              .execute();
            expect(row).toEqual([{ revision }]);
          }
        });
        await Promise.all(committed);
      } finally {
        await other.close();
      }
    });

    it('reads beside an open transaction: no waiting, nothing of what is uncommitted', async () => {
      await query.transaction().execute(async (transaction) => {
        await transaction.insertInto('entries').values(entry(1, 'uncommitted')).execute();
        expect(await contents()).toEqual([]);
        expect(await contents(transaction)).toEqual(['uncommitted']);
      });
    });

    it('[P5] two instances append to one document: every revision once, none lost', async () => {
      const other = await open();
      try {
        const work = Array.from({ length: 40 }, (_, index) =>
          append(index % 2 ? other : database, 'd1', `${index}`),
        );
        const revisions = (await Promise.all(work)).sort((a, b) => a - b);
        expect(revisions).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
        expect(new Set(await contents()).size).toBe(40);
      } finally {
        await other.close();
      }
    });

    it('two instances migrate at once: each step runs once', async () => {
      const other = await open();
      const ran: string[] = [];
      const step = (stepName: string, table: string) => ({
        name: stepName,
        up: async (builder: Database['query']) => {
          ran.push(stepName);
          await builder.schema.alterTable('counters').addColumn(table, 'integer').execute();
        },
      });
      const steps = [step('001-a', 'a'), step('002-b', 'b'), step('003-c', 'c')];
      try {
        await Promise.all([migrate(database, steps), migrate(other, steps), migrate(other, steps)]);
        expect(ran).toEqual(['001-a', '002-b', '003-c']);
      } finally {
        await other.close();
      }
    });

    it('answers a ping until it is closed', async () => {
      await database.ping();
      await database.close();
      await expect(database.ping()).rejects.toThrow();
    });

    it('closes once, however often it is told to, and then refuses queries', async () => {
      await Promise.all([database.close(), database.close()]);
      await database.close();
      await expect(contents()).rejects.toThrow();
      const write = query
        .transaction()
        .execute((trx) => trx.insertInto('entries').values(entry(1)).execute());
      await expect(write).rejects.toThrow();
    });

    it('finishes what was asked before it closes', async () => {
      const writes = Array.from({ length: 10 }, (_, revision) =>
        query.transaction().execute((trx) => trx.insertInto('entries').values(entry(revision)).execute()),
      );
      // A turn of the loop, so that the writes have asked for their connection.
      await new Promise((resolve) => setImmediate(resolve));
      await database.close();
      await Promise.all(writes);
      database = await open();
      expect(await contents(database.query.withTables<ContractTables>())).toHaveLength(10);
    });
  });
};
