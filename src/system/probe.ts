import type { Clock } from '../platform/clock.ts';
import type { Health } from './health.ts';

/** Milliseconds that a component has to answer a probe. */
export const PROBE_LIMIT_MS = 1_500;

/** How a component is tried out. */
export interface Probe {
  /** Of the component. */
  readonly name: string;
  /** Tries it for real. A rejection means that it does not answer; so does silence when `late` aborts. */
  probe(late: AbortSignal): Promise<Health>;
  /** Calls when it may do otherwise than at the last probe. The returned function ends that. */
  onChange?(listener: () => void): () => void;
}

/** What a probe has found. */
export interface Finding {
  readonly name: string;
  readonly health: Health;
  /** Milliseconds; null where nothing answered. */
  readonly latencyMs: number | null;
}

const silence: Health = { level: 'OFFLINE', message: `It does not answer within ${PROBE_LIMIT_MS} ms.` };

const failure = (error: unknown): Health => ({
  level: 'OFFLINE',
  message: error instanceof Error ? error.message : String(error),
});

/**
 * Makes a component's prober, which never rejects. One probe runs at a time: a component that is silent is not asked
 * again before it has answered.
 */
export const createProber = (component: Probe, clock: Clock): (() => Promise<Finding>) => {
  const { name } = component;
  let running: Promise<Finding> | undefined;

  const ask = async (late: AbortSignal): Promise<Finding> => {
    const since = performance.now();
    try {
      const health = await component.probe(late);
      return { name, health, latencyMs: health.latencyMs ?? performance.now() - since };
    } catch (error) {
      return { name, health: failure(error), latencyMs: null };
    }
  };

  const run = (): Promise<Finding> => {
    const late = new AbortController();
    const silent = new Promise<Finding>((resolve) => {
      late.signal.onabort = () => resolve({ name, health: silence, latencyMs: null });
    });
    const cancel = clock.after(PROBE_LIMIT_MS, () => late.abort());
    const answered = ask(late.signal).finally(() => {
      cancel();
      running = undefined;
    });
    return Promise.race([silent, answered]);
  };

  return () => (running ??= run());
};
