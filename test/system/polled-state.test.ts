import { describe, expect, it } from 'vitest';
import { createPolledState } from '../../src/system/polled-state.ts';
import { begin, turns } from '../support/documents.ts';
import { createManualClock } from '../support/manual-clock.ts';

const EVERY_MS = 2_000;

interface State {
  readonly value: string;
  readonly look: number;
}

/** A state in the hands of the test, and how often it was looked at. */
const open = () => {
  const clock = createManualClock();
  const hints = new Set<() => void>();
  const world = { value: 'calm', looks: 0, fails: false };
  const state = createPolledState<State>({
    async take() {
      world.looks += 1;
      const look = world.looks;
      const { value } = world;
      await turns(2);
      if (world.fails) throw new Error('nothing to be seen');
      return { value, look };
    },
    everyMs: EVERY_MS,
    isNews: (told, now) => told.value !== now.value,
    onHint(hint) {
      hints.add(hint);
      return () => hints.delete(hint);
    },
    clock,
  });
  /** Lets time pass and what it wakes run. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await turns(5);
    }
  };
  return { world, state, clock, hints, pass };
};

describe('a polled state', () => {
  it('is looked at once for a hundred who watch it, and told to all of them', async () => {
    const { world, state, pass } = open();
    const streams = Array.from({ length: 100 }, () => state.watch());
    const first = await Promise.all(streams.map((stream) => stream.next()));
    expect(first.every(({ value }) => value === first[0]?.value)).toBe(true);
    expect(world.looks).toBe(1);
    const second = streams.map((stream) => stream.next());
    world.value = 'stormy';
    await pass(EVERY_MS);
    const values = await Promise.all(second);
    expect(values.map(({ value }) => value?.value)).toEqual(Array(100).fill('stormy'));
    expect(world.looks).toBe(2);
    for (const stream of streams) await stream.return();
  });

  it('tells who comes later what is known, without another look', async () => {
    const { world, state } = open();
    const early = state.watch();
    await early.next();
    const late = state.watch();
    expect((await late.next()).value).toEqual({ value: 'calm', look: 1 });
    expect(world.looks).toBe(1);
    for (const stream of [early, late]) await stream.return();
  });

  it('tells news alone, and all of them', async () => {
    const { world, state, pass } = open();
    const stream = state.watch();
    await stream.next();
    const next = stream.next();
    await pass(5 * EVERY_MS);
    expect(world.looks).toBe(6);
    world.value = 'stormy';
    await pass(EVERY_MS);
    expect((await next).value).toEqual({ value: 'stormy', look: 7 });
    world.value = 'calm';
    const last = stream.next();
    await pass(EVERY_MS);
    expect((await last).value?.value).toBe('calm');
    await stream.return();
  });

  it('looks soon after a hint, once for many, and after one during a look again', async () => {
    const { world, state, clock, hints, pass } = open();
    const stream = state.watch();
    await stream.next();
    const next = stream.next();
    world.value = 'stormy';
    for (let count = 0; count < 10; count += 1) for (const hint of hints) hint();
    await pass(100);
    expect((await next).value?.value).toBe('stormy');
    expect(world.looks).toBe(2);
    // During a look, which has seen what was before.
    const again = stream.next();
    clock.advance(EVERY_MS);
    expect(world.looks).toBe(3);
    for (const hint of hints) hint();
    world.value = 'calm';
    await pass(300);
    expect((await again).value?.value).toBe('calm');
    await stream.return();
  });

  it('looks no more when nobody watches: no timer, and nobody gives hints', async () => {
    const { world, state, clock, hints, pass } = open();
    const streams = [state.watch(), state.watch()];
    await Promise.all(streams.map((stream) => stream.next()));
    expect(hints.size).toBe(1);
    await streams[0]?.return();
    await pass(EVERY_MS);
    expect(world.looks).toBe(2);
    await streams[1]?.return();
    expect(clock.pending).toBe(0);
    expect(hints.size).toBe(0);
    await pass(3 * EVERY_MS);
    expect(world.looks).toBe(2);
  });

  it('begins anew for whoever comes after all have gone, also in the middle of a look', async () => {
    const { world, state, clock, pass } = open();
    const first = state.watch();
    void first.next();
    await turns(1);
    await first.return();
    world.value = 'stormy';
    const second = state.watch();
    await second.next();
    const next = second.next();
    await pass(EVERY_MS);
    expect((await next).value?.value).toBe('stormy');
    expect(clock.pending).toBeGreaterThan(0);
    await second.return();
    await turns();
    expect(clock.pending).toBe(0);
  });

  it('ends with its error when it cannot be found out, and leaves nothing behind', async () => {
    const { world, state, clock, pass } = open();
    const stream = state.watch();
    await stream.next();
    const next = begin(stream);
    world.fails = true;
    await pass(EVERY_MS);
    await expect(next).rejects.toThrow('nothing to be seen');
    await turns();
    expect(clock.pending).toBe(0);
    world.fails = false;
    const again = state.watch();
    expect((await again.next()).value).toMatchObject({ value: 'calm' });
    await again.return();
  });

  it('asked at once, is found out once; asked again, anew', async () => {
    const { world, state } = open();
    const answers = await Promise.all([state.fresh(), state.fresh(), state.fresh()]);
    expect(answers.map(({ look }) => look)).toEqual([1, 1, 1]);
    expect((await state.fresh()).look).toBe(2);
    expect(world.looks).toBe(2);
  });
});
