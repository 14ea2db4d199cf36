/** Share of a value by which what is read may differ from what was recorded. */
const ACCURACY = 0.01;
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
/** Milliseconds: less counts as nothing, and more as this much. */
const MIN_MS = 0.001;
const MAX_MS = 600_000;
const BUCKETS = 2 + Math.ceil(Math.log(MAX_MS / MIN_MS) / Math.log(GAMMA));

/** Slices of the minute; with the one that is being filled, 55 to 60 s of the past are seen. */
export const SLICES = 12;

/** What was recorded in the last minute; all of it is 0 when nothing was. */
export interface Summary {
  readonly count: number;
  /** Milliseconds. */
  readonly meanMs: number;
  readonly p99Ms: number;
}

/** Bucket 0 holds what is next to nothing; bucket i values up to MIN_MS * GAMMA ** (i - 1). */
const bucketOf = (ms: number): number =>
  ms >= MIN_MS ? Math.min(BUCKETS - 1, 1 + Math.ceil(Math.log(ms / MIN_MS) / Math.log(GAMMA))) : 0;

/** The value that is within ACCURACY of everything in the bucket. */
const valueOf = (bucket: number): number =>
  bucket === 0 ? 0 : (MIN_MS * 2 * GAMMA ** (bucket - 1)) / (GAMMA + 1);

class Slice {
  readonly buckets = new Float64Array(BUCKETS);
  count = 0;
  sumMs = 0;

  clear(): void {
    this.buckets.fill(0);
    this.count = 0;
    this.sumMs = 0;
  }
}

/**
 * Durations of the last minute, in buckets that grow by a constant factor: DDSketch (Masson, Rim and Lee, VLDB 2019)
 * over a fixed range, 100 KB of memory whatever is recorded. (The histograms of `perf_hooks` cannot count a value
 * several times at once, which a payload for a thousand subscribers needs.)
 */
export class SlidingHistogram {
  readonly #slices = Array.from({ length: SLICES }, () => new Slice());
  #current = 0;

  /** Counts a duration, `times` times. */
  record(ms: number, times = 1): void {
    const slice = this.#slices[this.#current];
    const bucket = bucketOf(ms);
    if (!slice) return;
    slice.buckets[bucket] = (slice.buckets[bucket] ?? 0) + times;
    slice.count += times;
    slice.sumMs += Math.min(Math.max(ms, 0), MAX_MS) * times;
  }

  /** Begins a new slice; the oldest one is forgotten. */
  turn(): void {
    this.#current = (this.#current + 1) % SLICES;
    this.#slices[this.#current]?.clear();
  }

  summary(): Summary {
    const count = this.#slices.reduce((sum, slice) => sum + slice.count, 0);
    if (count === 0) return { count, meanMs: 0, p99Ms: 0 };
    const sumMs = this.#slices.reduce((sum, slice) => sum + slice.sumMs, 0);
    return { count, meanMs: sumMs / count, p99Ms: this.#rank(Math.ceil(0.99 * count)) };
  }

  /** The n-th smallest of all durations. */
  #rank(n: number): number {
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      for (const slice of this.#slices) below += slice.buckets[bucket] ?? 0;
      if (below >= n) return valueOf(bucket);
    }
    return MAX_MS;
  }
}
