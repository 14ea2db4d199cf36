import type { Clock } from '../platform/clock.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import { LruMap } from '../platform/lru.ts';
import type { Database, Migration } from '../platform/storage/database.ts';

/** The names of users as last seen in their tokens. (An alias, because Kysely does not take an interface here.) */
export type UserTables = {
  users: {
    tenant_id: string;
    user_id: string;
    name: string;
    /** Milliseconds since 1970. */
    seen_at: number;
  };
};

export const userMigrations: Migration[] = [
  {
    name: '001-users',
    async up(query) {
      await query.schema
        .createTable('users')
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('seen_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('users_key', ['tenant_id', 'user_id'])
        .execute();
    },
  },
];

const MAX_CACHED_USERS = 10_000;
const MAX_NAMES_PER_QUERY = 500;
/** Milliseconds after which a name is read again: another instance may have seen a new one. */
const NAME_FRESH_MS = 60_000;
/** Milliseconds for which a name that was just replaced does not come back. */
const SETTLE_MS = 60_000;
/** Milliseconds after which a user that is still the same is written down again, for `seen_at`. */
const SEEN_EVERY_MS = 24 * 60 * 60 * 1000;

/** Knows how users are called. */
export interface Users {
  /**
   * Keeps the viewer's name. Writes only when the name is new here or a day has passed, so it may be called on every
   * request. Rejects when the write fails; the request can do without, so log it and go on.
   */
  remember(viewer: Viewer): Promise<void>;
  /** The user's name, or the id itself when no token of this user was ever seen. Misses of one tick are one query. */
  nameOf(tenantId: string, userId: string): string | Promise<string>;
}

interface Remembered {
  readonly name: string;
  readonly nameBefore: string | undefined;
  readonly writtenAt: number;
}

interface Miss {
  readonly tenantId: string;
  readonly userId: string;
  readonly resolve: (name: string) => void;
  readonly reject: (error: unknown) => void;
}

/** A tenant's name has no slash, so the key is unambiguous whatever the user's id. */
const keyOf = (tenantId: string, userId: string): string => `${tenantId}/${userId}`;

/** A directory over the table of `userMigrations`. */
export const createUsers = (database: Database, clock: Clock): Users => {
  const query = database.query.withTables<UserTables>();
  const remembered = new LruMap<string, Remembered>(MAX_CACHED_USERS);
  const names = new LruMap<string, { readonly name: string; readonly readAt: number }>(MAX_CACHED_USERS);
  /** Names being read, so that each is read once; no more than the requests being served wait for. */
  const reading = new Map<string, Promise<string>>();
  /** What the next query will ask for: at most MAX_NAMES_PER_QUERY. */
  let misses: Miss[] = [];

  const readTenant = async (tenantId: string, wanted: readonly Miss[]): Promise<void> => {
    try {
      const ids = wanted.map((miss) => miss.userId);
      const rows = await query
        .selectFrom('users')
        .select(['user_id', 'name'])
        .where('tenant_id', '=', tenantId)
        .where('user_id', 'in', ids)
        .execute();
      const found = new Map(rows.map((row) => [row.user_id, row.name]));
      for (const { userId, resolve } of wanted) resolve(found.get(userId) ?? userId);
    } catch (error) {
      for (const { reject } of wanted) reject(error);
    }
  };

  const readMisses = (): void => {
    const byTenant = new Map<string, Miss[]>();
    for (const miss of misses) {
      const ofTenant = byTenant.get(miss.tenantId);
      if (ofTenant) ofTenant.push(miss);
      else byTenant.set(miss.tenantId, [miss]);
    }
    misses = [];
    for (const [tenantId, ofTenant] of byTenant) void readTenant(tenantId, ofTenant);
  };

  const read = async (tenantId: string, userId: string): Promise<string> => {
    const key = keyOf(tenantId, userId);
    const readAt = clock.now();
    try {
      const name = await new Promise<string>((resolve, reject) => {
        misses.push({ tenantId, userId, resolve, reject });
        if (misses.length === MAX_NAMES_PER_QUERY) readMisses();
        else if (misses.length === 1) setImmediate(readMisses);
      });
      // A name that was remembered meanwhile is newer than what the query saw.
      const meanwhile = names.get(key);
      if (meanwhile && meanwhile.readAt >= readAt) return meanwhile.name;
      names.set(key, { name, readAt });
      return name;
    } finally {
      reading.delete(key);
    }
  };

  return {
    async remember({ tenantId, userId, name }) {
      const key = keyOf(tenantId, userId);
      const now = clock.now();
      const last = remembered.get(key);
      if (last?.name === name && now - last.writtenAt < SEEN_EVERY_MS) return;
      // Two tokens with different names in use at once (one from before a change) must not take turns at every request.
      if (last?.nameBefore === name && now - last.writtenAt < SETTLE_MS) return;
      // Before the write, so that requests that come together write once.
      remembered.set(key, { name, nameBefore: last?.name, writtenAt: now });
      names.set(key, { name, readAt: now });
      try {
        await query
          .insertInto('users')
          .values({ tenant_id: tenantId, user_id: userId, name, seen_at: now })
          .onConflict((conflict) =>
            conflict.columns(['tenant_id', 'user_id']).doUpdateSet({ name, seen_at: now }),
          )
          .execute();
      } catch (error) {
        remembered.delete(key);
        throw error;
      }
    },

    nameOf(tenantId, userId) {
      const key = keyOf(tenantId, userId);
      const known = names.get(key);
      if (known && clock.now() - known.readAt < NAME_FRESH_MS) return known.name;
      const running = reading.get(key) ?? read(tenantId, userId);
      reading.set(key, running);
      return running;
    },
  };
};
