import type { Clock } from '../platform/clock.ts';

export interface Throttle {
  /** Runs the task now, or once at the end of the pause that the last run began. */
  request(): void;
  /** Forgets what is due. */
  stop(): void;
}

/** Runs `task` at most once in `ms` milliseconds; the last request is always followed by a run. */
export function createThrottle(clock: Clock, ms: number, task: () => void): Throttle {
  let pause: (() => void) | null = null;
  let due = false;

  const run = (): void => {
    due = false;
    pause = clock.after(ms, () => {
      pause = null;
      if (due) run();
    });
    task();
  };

  return {
    request() {
      if (pause) due = true;
      else run();
    },
    stop() {
      pause?.();
      pause = null;
      due = false;
    },
  };
}
