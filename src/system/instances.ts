import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../platform/clock.ts';
import type { Database, Migration } from '../platform/storage/database.ts';

/** The processes that serve this database. (An alias, because Kysely does not take an interface here.) */
export type InstanceTables = {
  system_instances: {
    instance_id: string;
    version: string;
    /** Of the machine. */
    host: string;
    pid: number;
    /** Milliseconds since 1970, as `seen_at`. */
    started_at: number;
    seen_at: number;
  };
};

export const systemMigrations: Migration[] = [
  {
    name: '040-system',
    async up(query) {
      await query.schema
        .createTable('system_instances')
        .addColumn('instance_id', 'text', (column) => column.primaryKey())
        .addColumn('version', 'text', (column) => column.notNull())
        .addColumn('host', 'text', (column) => column.notNull())
        .addColumn('pid', 'integer', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('seen_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];

/** Milliseconds between two heartbeats. */
export const HEARTBEAT_MS = 5_000;
/** Milliseconds after which an instance without a heartbeat is gone. */
export const GONE_MS = 15_000;

export interface InstancesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly version: string;
  /** Told of the first heartbeat that fails, and of the next that goes well. */
  readonly onTrouble: (error: unknown) => void;
  readonly onRecovery: () => void;
}

/** This instance among those that serve the same database. */
export interface Instances {
  readonly id: string;
  /** Shows now that this instance lives, and forgets those that do not. Shared by those who ask at once. */
  beat(): Promise<void>;
  /** Those that live, this one included. Rejects when the database cannot be read. */
  count(): Promise<number>;
  /** Ends the heartbeat and takes this instance off the list. Idempotent. Never rejects. */
  close(): Promise<void>;
}

/** Begins a heartbeat on the table of `systemMigrations`. One that fails harms nobody: the next may do better. */
export const createInstances = (options: InstancesOptions): Instances => {
  const { database, clock, version, onTrouble, onRecovery } = options;
  const query = database.query.withTables<InstanceTables>();
  const id = randomUUID();
  const startedAt = clock.now();
  let beating: Promise<void> | undefined;
  let troubled = false;
  let closing: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    const now = clock.now();
    const seen = query
      .insertInto('system_instances')
      .values({
        instance_id: id,
        version,
        host: hostname(),
        pid: process.pid,
        started_at: startedAt,
        seen_at: now,
      })
      .onConflict((conflict) => conflict.column('instance_id').doUpdateSet({ seen_at: now }));
    const gone = query.deleteFrom('system_instances').where('seen_at', '<=', now - GONE_MS);
    await query
      .transaction()
      .execute((transaction) => database.batch(transaction, [seen, gone], { commit: true }));
  };

  const beat = (): Promise<void> =>
    (beating ??= write().finally(() => {
      beating = undefined;
    }));

  const tick = (): void => {
    cancel = clock.after(HEARTBEAT_MS, tick);
    beat().then(
      () => {
        if (troubled) onRecovery();
        troubled = false;
      },
      (error: unknown) => {
        if (!troubled) onTrouble(error);
        troubled = true;
      },
    );
  };
  let cancel = (): void => {};
  tick();

  const leave = async (): Promise<void> => {
    cancel();
    try {
      await beating?.catch(() => undefined);
      await query.deleteFrom('system_instances').where('instance_id', '=', id).execute();
    } catch (error) {
      // The others see no heartbeat any more.
      onTrouble(error);
    }
  };

  return {
    id,
    beat: () => (closing ? Promise.resolve() : beat()),
    async count() {
      const { others } = await query
        .selectFrom('system_instances')
        .select(({ fn }) => fn.countAll<number>().as('others'))
        .where('instance_id', '!=', id)
        .where('seen_at', '>', clock.now() - GONE_MS)
        .executeTakeFirstOrThrow();
      return 1 + Number(others);
    },
    close: () => (closing ??= leave()),
  };
};
