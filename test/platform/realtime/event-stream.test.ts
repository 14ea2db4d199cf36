import { describe, expect, it } from 'vitest';
import type { Hearing, Listener } from '../../../src/platform/realtime/broker.ts';
import { createEventStream, MAX_PENDING_DELTAS } from '../../../src/platform/realtime/event-stream.ts';
import { settled } from './log-source.ts';

type People = { readonly all: readonly string[] } | { readonly came: string };
const DONE = { done: true, value: undefined };

/** People in a room, and the stream that tells of them. */
const setup = ({
  ready = Promise.resolve<Hearing>('live'),
  maxPending,
  admit,
}: {
  ready?: Promise<Hearing>;
  maxPending?: number;
  admit?: (newest: People | null) => void | Promise<void>;
} = {}) => {
  const listeners = new Set<Listener<People>>();
  const people: string[] = [];
  const stream = createEventStream<People>({
    listen(listener) {
      listeners.add(listener);
      return { ready, close: () => void listeners.delete(listener) };
    },
    snapshot: () => ({ all: [...people] }),
    ...(maxPending && { maxPending }),
    ...(admit && { admit }),
  });
  return {
    listeners,
    people,
    stream,
    come: (name: string): void => {
      people.push(name);
      for (const listener of listeners) listener.onEvent({ came: name });
    },
    revive: () => {
      for (const listener of listeners) listener.onLive?.();
    },
  };
};

/** What a reader of the stream takes the room to be. */
const replay = (told: readonly People[]): string[] =>
  told.reduce<string[]>((room, event) => ('all' in event ? [...event.all] : [...room, event.came]), []);

describe('event stream', () => {
  it('tells a snapshot, then the events', async () => {
    const { stream, come } = setup();
    come('Ada');
    expect((await stream.next()).value).toEqual({ all: ['Ada'] });
    const next = stream.next();
    come('Bob');
    expect((await next).value).toEqual({ came: 'Bob' });
    come('Cem');
    come('Dee');
    expect((await stream.next()).value).toEqual({ came: 'Cem' });
    expect((await stream.next()).value).toEqual({ came: 'Dee' });
  });

  it('neither repeats nor misses what happens while listening begins', async () => {
    let live: (hearing: Hearing) => void = () => {};
    const { stream, come } = setup({ ready: new Promise((resolve) => (live = resolve)) });
    const first = stream.next();
    come('Ada');
    live('live');
    come('Bob');
    expect((await first).value).toEqual({ all: ['Ada', 'Bob'] });
    come('Cem');
    expect((await stream.next()).value).toEqual({ came: 'Cem' });
  });

  it('[P6] sends a fresh snapshot in place of more than it keeps', async () => {
    const { stream, come } = setup();
    await stream.next();
    const names = Array.from({ length: MAX_PENDING_DELTAS }, (_, n) => `p${n}`);
    for (const name of names) come(name);
    expect((await stream.next()).value).toEqual({ came: 'p0' }); // exactly as many fit
    come('one');
    come('too many');
    expect((await stream.next()).value).toEqual({ all: [...names, 'one', 'too many'] });
    come('Ada');
    expect((await stream.next()).value).toEqual({ came: 'Ada' });
  });

  it('a reader always knows the room in the end, whatever its pace', async () => {
    for (const pace of [1, 2, 3, 5, 8]) {
      const { stream, come, people, revive } = setup({ maxPending: 4 });
      const told: People[] = [];
      for (let n = 1; n <= 100; n += 1) {
        come(`p${n}`);
        if (n % 30 === 0) revive();
        if (n % pace === 0) told.push((await stream.next()).value as People);
      }
      const rest = (async () => {
        for await (const event of stream) told.push(event);
      })();
      await settled();
      stream.end();
      await rest;
      expect(replay(told)).toEqual(people);
    }
  });

  it('[P8] sends a fresh snapshot when listening is live again', async () => {
    const { stream, people, come, revive } = setup({ ready: Promise.resolve('interrupted') });
    await stream.next();
    come('Ada');
    people.push('Bob'); // its announcement is lost
    const next = stream.next();
    expect((await next).value).toEqual({ came: 'Ada' });
    const healed = stream.next();
    revive();
    expect((await healed).value).toEqual({ all: ['Ada', 'Bob'] });
  });

  it('keeps the events that come while a snapshot is made', async () => {
    let listener: Listener<People> | undefined;
    let make: (snapshot: People) => void = () => {};
    const stream = createEventStream<People>({
      listen(given) {
        listener = given;
        return { ready: Promise.resolve('live'), close: () => {} };
      },
      snapshot: () => new Promise((resolve) => (make = resolve)),
    });
    const first = stream.next();
    await settled();
    listener?.onEvent({ came: 'Ada' });
    make({ all: [] });
    expect((await first).value).toEqual({ all: [] });
    expect((await stream.next()).value).toEqual({ came: 'Ada' });
  });

  it.each(['at once', 'later'])('[P7] ends with the error of admit, thrown %s', async (when) => {
    const revoked = new Error('FORBIDDEN');
    let allowed = true;
    const { stream, come, listeners } = setup({
      admit() {
        if (allowed) return when === 'later' ? Promise.resolve() : undefined;
        if (when === 'later') return Promise.reject(revoked);
        throw revoked;
      },
    });
    await stream.next();
    come('Ada');
    expect((await stream.next()).value).toEqual({ came: 'Ada' });
    allowed = false;
    come('Bob');
    await expect(stream.next()).rejects.toBe(revoked);
    expect(await stream.next()).toEqual(DONE);
    expect(listeners.size).toBe(0);
  });

  it('[P7] recheck ends a stream that is waiting', async () => {
    let allowed = true;
    const { stream, listeners } = setup({
      admit() {
        if (!allowed) throw new Error('FORBIDDEN');
      },
    });
    await stream.next();
    const next = stream.next();
    stream.recheck();
    await settled();
    allowed = false;
    stream.recheck();
    await expect(next).rejects.toThrow('FORBIDDEN');
    expect(listeners.size).toBe(0);
  });

  it('lets go of its listener while it waits', async () => {
    const { stream, listeners } = setup();
    await stream.next();
    const next = stream.next();
    expect(listeners.size).toBe(1);
    await stream.return();
    expect(await next).toEqual(DONE);
    expect(listeners.size).toBe(0);
  });
});
