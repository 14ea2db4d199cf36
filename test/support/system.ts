import { pino } from 'pino';
import { migrations } from '../../src/app.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { createInstruments, type Instruments } from '../../src/platform/metrics/instruments.ts';
import type { Broker } from '../../src/platform/realtime/broker.ts';
import type { Database } from '../../src/platform/storage/database.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import { createSystem, type System, type SystemOptions } from '../../src/system/system.ts';

export interface TestSystem {
  readonly system: System;
  readonly instruments: Instruments;
  close(): Promise<void>;
}

interface Surroundings extends Partial<SystemOptions> {
  readonly database: Database;
  readonly databaseFile: string;
  readonly broker: Broker;
  readonly clock: Clock;
}

/** The system over what a test has. It belongs to no server, unless `address` says where one listens. */
export async function openSystem(surroundings: Surroundings): Promise<TestSystem> {
  const { database, clock } = surroundings;
  await migrate(database, migrations);
  const instruments = createInstruments(clock);
  const far = { degraded: 1e6, warning: 2e6, critical: 3e6 };
  const system = createSystem({
    instruments,
    activity: () => ({ connections: 0, subscriptions: 0, documents: 0, jobs: 0 }),
    address: () => null,
    thresholds: { memoryMb: far, cpuPercent: far },
    isOpen: false,
    version: '1.2.3',
    log: pino({ level: 'silent' }),
    ...surroundings,
  });
  return {
    system,
    instruments,
    async close() {
      await system.close();
      instruments.close();
    },
  };
}
