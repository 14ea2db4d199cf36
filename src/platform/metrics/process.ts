import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import { createRate } from './rate.ts';

/** Milliseconds between two looks at the event loop: that much of what is measured is no delay. */
const LOOK_MS = 20;
const NS_PER_MS = 1e6;
const US_PER_SECOND = 1e6;
export const BYTES_PER_MB = 2 ** 20;

/** Delays of the event loop, of the last 5 to 10 seconds, in milliseconds. */
interface LoopDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
}

const createLoopMonitor = () => {
  const histogram = monitorEventLoopDelay({ resolution: LOOK_MS });
  histogram.enable();
  let before: LoopDelay = { p99Ms: 0, maxMs: 0 };

  const delayOf = (ns: number): number => Math.max(0, ns / NS_PER_MS - LOOK_MS);
  const since = (): LoopDelay =>
    histogram.count === 0
      ? { p99Ms: 0, maxMs: 0 }
      : { p99Ms: delayOf(histogram.percentile(99)), maxMs: delayOf(histogram.max) };

  return {
    /** The larger of each, of the slice before and of what is known of this one. */
    read(): LoopDelay {
      const now = since();
      return { p99Ms: Math.max(before.p99Ms, now.p99Ms), maxMs: Math.max(before.maxMs, now.maxMs) };
    },
    turn(): void {
      before = since();
      histogram.reset();
    },
    close: (): void => void histogram.disable(),
  };
};

/** How this process does. */
export interface ProcessGauges {
  /** Resident memory, in MB of 2^20 bytes. Worker threads are in it, child processes are not. */
  readonly memoryMb: number;
  /** Of the last 5 to 10 seconds; 100 are all cores that it may use. */
  readonly cpuPercent: number;
  readonly loopDelay: LoopDelay;
  /** Seconds since the process was started. */
  readonly uptimeSeconds: number;
}

const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Begins to watch this process, until `close`. */
export const createProcessMonitor = (clock: Clock) => {
  const loop = createLoopMonitor();
  const cpu = createRate(cpuMicroseconds, clock);

  return {
    read: (): ProcessGauges => ({
      memoryMb: process.memoryUsage.rss() / BYTES_PER_MB,
      cpuPercent: (100 * cpu.perSecond) / US_PER_SECOND / availableParallelism(),
      loopDelay: loop.read(),
      uptimeSeconds: process.uptime(),
    }),
    turn(): void {
      loop.turn();
      cpu.turn();
    },
    close: (): void => loop.close(),
  };
};

/** Threads of this process; null where the system does not say (anywhere but on Linux). */
export const countThreads = async (): Promise<number | null> => {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const [, threads] = /^Threads:\s+(\d+)$/m.exec(status) ?? [];
  return threads === undefined ? null : Number(threads);
};
