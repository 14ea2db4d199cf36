/** Milliseconds: the longest wait after the first loss; it doubles with each after that. */
const BASE_MS = 500;
/** Milliseconds: no wait is longer. */
const MAX_MS = 20_000;

/**
 * Milliseconds to wait before another try, after so many in vain: anything up to a bound that doubles ("full jitter", Marc
 * Brooker, "Exponential Backoff And Jitter", AWS 2015), so that clients who were lost together do not come back together.
 */
export function fullJitter(retries: number, random: () => number = Math.random): number {
  return random() * Math.min(MAX_MS, BASE_MS * 2 ** retries);
}
