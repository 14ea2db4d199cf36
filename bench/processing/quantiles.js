/** Milliseconds. @typedef {{ count: number, p50: number, p99: number, max: number }} Quantiles */

/** @param {readonly number[]} values @returns {Quantiles} */
export function quantilesOf(values) {
  const ordered = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    ordered[Math.max(0, Math.ceil(ordered.length * share) - 1)] ?? NaN;
  return { count: ordered.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
