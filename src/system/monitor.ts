import { availableParallelism } from 'node:os';
import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { ProcessGauges } from '../platform/metrics/process.ts';
import { type HealthLevel, healthOf, worstOf } from './health.ts';
import { rounded } from './metrics.ts';
import { createPolledState } from './polled-state.ts';
import { createProber, type Finding, type Probe } from './probe.ts';

/** Milliseconds between two runs of all probes, while somebody watches. */
export const RUN_MS = 2_000;
/** Milliseconds after which a status is told again though nothing has changed. */
export const REPEAT_MS = 30_000;

/** A component of this instance, or a resource that it uses. */
export interface ServiceHealth {
  readonly name: string;
  readonly level: HealthLevel;
  readonly message: string | null;
  /** Milliseconds; null where nothing was asked, or nothing answered. */
  readonly latencyMs: number | null;
  readonly instanceId: string;
  readonly version: string;
}

export interface SystemStatus {
  readonly level: HealthLevel;
  readonly metrics: Readonly<Record<string, number>>;
  /** Names of the components that answer. */
  readonly activeServices: readonly string[];
  readonly services: readonly ServiceHealth[];
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface MonitorOptions {
  readonly probes: readonly Probe[];
  readonly thresholds: Config['health'];
  readonly process: () => ProcessGauges;
  readonly metrics: () => Promise<Readonly<Record<string, number>>>;
  readonly instanceId: string;
  readonly version: string;
  readonly clock: Clock;
}

/** What makes a status news: latencies and figures always differ. */
const gist = ({ level, services }: SystemStatus): string =>
  JSON.stringify([level, services.map((service) => [service.name, service.level, service.message])]);

/** Tries out the components of this instance, and compares what it uses with the thresholds. */
export const createMonitor = (options: MonitorOptions) => {
  const { probes, thresholds, instanceId, version, clock } = options;
  const probers = probes.map((probe) => createProber(probe, clock));

  /** The resources of the process, told like components. */
  const resources = (): Finding[] => {
    const { memoryMb, cpuPercent } = options.process();
    const cores = availableParallelism();
    const memory = healthOf(
      memoryMb,
      thresholds.memoryMb,
      (above) => `The process uses more than ${above} MB of memory.`,
    );
    const cpu = healthOf(
      cpuPercent,
      thresholds.cpuPercent,
      (above) => `The process uses more than ${above} % of the machine's ${cores} cores.`,
    );
    return [
      { name: 'memory', health: memory, latencyMs: null },
      { name: 'cpu', health: cpu, latencyMs: null },
    ];
  };

  const take = async (): Promise<SystemStatus> => {
    const components = await Promise.all(probers.map((probe) => probe()));
    const findings = [...components, ...resources()];
    return {
      level: worstOf(findings.map(({ health }) => health.level)),
      metrics: await options.metrics(),
      activeServices: components
        .filter(({ health }) => health.level !== 'OFFLINE')
        .map((component) => component.name),
      services: findings.map(({ name, health, latencyMs }) => ({
        name,
        level: health.level,
        message: health.message ?? null,
        latencyMs: latencyMs === null ? null : rounded(latencyMs),
        instanceId,
        version,
      })),
      at: clock.now(),
    };
  };

  return createPolledState<SystemStatus>({
    take,
    everyMs: RUN_MS,
    isNews: (told, now) => gist(told) !== gist(now) || now.at - told.at > REPEAT_MS - RUN_MS,
    onHint(hint) {
      const ends = probes.map((probe) => probe.onChange?.(hint));
      return () => {
        for (const end of ends) end?.();
      };
    },
    clock,
  });
};
