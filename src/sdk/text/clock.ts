/** Time as the SDK sees it, so that a test can turn the hands. Times are milliseconds since 1970. */
export interface SdkClock {
  now(): number;
  /** Runs `task` once after `ms` milliseconds and returns its canceller. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: SdkClock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` milliseconds, or at once when the signal is aborted. */
export const pause = (clock: SdkClock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener('abort', done);
  });
