import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrations } from '../../src/app.ts';
import type { Database } from '../../src/platform/storage/database.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import {
  createInstances,
  GONE_MS,
  HEARTBEAT_MS,
  type Instances,
  type InstanceTables,
} from '../../src/system/instances.ts';
import { createDesk, type Desk, type Service } from '../support/documents.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

let desk: Desk;
let service: Service;
let clock: ManualClock;
let opened: Instances[];
let troubles: unknown[];
let recoveries: number;
beforeEach(async () => {
  desk = await createDesk();
  service = await desk.open();
  await migrate(service.database, migrations);
  clock = createManualClock();
  opened = [];
  troubles = [];
  recoveries = 0;
});
afterEach(async () => {
  for (const instances of opened) await instances.close();
  await desk.close();
});

const open = async (database: Database = service.database): Promise<Instances> => {
  const instances = createInstances({
    database,
    clock,
    version: '1.2.3',
    onTrouble: (error) => troubles.push(error),
    onRecovery: () => void (recoveries += 1),
  });
  opened.push(instances);
  await instances.beat().catch(() => undefined);
  return instances;
};

const rows = () =>
  service.database.query.withTables<InstanceTables>().selectFrom('system_instances').selectAll().execute();

/** The database with a failure in front of its transactions, as long as the test wants it. */
const breakable = () => {
  const state = { broken: false };
  const database: Database = {
    ...service.database,
    batch: (...args) =>
      state.broken ? Promise.reject(new Error('disk I/O error')) : service.database.batch(...args),
  };
  return { state, database };
};

describe('the instances of a database', () => {
  it('write down who they are, and since when', async () => {
    const { id } = await open();
    expect(await rows()).toEqual([
      {
        instance_id: id,
        version: '1.2.3',
        host: expect.stringMatching(/./) as string,
        pid: process.pid,
        started_at: clock.now(),
        seen_at: clock.now(),
      },
    ]);
    const startedAt = clock.now();
    clock.advance(HEARTBEAT_MS);
    await expect.poll(async () => (await rows())[0]?.seen_at).toBe(clock.now());
    expect((await rows())[0]?.started_at).toBe(startedAt);
  });

  it('count each other, as long as they are seen', async () => {
    const a = await open();
    expect(await a.count()).toBe(1);
    const b = await open();
    const c = await open();
    expect(await a.count()).toBe(3);
    await c.close();
    expect(await a.count()).toBe(2);
    expect(await b.count()).toBe(2);
  });

  it('do not count one without a heartbeat for 15 s, and forget it', async () => {
    const a = await open();
    const { state, database } = breakable();
    await open(database);
    state.broken = true;
    for (let passed = 0; passed < GONE_MS - HEARTBEAT_MS; passed += HEARTBEAT_MS) {
      clock.advance(HEARTBEAT_MS);
      await a.beat();
      expect(await a.count()).toBe(2);
    }
    clock.advance(HEARTBEAT_MS);
    await a.beat();
    expect(await a.count()).toBe(1);
    expect((await rows()).map((row) => row.instance_id)).toEqual([a.id]);
  });

  it('do not count one that nobody has forgotten yet', async () => {
    const [mine, other] = [breakable(), breakable()];
    const a = await open(mine.database);
    await open(other.database);
    mine.state.broken = true;
    other.state.broken = true;
    clock.advance(GONE_MS - 1);
    expect(await a.count()).toBe(2);
    clock.advance(1);
    expect(await a.count()).toBe(1);
    expect(await rows()).toHaveLength(2);
  });

  it('come back when they were taken for gone', async () => {
    const a = await open();
    const b = await open();
    await service.database.query.withTables<InstanceTables>().deleteFrom('system_instances').execute();
    expect(await a.count()).toBe(1);
    await b.beat();
    expect(await a.count()).toBe(2);
  });

  it('live on when heartbeats fail: the first failure is told, and the recovery', async () => {
    const { state, database } = breakable();
    await open(database);
    state.broken = true;
    for (let count = 0; count < 3; count += 1) {
      clock.advance(HEARTBEAT_MS);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(troubles).toEqual([new Error('disk I/O error')]);
    expect(recoveries).toBe(0);
    state.broken = false;
    clock.advance(HEARTBEAT_MS);
    await expect.poll(() => recoveries).toBe(1);
    expect((await rows())[0]?.seen_at).toBe(clock.now());
  });

  it('leave nothing behind when they are closed: no row, no timer, and no row afterwards', async () => {
    const a = await open();
    await a.close();
    await a.close();
    expect(clock.pending).toBe(0);
    expect(await rows()).toEqual([]);
    await a.beat();
    clock.advance(HEARTBEAT_MS);
    expect(await rows()).toEqual([]);
  });
});
