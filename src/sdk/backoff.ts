/** Milliseconds that may pass, at most, before the first, the second … attempt that follows failures; then the last. */
const BASES_MS = [1_000, 2_000, 5_000, 10_000, 30_000] as const;
const LONGEST_MS = 30_000;

/**
 * Milliseconds to wait after so many failures in a row (1 or more): full jitter, so that the clients of a server that
 * comes back do not come all at once ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015). `random` gives
 * numbers from 0 up to, not including, 1.
 */
export const backoff = (failures: number, random: () => number): number =>
  Math.floor(random() * (BASES_MS[Math.max(failures, 1) - 1] ?? LONGEST_MS));
