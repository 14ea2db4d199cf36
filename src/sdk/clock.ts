/** Time as the client sees it, so that a test can turn the hands. Times are milliseconds since 1970 (UTC). */
export interface Clock {
  now(): number;
  /** Runs `task` once after `ms` milliseconds and returns its canceller. */
  after(ms: number, task: () => void): () => void;
}

/** The platform's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Resolves after `ms` milliseconds (at once when there are none), or when `sooner` is settled. Rejects with the signal's reason, at once when it is
 * aborted already.
 */
export function wait(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  sooner?: Promise<unknown>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    if (ms <= 0) return resolve();
    const settle = (done: () => void): void => {
      cancel();
      signal.removeEventListener('abort', leave);
      done();
    };
    const end = (): void => settle(resolve);
    const leave = (): void => settle(() => reject(signal.reason as Error));
    const cancel = clock.after(ms, end);
    signal.addEventListener('abort', leave, { once: true });
    sooner?.then(end, end);
  });
}
