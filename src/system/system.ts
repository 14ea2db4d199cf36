import type { Logger } from 'pino';
import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Instruments } from '../platform/metrics/instruments.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import type { PullStream } from '../platform/realtime/pull-stream.ts';
import type { Database } from '../platform/storage/database.ts';
import { createInstances } from './instances.ts';
import { type Activity, createMetrics, type RealTimeMetrics } from './metrics.ts';
import { createMonitor, type SystemStatus } from './monitor.ts';
import { createPolledState } from './polled-state.ts';
import type { Probe } from './probe.ts';
import { type Address, httpProbe, webSocketProbe } from './server-probes.ts';
import { brokerProbe, databaseProbe } from './storage-probes.ts';

/** Milliseconds between two readings of the metrics, while somebody watches. */
export const METRICS_MS = 5_000;

export interface SystemOptions {
  readonly database: Database;
  /** Path of the database. */
  readonly databaseFile: string;
  readonly broker: Broker;
  readonly instruments: Instruments;
  readonly activity: () => Activity;
  /** Where this server listens. */
  readonly address: Address;
  /** Of components that are not the platform's: queue, worker. */
  readonly probes?: readonly Probe[];
  readonly thresholds: Config['health'];
  /** Whether everybody who has signed in may see all of it, and not the role `admin` alone. */
  readonly isOpen: boolean;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How this instance does. It begins a heartbeat; all else runs while somebody asks. */
export const createSystem = (options: SystemOptions) => {
  const { database, databaseFile, broker, address, clock, log } = options;
  const instances = createInstances({
    database,
    clock,
    version: options.version,
    onTrouble: (error) => log.warn({ err: error }, 'a heartbeat was not written'),
    onRecovery: () => log.info('heartbeats are written again'),
  });
  const metrics = createMetrics({ ...options, countInstances: () => instances.count() });
  const status = createMonitor({
    ...options,
    probes: [
      httpProbe(address),
      webSocketProbe(address),
      databaseProbe({ database, file: databaseFile, write: () => instances.beat(), clock }),
      brokerProbe(broker),
      ...(options.probes ?? []),
    ],
    process: () => options.instruments.process(),
    metrics: () => metrics.ofStatus(),
    instanceId: instances.id,
  });
  const realTime = createPolledState<RealTimeMetrics>({
    take: () => metrics.realTime(),
    everyMs: METRICS_MS,
    isNews: () => true,
    clock,
  });

  return {
    isOpen: options.isOpen,

    /** All probes run anew. */
    status: (): Promise<SystemStatus> => status.fresh(),

    /** STATE: told when a level or a message has changed, and every 30 s. */
    statusUpdates: (): PullStream<SystemStatus> => status.watch(),

    metrics: (): Promise<RealTimeMetrics> => realTime.fresh(),

    /** STATE: told every 5 s. */
    metricsUpdates: (): PullStream<RealTimeMetrics> => realTime.watch(),

    /** Takes this instance off the list of those that live. Idempotent. */
    close: (): Promise<void> => instances.close(),
  };
};

export type System = ReturnType<typeof createSystem>;
