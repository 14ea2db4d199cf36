import type { Clock } from '../platform/clock.ts';
import type { PullStream } from '../platform/realtime/pull-stream.ts';
import { createStateStream } from '../platform/realtime/state-stream.ts';

/** Milliseconds from a hint to the look that it asks for: hints that come together are one. */
const HINT_MS = 100;

export interface PolledStateOptions<T> {
  /** Finds out the state of now. */
  readonly take: () => Promise<T>;
  /** Milliseconds between two looks while somebody watches. */
  readonly everyMs: number;
  /** Whether those who were told the one are told the other. */
  readonly isNews: (told: T, now: T) => boolean;
  /** Calls when there may be news before it is time to look. The returned function ends that. */
  readonly onHint?: (hint: () => void) => () => void;
  readonly clock: Clock;
}

export interface PolledState<T> {
  /** The state of now. Those who ask at once are told the same. */
  fresh(): Promise<T>;
  /** STATE: what is known already, or found out at once, and then the news. */
  watch(): PullStream<T>;
}

/** A state that nobody announces: it is looked at, once for all who watch it, and not at all when nobody does. */
export const createPolledState = <T extends object>(options: PolledStateOptions<T>): PolledState<T> => {
  const { clock, everyMs, isNews } = options;
  const listeners = new Set<() => void>();
  let taking: Promise<T> | undefined;
  let looking: Promise<void> | undefined;
  /** The newest state, while somebody watches. */
  let latest: T | undefined;
  let told: T | undefined;
  let hinted = false;
  let cancel = (): void => {};
  let stopHints = (): void => {};

  const fresh = (): Promise<T> =>
    (taking ??= options.take().finally(() => {
      taking = undefined;
    }));

  const schedule = (ms: number): void => {
    cancel();
    cancel = clock.after(ms, () => void look());
  };

  const onHint = (): void => {
    if (hinted) return;
    hinted = true;
    if (!looking) schedule(HINT_MS);
  };

  const find = async (): Promise<void> => {
    hinted = false;
    // Whoever is told of a failure asks by itself, and is told why.
    const found = await fresh().catch(() => undefined);
    looking = undefined;
    if (listeners.size === 0) return;
    latest = found;
    if (told === undefined || found === undefined || isNews(told, found)) {
      told = found;
      for (const tell of listeners) tell();
    }
    schedule(hinted ? HINT_MS : everyMs);
  };

  const look = (): Promise<void> => (looking ??= find());

  const begin = (): void => {
    stopHints = options.onHint?.(onHint) ?? (() => {});
    void look();
  };

  const end = (): void => {
    cancel();
    stopHints();
    latest = undefined;
    told = undefined;
  };

  return {
    fresh,
    watch: () =>
      createStateStream<T>({
        listen(listener) {
          const tell = (): void => listener.onEvent(undefined);
          listeners.add(tell);
          if (listeners.size === 1) begin();
          return {
            ready: (latest === undefined ? look() : Promise.resolve()).then(() => 'live' as const),
            close() {
              if (listeners.delete(tell) && listeners.size === 0) end();
            },
          };
        },
        read: () => latest ?? fresh(),
        clock,
      }),
  };
};
