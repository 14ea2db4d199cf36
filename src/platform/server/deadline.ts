import type { Clock } from '../clock.ts';

/**
 * Runs `task` once the clock shows `time` (milliseconds since 1970) and returns its canceller. A clock may fire early
 * when the time is far away: it is asked again.
 */
export const atTime = (clock: Clock, time: number, task: () => void): (() => void) => {
  let cancel = (): void => {};
  const wait = (): void => {
    const left = time - clock.now();
    if (left <= 0) task();
    else cancel = clock.after(left, wait);
  };
  // Not at once even when it is due: the caller gets the canceller first.
  cancel = clock.after(Math.max(0, time - clock.now()), wait);
  return () => cancel();
};
