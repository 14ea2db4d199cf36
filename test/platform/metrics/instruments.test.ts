import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInstruments, type Instruments, SLICE_MS } from '../../../src/platform/metrics/instruments.ts';
import { countThreads } from '../../../src/platform/metrics/process.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

const MINUTE_MS = 60_000;
/** How long the event loop is held up on purpose, in milliseconds. */
const HELD_MS = 150;

let clock: ManualClock;
let instruments: Instruments;
beforeEach(() => {
  clock = createManualClock();
  instruments = createInstruments(clock);
});
afterEach(() => instruments.close());

const holdUp = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('instruments', () => {
  it('forget within a minute what was recorded', () => {
    instruments.responses.record(10);
    instruments.deliveryLatency.record(20, 3);
    clock.advance(MINUTE_MS - SLICE_MS);
    expect(instruments.responses.summary().count).toBe(1);
    expect(instruments.deliveryLatency.summary().count).toBe(3);
    clock.advance(SLICE_MS);
    expect(instruments.responses.summary().count).toBe(0);
    expect(instruments.deliveryLatency.summary().count).toBe(0);
  });

  it('tell the rate of the last 5 to 10 seconds', () => {
    let total = 1_000;
    const rate = instruments.rateOf(() => total);
    expect(rate.perSecond).toBe(0);
    total += 30;
    clock.advance(2_000);
    expect(rate.perSecond).toBe(15);
    clock.advance(3_000);
    expect(rate.perSecond).toBe(6);
    total += 10;
    clock.advance(5_000);
    // Of the last 5 seconds: the window has moved on.
    expect(rate.perSecond).toBe(2);
    clock.advance(4_000);
    expect(rate.perSecond).toBeCloseTo(10 / 9);
    clock.advance(6_000);
    expect(rate.perSecond).toBe(0);
  });

  it('see the event loop held up, and forget it', async () => {
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
    await turn();
    holdUp(HELD_MS);
    await turn();
    const { loopDelay } = instruments.process();
    expect(loopDelay.maxMs).toBeGreaterThan(HELD_MS * 0.8);
    expect(loopDelay.p99Ms).toBeLessThanOrEqual(loopDelay.maxMs);
    clock.advance(SLICE_MS);
    expect(instruments.process().loopDelay).toEqual(loopDelay);
    clock.advance(SLICE_MS);
    expect(instruments.process().loopDelay.maxMs).toBeLessThan(loopDelay.maxMs);
  });

  it('tell the processor time that was spent, as a share of all cores', () => {
    const before = process.cpuUsage();
    holdUp(100);
    const { user, system } = process.cpuUsage(before);
    clock.advance(1_000);
    const { cpuPercent, memoryMb, uptimeSeconds } = instruments.process();
    const spentMs = (user + system) / 1_000;
    // At most 100 % of as many cores as there are; what else the process does meanwhile counts, too.
    expect(cpuPercent).toBeGreaterThan(spentMs / 10 / 256);
    expect(cpuPercent).toBeLessThan(100);
    expect(memoryMb).toBeGreaterThan(20);
    expect(Math.abs(uptimeSeconds - process.uptime())).toBeLessThan(5);
  });

  it('leave no timer behind', () => {
    clock.advance(MINUTE_MS);
    expect(clock.pending).toBe(1);
    instruments.close();
    instruments.close();
    expect(clock.pending).toBe(0);
  });

  it('count the threads of the process as the system does', async () => {
    if (process.platform !== 'linux') {
      expect(await countThreads()).toBeNull();
      return;
    }
    const threads = await countThreads();
    // Threads come and go, but not many of them at once.
    expect(Math.abs((threads ?? 0) - readdirSync('/proc/self/task').length)).toBeLessThan(5);
    expect(threads).toBeGreaterThan(1);
  });
});
