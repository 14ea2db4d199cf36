/** Time as the program sees it, so that a test can turn the hands. Times are milliseconds since 1970 (UTC). */
export interface Clock {
  now(): number;
  /** Runs `task` once after `ms` milliseconds and returns its canceller. It does not keep the process alive. */
  after(ms: number, task: () => void): () => void;
}

/** What `task` gives; when it takes longer than `ms` milliseconds, what `late` gives or throws. */
export const inTime = async <T>(clock: Clock, ms: number, task: Promise<T>, late: () => T): Promise<T> => {
  let cancel = (): void => {};
  const end = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  return Promise.race([task, end.then(late)]).finally(cancel);
};

/** Longest delay that Node's timers take; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(Math.max(0, ms), MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
