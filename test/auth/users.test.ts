import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KyselyPlugin } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createUsers, type UserTables, userMigrations } from '../../src/auth/users.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import type { Viewer } from '../../src/platform/graphql/context.ts';
import type { Database } from '../../src/platform/storage/database.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let directory: string;
let database: Database;
let statements: string[];
let now: number;
const clock: Clock = { ...systemClock, now: () => now };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-'));
  const opened = await openSqlite({ file: join(directory, 'quire.db') });
  await migrate(opened, userMigrations);
  statements = [];
  now = Date.UTC(2030, 0, 1);
  const counter: KyselyPlugin = {
    transformQuery({ node }) {
      statements.push(node.kind);
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  database = { ...opened, query: opened.query.withPlugin(counter) };
});

afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true });
});

const viewer = (userId: string, name: string, tenantId = 'default'): Viewer => ({
  tenantId,
  userId,
  name,
  roles: [],
  tokenExpiresAt: now + DAY_MS,
});

const storedUsers = () =>
  database.query
    .withTables<UserTables>()
    .selectFrom('users')
    .select(['tenant_id', 'user_id', 'name', 'seen_at'])
    .orderBy('tenant_id')
    .orderBy('user_id')
    .execute();

describe('remember', () => {
  it('writes a user down once, however many requests come together', async () => {
    const users = createUsers(database, clock);
    await Promise.all(Array.from({ length: 10 }, () => users.remember(viewer('ada', 'Ada'))));
    expect(statements).toHaveLength(1);
    expect(await storedUsers()).toEqual([
      { tenant_id: 'default', user_id: 'ada', name: 'Ada', seen_at: now },
    ]);
  });

  it('writes again when the name is new, or a day has passed', async () => {
    const users = createUsers(database, clock);
    await users.remember(viewer('ada', 'Ada'));
    await users.remember(viewer('ada', 'Ada L.'));
    expect(await users.nameOf('default', 'ada')).toBe('Ada L.');
    expect(await storedUsers()).toMatchObject([{ name: 'Ada L.' }]);
    now += DAY_MS;
    await users.remember(viewer('ada', 'Ada L.'));
    expect(await storedUsers()).toMatchObject([{ seen_at: now }]);
  });

  it('two tokens with different names do not take turns', async () => {
    const users = createUsers(database, clock);
    await users.remember(viewer('ada', 'Ada'));
    for (let turn = 0; turn < 20; turn++) {
      await users.remember(viewer('ada', 'Ada L.'));
      await users.remember(viewer('ada', 'Ada'));
    }
    expect(statements).toHaveLength(2);
    now += MINUTE_MS;
    await users.remember(viewer('ada', 'Ada'));
    expect(await users.nameOf('default', 'ada')).toBe('Ada');
  });

  it('a failed write is told and tried again the next time', async () => {
    const users = createUsers(database, clock);
    await database.query.schema.alterTable('users').renameTo('elsewhere').execute();
    await expect(users.remember(viewer('ada', 'Ada'))).rejects.toThrow();
    await database.query.schema.alterTable('elsewhere').renameTo('users').execute();
    await users.remember(viewer('ada', 'Ada'));
    expect(await storedUsers()).toHaveLength(1);
  });
});

describe('nameOf', () => {
  beforeEach(async () => {
    const other = createUsers(database, clock);
    await other.remember(viewer('ada', 'Ada'));
    await other.remember(viewer('linus', "Linus'); drop table users; --"));
    await other.remember(viewer('ada', 'Another Ada', 'acme'));
    statements = [];
  });

  it('reads what one tick asks for in one query, and then not again', async () => {
    const users = createUsers(database, clock);
    const ask = async () =>
      Promise.all(['ada', 'linus', 'nobody', 'ada'].map(async (id) => users.nameOf('default', id)));
    const names = ['Ada', "Linus'); drop table users; --", 'nobody', 'Ada'];
    expect(await ask()).toEqual(names);
    expect(await ask()).toEqual(names);
    expect(statements).toHaveLength(1);
  });

  it('[P9] a tenant gets its own names only', async () => {
    const users = createUsers(database, clock);
    const ask = async (tenantId: string, id: string) => users.nameOf(tenantId, id);
    expect(
      await Promise.all([
        ask('default', 'ada'),
        ask('acme', 'ada'),
        ask('acme', 'linus'),
        ask('acme', '../default/linus'),
      ]),
    ).toEqual(['Ada', 'Another Ada', 'linus', '../default/linus']);
    expect(users.nameOf('acme', 'ada')).toBe('Another Ada');
  });

  it('sees a name that another instance has learnt, within a minute', async () => {
    const users = createUsers(database, clock);
    expect(await users.nameOf('default', 'ada')).toBe('Ada');
    await createUsers(database, clock).remember(viewer('ada', 'Ada L.'));
    expect(users.nameOf('default', 'ada')).toBe('Ada');
    now += MINUTE_MS;
    expect(await users.nameOf('default', 'ada')).toBe('Ada L.');
  });

  it('a name that is remembered while it is read wins', async () => {
    const users = createUsers(database, clock);
    const reading = users.nameOf('default', 'ada');
    const remembering = users.remember(viewer('ada', 'Ada L.'));
    expect(await reading).toBe('Ada L.');
    await remembering;
    expect(users.nameOf('default', 'ada')).toBe('Ada L.');
  });

  it('more names than fit into one query are read with several', async () => {
    const users = createUsers(database, clock);
    const ids = Array.from({ length: 1200 }, (_, index) => `user-${index}`);
    expect(await Promise.all(ids.map(async (id) => users.nameOf('default', id)))).toEqual(ids);
    expect(statements).toHaveLength(3);
  });

  it('a failed read rejects for all who asked, and the next one is fresh', async () => {
    const users = createUsers(database, clock);
    await database.query.schema.alterTable('users').renameTo('elsewhere').execute();
    const asked = ['ada', 'linus'].map(async (id) => users.nameOf('default', id));
    const results = await Promise.allSettled(asked);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await database.query.schema.alterTable('elsewhere').renameTo('users').execute();
    expect(await users.nameOf('default', 'ada')).toBe('Ada');
  });
});
