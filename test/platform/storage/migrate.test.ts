import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Migration } from '../../../src/platform/storage/database.ts';
import { migrate } from '../../../src/platform/storage/migrate.ts';
import { openSqlite } from '../../../src/platform/storage/sqlite.ts';

describe('migrate', () => {
  let directory: string;
  let database: Database;
  let ran: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quire-migrate-'));
    database = await openSqlite({ file: join(directory, 'quire.db') });
    ran = [];
  });

  afterEach(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });

  const step = (name: string): Migration => ({
    name,
    up: async (query) => {
      ran.push(name);
      await query.schema.createTable(name).addColumn('id', 'integer').execute();
    },
  });

  const tables = async () => (await database.query.introspection.getTables()).map((table) => table.name);

  const records = () =>
    database.query
      .withTables<{ quire_migrations: { name: string; applied_at: number } }>()
      .selectFrom('quire_migrations')
      .selectAll()
      .orderBy('name')
      .execute();

  it('runs each step once, in the order of names, and records it', async () => {
    const clock = { now: () => 1_700_000_000_000, after: () => () => undefined };
    await migrate(database, [step('002-b'), step('001-a')], clock);
    await migrate(database, [step('001-a'), step('003-c'), step('002-b')], clock);
    expect(ran).toEqual(['001-a', '002-b', '003-c']);
    const at = { applied_at: 1_700_000_000_000 };
    expect(await records()).toEqual([
      { name: '001-a', ...at },
      { name: '002-b', ...at },
      { name: '003-c', ...at },
    ]);
  });

  it('leaves nothing of a step that failed, and runs it again the next time', async () => {
    const failing: Migration = {
      name: '002-b',
      up: async (query) => {
        await query.schema.createTable('half').addColumn('id', 'integer').execute();
        throw new Error('out of ideas');
      },
    };
    await expect(migrate(database, [step('001-a'), failing, step('003-c')])).rejects.toThrow('out of ideas');
    expect(await tables()).toEqual(['001-a', 'quire_migrations']);
    expect(await records()).toHaveLength(1);
    await migrate(database, [step('001-a'), step('002-b'), step('003-c')]);
    expect(ran).toEqual(['001-a', '002-b', '003-c']);
  });

  it('refuses a database of a newer version, changing nothing', async () => {
    await migrate(database, [step('001-a'), step('002-b')]);
    await expect(migrate(database, [step('001-a'), step('003-c')])).rejects.toThrow(
      'migrations that this program does not know (002-b): it belongs to a newer version',
    );
    expect(await tables()).toEqual(['001-a', '002-b', 'quire_migrations']);
  });

  it('refuses a step that comes before one that was applied', async () => {
    await migrate(database, [step('001-a'), step('003-c')]);
    await expect(migrate(database, [step('001-a'), step('002-b'), step('003-c')])).rejects.toThrow('002-b');
    expect(ran).toEqual(['001-a', '003-c']);
  });

  it('refuses two steps of one name, running none', async () => {
    await expect(migrate(database, [step('001-a'), step('002-b'), step('001-a')])).rejects.toThrow(
      'Two migrations have the name 001-a.',
    );
    expect(await tables()).toEqual([]);
  });
});
