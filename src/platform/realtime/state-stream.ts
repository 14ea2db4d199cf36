import type { Clock } from '../clock.ts';
import type { Listener, Listening } from './broker.ts';
import { createPullStream, type PullStream } from './pull-stream.ts';

/** Shortest time between two values, in milliseconds: at most 10 a second. */
export const STATE_INTERVAL_MS = 100;

export interface StateStreamOptions<T> {
  /** Every event means "it has changed"; what it carries is not looked at. */
  listen(listener: Listener<unknown>): Listening;
  /** The current value; not `undefined`. What it throws ends the stream with that error. */
  read(): T | Promise<T>;
  /** True for a value after which no other comes: the stream is complete when it has been delivered. */
  isFinal?(value: T): boolean;
  /** True for a value that need not be told because the one before said the same. Without it every value is told. */
  readonly isSame?: (before: T, value: T) => boolean;
  /** Shortest time between two values, in milliseconds; STATE_INTERVAL_MS by default. */
  readonly intervalMs?: number;
  /** Milliseconds after which the value is read without an announcement, which may have been lost. Never by default. */
  readonly pollMs?: number;
  readonly clock: Clock;
}

/**
 * STATE delivery: the current value at once, then a newer one when it has changed. Changes are a flag and not a queue,
 * so a slow consumer gets the latest value only, and gets the last one always. Listening starts with the first `next()`.
 */
export const createStateStream = <T>(options: StateStreamOptions<T>): PullStream<T> => {
  const { clock, intervalMs = STATE_INTERVAL_MS, pollMs, isSame } = options;
  let listening: Listening | undefined;
  let changed = true;
  let final = false;
  /** What was told last, as long as it is of use. */
  let told: { readonly value: T } | undefined;
  /** While it runs no value is given, so that it needs no comparison of times that a clock set back would upset. */
  let pause: (() => void) | undefined;
  let poll: (() => void) | undefined;

  const onChange = (): void => {
    changed = true;
    stream.wake();
  };

  const settle = (value: T): T | undefined => {
    if (stream.ended) return value;
    poll?.();
    if (options.isFinal?.(value)) {
      final = true;
      listening?.close();
      return value;
    }
    pause = clock.after(intervalMs, () => {
      pause = undefined;
      stream.wake();
    });
    if (pollMs !== undefined) poll = clock.after(pollMs, onChange);
    if (told && isSame?.(told.value, value)) return undefined;
    if (isSame) told = { value };
    return value;
  };

  const start = async (): Promise<T | undefined> => {
    listening = options.listen({ onEvent: onChange, onLive: onChange });
    await listening.ready;
    if (stream.ended) return undefined;
    changed = false;
    return settle(await options.read());
  };

  const stream = createPullStream<T>({
    pull() {
      if (final) {
        stream.end();
        return undefined;
      }
      if (!listening) return start();
      if (!changed || pause) return undefined;
      changed = false; // Before the read: a change during it may not be in the value.
      const value = options.read();
      return value instanceof Promise ? value.then(settle) : settle(value);
    },
    onClose() {
      pause?.();
      poll?.();
      listening?.close();
    },
  });
  return stream;
};
