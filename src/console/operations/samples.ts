import type { MetricsFieldsFragment, SystemStatusFieldsFragment } from '../../sdk/generated.ts';

/** Milliseconds that charts look back. */
export const WINDOW_MS = 10 * 60 * 1_000;
/** Samples that are kept: one each 5 s for as long as charts look back, and one more at the edge. */
const MAX_SAMPLES = WINDOW_MS / 5_000 + 1;

/** The figures of a moment; null for one that the moment has none of. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly connections: number;
  readonly deliveries: number;
  /** Milliseconds. */
  readonly deliveryP99: number;
  /** Milliseconds. */
  readonly responseP99: number;
  /** Milliseconds. */
  readonly lag: number | null;
  /** MB of 2^20 bytes. */
  readonly memory: number | null;
}

const figure = (metrics: unknown, name: string): number | null => {
  if (typeof metrics !== 'object' || metrics === null) return null;
  const value = (metrics as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'number' ? value : null;
};

/** What the two kinds of news of about the same time say together. */
export function sampleOf(metrics: MetricsFieldsFragment, status: SystemStatusFieldsFragment | null): Sample {
  return {
    at: Date.parse(metrics.lastUpdated),
    connections: metrics.activeConnections,
    deliveries: metrics.deliveriesPerSecond,
    deliveryP99: metrics.deliveryLatencyP99,
    responseP99: metrics.p99ResponseTime,
    lag: figure(status?.metrics, 'event_loop_lag_ms'),
    memory: figure(status?.metrics, 'memory_usage_mb'),
  };
}

/** The samples with a newer one, without what is too old. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  // The same figures again, after a reconnect.
  if (last && last.at >= sample.at) return samples;
  return [...samples, sample].slice(-MAX_SAMPLES).filter(({ at }) => at >= sample.at - WINDOW_MS);
}
