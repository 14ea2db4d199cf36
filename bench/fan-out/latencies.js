/** Milliseconds that are told apart; what takes longer counts as this. */
const LONGEST_MS = 120_000;

/** Counts latencies by the millisecond. */
export function createLatencies() {
  const counts = new Uint32Array(LONGEST_MS + 1);
  let total = 0;

  /** The latency that this share (0 to 1) did not exceed; 0 when there is none. @param {number} share */
  const quantile = (share) => {
    let left = Math.ceil(total * share);
    for (const [ms, count] of counts.entries()) {
      left -= count;
      if (left <= 0) return ms;
    }
    return LONGEST_MS;
  };

  return {
    /** @param {number} ms */
    add(ms) {
      const slot = ms < 0 ? 0 : ms > LONGEST_MS ? LONGEST_MS : Math.floor(ms);
      counts[slot] = (counts[slot] ?? 0) + 1;
      total += 1;
    },
    clear() {
      counts.fill(0);
      total = 0;
    },
    count: () => total,
    quantiles: () => ({ p50: quantile(0.5), p99: quantile(0.99) }),
  };
}
