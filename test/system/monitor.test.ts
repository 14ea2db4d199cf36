import { describe, expect, it } from 'vitest';
import type { Thresholds } from '../../src/platform/config-variables.ts';
import type { ProcessGauges } from '../../src/platform/metrics/process.ts';
import type { Health } from '../../src/system/health.ts';
import { createMonitor, REPEAT_MS, RUN_MS } from '../../src/system/monitor.ts';
import type { Probe } from '../../src/system/probe.ts';
import { turns } from '../support/documents.ts';
import { createManualClock } from '../support/manual-clock.ts';

const THRESHOLDS: { memoryMb: Thresholds; cpuPercent: Thresholds } = {
  memoryMb: { degraded: 1_000, warning: 1_500, critical: 2_000 },
  cpuPercent: { degraded: 60, warning: 75, critical: 90 },
};

/** A component whose health is in the hands of the test, and how often it was tried out. */
interface Lamp {
  health: Health;
  tried: number;
  readonly listeners: Set<() => void>;
  readonly probe: Probe;
}

const createLamp = (name: string): Lamp => {
  const listeners = new Set<() => void>();
  const lamp: Lamp = {
    health: { level: 'HEALTHY' },
    tried: 0,
    listeners,
    probe: {
      name,
      async probe() {
        lamp.tried += 1;
        return lamp.health;
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
  return lamp;
};

const open = () => {
  const clock = createManualClock();
  const gauges = { memoryMb: 100, cpuPercent: 5, loopDelay: { p99Ms: 1, maxMs: 2 }, uptimeSeconds: 3 };
  const lamps = [createLamp('http'), createLamp('database')] as const;
  const monitor = createMonitor({
    probes: lamps.map(({ probe }) => probe),
    thresholds: THRESHOLDS,
    process: (): ProcessGauges => gauges,
    metrics: async () => ({ memory_usage_mb: gauges.memoryMb }),
    instanceId: 'me',
    version: '1.2.3',
    clock,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await turns(5);
    }
  };
  return { clock, gauges, lamps, monitor, pass };
};

const troubleIn = ({ services }: { services: readonly { name: string; message: string | null }[] }) =>
  services.filter(({ message }) => message !== null).map(({ name, message }) => `${name}: ${message}`);

describe('the monitor', () => {
  it('tells every component, memory and CPU, and which of the components answer', async () => {
    const { monitor, lamps } = open();
    lamps[1].health = { level: 'OFFLINE', message: 'It is gone.' };
    const status = await monitor.fresh();
    expect(status).toMatchObject({
      level: 'CRITICAL',
      activeServices: ['http'],
      metrics: { memory_usage_mb: 100 },
    });
    expect(status.services.map(({ name, level }) => `${name} ${level}`)).toEqual([
      'http HEALTHY',
      'database OFFLINE',
      'memory HEALTHY',
      'cpu HEALTHY',
    ]);
    expect(status.services[1]).toMatchObject({ message: 'It is gone.', instanceId: 'me', version: '1.2.3' });
    expect(status.services[2]?.latencyMs).toBeNull();
  });

  it.each([
    ['memoryMb', 1_001, 'DEGRADED', 'memory', '1000 MB'],
    ['memoryMb', 1_501, 'WARNING', 'memory', '1500 MB'],
    ['memoryMb', 2_001, 'CRITICAL', 'memory', '2000 MB'],
    ['cpuPercent', 61, 'DEGRADED', 'cpu', '60 %'],
    ['cpuPercent', 76, 'WARNING', 'cpu', '75 %'],
    ['cpuPercent', 91, 'CRITICAL', 'cpu', '90 %'],
  ] as const)('with %s at %d is %s and names it', async (gauge, value, level, name, limit) => {
    const { monitor, gauges } = open();
    gauges[gauge] = value;
    const status = await monitor.fresh();
    expect(status.level).toBe(level);
    const [trouble, ...others] = troubleIn(status);
    expect(trouble).toMatch(new RegExp(`^${name}: .*more than ${limit}`));
    expect(others).toEqual([]);
  });

  it('tries everything once for a hundred who watch, and nothing when nobody does', async () => {
    const { monitor, lamps, pass, clock } = open();
    await pass(3 * RUN_MS);
    expect(lamps.map(({ tried }) => tried)).toEqual([0, 0]);
    const streams = Array.from({ length: 100 }, () => monitor.watch());
    await Promise.all(streams.map((stream) => stream.next()));
    expect(lamps.map(({ tried }) => tried)).toEqual([1, 1]);
    expect(lamps.map(({ listeners }) => listeners.size)).toEqual([1, 1]);
    await pass(RUN_MS);
    expect(lamps.map(({ tried }) => tried)).toEqual([2, 2]);
    for (const stream of streams) await stream.return();
    expect(lamps.map(({ listeners }) => listeners.size)).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  it('pushes a change of a level or a message within a run, and its end', async () => {
    const { monitor, lamps, pass } = open();
    const stream = monitor.watch();
    await stream.next();
    const told: unknown[] = [];
    for (const health of [
      { level: 'WARNING', message: 'It flickers.' },
      { level: 'WARNING', message: 'It is dim.' },
      { level: 'HEALTHY' },
    ] as const) {
      const next = stream.next();
      lamps[0].health = health;
      await pass(RUN_MS);
      const { value } = await next;
      told.push(value && [value.level, ...troubleIn(value)]);
    }
    expect(told).toEqual([['WARNING', 'http: It flickers.'], ['WARNING', 'http: It is dim.'], ['HEALTHY']]);
    await stream.return();
  });

  it('looks at once when a component says that it has changed', async () => {
    const { monitor, lamps, pass } = open();
    const stream = monitor.watch();
    await stream.next();
    const next = stream.next();
    lamps[1].health = { level: 'OFFLINE', message: 'It is gone.' };
    for (const listener of lamps[1].listeners) listener();
    await pass(200);
    expect((await next).value?.level).toBe('CRITICAL');
    await stream.return();
  });

  it('is told again after 30 s though nothing has changed, with the figures of then', async () => {
    const { monitor, gauges, pass } = open();
    const stream = monitor.watch();
    const { value: first } = await stream.next();
    const next = stream.next();
    let isTold = false;
    void next.then(() => {
      isTold = true;
    });
    gauges.memoryMb = 200;
    await pass(REPEAT_MS - 2 * RUN_MS);
    expect(isTold).toBe(false);
    await pass(2 * RUN_MS);
    expect(isTold).toBe(true);
    const { value } = await next;
    expect((value?.at ?? 0) - (first?.at ?? 0)).toBeLessThanOrEqual(REPEAT_MS);
    expect(value?.metrics).toEqual({ memory_usage_mb: 200 });
    await stream.return();
  });
});
