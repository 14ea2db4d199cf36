import { describe, expect, it } from 'vitest';
import type { Health } from '../../src/system/health.ts';
import { createProber, PROBE_LIMIT_MS, type Probe } from '../../src/system/probe.ts';
import { createManualClock } from '../support/manual-clock.ts';

/** A component that answers when the test lets it. */
const createComponent = () => {
  const asked: AbortSignal[] = [];
  let settle: { resolve(health: Health): void; reject(error: Error): void } | undefined;
  const probe: Probe = {
    name: 'lamp',
    probe(late) {
      asked.push(late);
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
      });
    },
  };
  return {
    probe,
    asked,
    answer: (health: Health) => settle?.resolve(health),
    fail: (error: Error) => settle?.reject(error),
  };
};

const open = () => {
  const clock = createManualClock();
  const component = createComponent();
  return { ...component, clock, ask: createProber(component.probe, clock) };
};

describe('a prober', () => {
  it('tells what the component says, and how long it took', async () => {
    const { ask, answer, clock } = open();
    const finding = ask();
    answer({ level: 'WARNING', message: 'It flickers.' });
    const { name, health, latencyMs } = await finding;
    expect({ name, health }).toEqual({ name: 'lamp', health: { level: 'WARNING', message: 'It flickers.' } });
    expect(latencyMs).toBeGreaterThanOrEqual(0);
    expect(clock.pending).toBe(0);
  });

  it('takes a latency that the component has measured itself', async () => {
    const { ask, answer } = open();
    const finding = ask();
    answer({ level: 'HEALTHY', latencyMs: 1_234 });
    expect((await finding).latencyMs).toBe(1_234);
  });

  it('takes a rejection for a component that does not answer', async () => {
    const { ask, fail, clock } = open();
    const finding = ask();
    fail(new Error('connect ECONNREFUSED'));
    expect(await finding).toEqual({
      name: 'lamp',
      health: { level: 'OFFLINE', message: 'connect ECONNREFUSED' },
      latencyMs: null,
    });
    expect(clock.pending).toBe(0);
  });

  it('waits no longer than the limit, and tells the component that it is late', async () => {
    const { ask, asked, clock } = open();
    const finding = ask();
    clock.advance(PROBE_LIMIT_MS - 1);
    expect(asked[0]?.aborted).toBe(false);
    clock.advance(1);
    expect(asked[0]?.aborted).toBe(true);
    expect(await finding).toMatchObject({ health: { level: 'OFFLINE' }, latencyMs: null });
  });

  it('does not ask a silent component again, and does once it has answered', async () => {
    const { ask, asked, answer, clock } = open();
    const first = ask();
    clock.advance(PROBE_LIMIT_MS);
    await first;
    for (let round = 0; round < 5; round += 1) {
      expect(await ask()).toMatchObject({ health: { level: 'OFFLINE' } });
    }
    expect(asked).toHaveLength(1);
    answer({ level: 'HEALTHY' });
    await new Promise((resolve) => setImmediate(resolve));
    const again = ask();
    expect(asked).toHaveLength(2);
    answer({ level: 'HEALTHY' });
    expect(await again).toMatchObject({ health: { level: 'HEALTHY' } });
  });

  it('asks once for all who ask at once', async () => {
    const { ask, asked, answer } = open();
    const findings = [ask(), ask(), ask()];
    answer({ level: 'HEALTHY' });
    await Promise.all(findings);
    expect(asked).toHaveLength(1);
  });
});
