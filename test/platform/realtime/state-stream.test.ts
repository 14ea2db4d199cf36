import { describe, expect, it } from 'vitest';
import type { Hearing, Listener } from '../../../src/platform/realtime/broker.ts';
import { createStateStream, STATE_INTERVAL_MS } from '../../../src/platform/realtime/state-stream.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { settled } from './log-source.ts';

const DONE = { done: true, value: undefined };

/** A number that changes, and its stream. */
const setup = ({ ready = 'live', later = false }: { ready?: Hearing; later?: boolean } = {}) => {
  const clock = createManualClock();
  const listeners = new Set<Listener<unknown>>();
  const state = { value: 0, reads: 0, error: undefined as Error | undefined };
  const read = (): number => {
    state.reads += 1;
    if (state.error) throw state.error;
    return state.value;
  };
  const stream = createStateStream<number>({
    clock,
    read: later ? async () => read() : read,
    isFinal: (value) => value === 100,
    listen(listener) {
      listeners.add(listener);
      return {
        ready: Promise.resolve(ready),
        close: () => void listeners.delete(listener),
      };
    },
  });
  const announce = (): void => {
    for (const listener of listeners) listener.onEvent(null);
  };
  return {
    clock,
    listeners,
    state,
    stream,
    announce,
    set: (value: number): void => {
      state.value = value;
      announce();
    },
    revive: () => {
      for (const listener of listeners) listener.onLive?.();
    },
  };
};

describe.each([
  ['read at once', false],
  ['read later', true],
])('state stream, %s', (_, later) => {
  it('gives the current value at once, then the newer ones', async () => {
    const { clock, stream, set } = setup({ later });
    expect((await stream.next()).value).toBe(0);
    const next = stream.next();
    clock.advance(STATE_INTERVAL_MS);
    set(1);
    expect((await next).value).toBe(1);
  });

  it('[P6] gives the latest only to a slow consumer, and the last change always', async () => {
    const { clock, stream, set, state } = setup({ later });
    await stream.next();
    for (let value = 1; value <= 50; value += 1) set(value);
    clock.advance(STATE_INTERVAL_MS);
    expect((await stream.next()).value).toBe(50);
    expect(state.reads).toBe(2);
  });

  it('says nothing while nothing changes', async () => {
    const { clock, stream, state, set } = setup({ later });
    await stream.next();
    clock.advance(STATE_INTERVAL_MS);
    set(1);
    expect((await stream.next()).value).toBe(1);
    const next = stream.next();
    clock.advance(10 * STATE_INTERVAL_MS);
    await settled();
    expect(state.reads).toBe(2);
    stream.end();
    expect(await next).toEqual(DONE);
  });

  it('gives at most one value an interval', async () => {
    const { clock, stream, set } = setup({ later });
    const got: unknown[] = [];
    const consume = (async () => {
      for await (const value of stream) got.push(value);
    })();
    await settled();
    for (let tick = 1; tick <= 40; tick += 1) {
      set(tick);
      await settled();
      clock.advance(STATE_INTERVAL_MS / 4);
      await settled();
    }
    expect(got).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
    stream.end();
    await consume;
  });

  it('completes after a final value, and lets go of its listener with it', async () => {
    const { clock, stream, set, listeners } = setup({ later });
    await stream.next();
    const next = stream.next();
    set(100);
    clock.advance(STATE_INTERVAL_MS);
    expect((await next).value).toBe(100);
    expect(listeners.size).toBe(0);
    expect(await stream.next()).toEqual(DONE);
    expect(clock.pending).toBe(0);
  });

  it('completes at once when the first value is final', async () => {
    const { stream, state, listeners } = setup({ later });
    state.value = 100;
    expect((await stream.next()).value).toBe(100);
    expect(await stream.next()).toEqual(DONE);
    expect(listeners.size).toBe(0);
  });

  it('reads again when listening is live again', async () => {
    const { clock, stream, state, revive } = setup({ later, ready: 'interrupted' });
    await stream.next();
    clock.advance(STATE_INTERVAL_MS);
    const next = stream.next();
    state.value = 7;
    revive();
    expect((await next).value).toBe(7);
  });

  it('[P7] ends with the error of a read', async () => {
    const { clock, stream, state, announce, listeners } = setup({ later });
    await stream.next();
    clock.advance(STATE_INTERVAL_MS);
    const next = stream.next();
    state.error = new Error('FORBIDDEN');
    announce();
    await expect(next).rejects.toThrow('FORBIDDEN');
    expect(await stream.next()).toEqual(DONE);
    expect([listeners.size, clock.pending]).toEqual([0, 0]);
  });

  it('leaves neither listener nor timer behind', async () => {
    const { clock, stream, listeners } = setup({ later });
    await stream.next();
    const next = stream.next();
    await stream.return();
    expect(await next).toEqual(DONE);
    expect([listeners.size, clock.pending]).toEqual([0, 0]);
  });

  it('leaves no timer when it ends during a read', async () => {
    const { clock, stream, state } = setup({ later });
    const next = stream.next();
    while (state.reads === 0) await Promise.resolve();
    stream.end();
    await Promise.all([next, settled()]);
    expect(clock.pending).toBe(0);
  });

  it('reads nothing when it ends before listening is settled', async () => {
    const { clock, stream, state, listeners } = setup({ later });
    const next = stream.next();
    stream.end();
    expect(await next).toEqual(DONE);
    await settled();
    expect([state.reads, listeners.size, clock.pending]).toEqual([0, 0, 0]);
  });
});

it('a change during a read is not lost', async () => {
  const clock = createManualClock();
  let listener: Listener<unknown> | undefined;
  const answers: ((value: number) => void)[] = [];
  const stream = createStateStream<number>({
    clock,
    read: () => new Promise((resolve) => answers.push(resolve)),
    listen(given) {
      listener = given;
      return { ready: Promise.resolve('live'), close: () => {} };
    },
  });
  const first = stream.next();
  await settled();
  listener?.onEvent(null);
  answers.shift()?.(1);
  expect((await first).value).toBe(1);
  const second = stream.next();
  clock.advance(STATE_INTERVAL_MS);
  answers.shift()?.(2);
  expect((await second).value).toBe(2);
});

describe('state stream that is polled', () => {
  const POLL_MS = 5_000;

  const setupPolled = (isSame?: (before: number, value: number) => boolean) => {
    const clock = createManualClock();
    const state = { value: 0, reads: 0 };
    let announce = (): void => {};
    const stream = createStateStream<number>({
      clock,
      pollMs: POLL_MS,
      ...(isSame && { isSame }),
      isFinal: (value) => value === 100,
      read() {
        state.reads += 1;
        return state.value;
      },
      listen(listener) {
        announce = () => listener.onEvent(null);
        return { ready: Promise.resolve('live'), close: () => {} };
      },
    });
    return { clock, state, stream, announce: () => announce() };
  };

  it('tells what nobody has announced', async () => {
    const { clock, state, stream } = setupPolled();
    await stream.next();
    const next = stream.next();
    state.value = 1;
    clock.advance(POLL_MS - 1);
    expect(state.reads).toBe(1);
    clock.advance(1);
    expect((await next).value).toBe(1);
  });

  it('is polled again and again, counted from what was read last', async () => {
    const { clock, state, stream, announce } = setupPolled((before, value) => before === value);
    await stream.next();
    const next = stream.next();
    clock.advance(POLL_MS - 1);
    announce();
    expect(state.reads).toBe(2);
    clock.advance(POLL_MS - 1);
    expect(state.reads).toBe(2);
    for (const reads of [3, 4, 5]) {
      clock.advance(reads === 3 ? 1 : POLL_MS);
      expect(state.reads).toBe(reads);
    }
    state.value = 100;
    clock.advance(POLL_MS);
    expect((await next).value).toBe(100);
    expect(await stream.next()).toEqual(DONE);
    expect(clock.pending).toBe(0);
  });

  it('does not tell the same again, compared with what was told last', async () => {
    const { clock, state, stream, announce } = setupPolled((before, value) => Math.abs(before - value) < 5);
    expect((await stream.next()).value).toBe(0);
    const next = stream.next();
    for (const value of [2, 4, 1]) {
      clock.advance(STATE_INTERVAL_MS);
      state.value = value;
      announce();
    }
    clock.advance(STATE_INTERVAL_MS);
    state.value = 6;
    announce();
    expect((await next).value).toBe(6);
    expect(state.reads).toBe(5);
  });

  it('tells a final value, also when it is the same', async () => {
    const { clock, state, stream } = setupPolled(() => true);
    await stream.next();
    const next = stream.next();
    state.value = 100;
    clock.advance(POLL_MS);
    expect((await next).value).toBe(100);
    expect(await stream.next()).toEqual(DONE);
  });

  it('leaves no timer behind', async () => {
    const { clock, stream } = setupPolled();
    await stream.next();
    expect(clock.pending).toBe(2);
    await stream.return();
    expect(clock.pending).toBe(0);
  });
});
