import { setImmediate } from 'node:timers/promises';

/** Milliseconds that a step computes before it lets events in; an abort is among them. */
const MAX_STRETCH_MS = 10;

/** What a step is given beside its input. */
export interface Work {
  readonly signal: AbortSignal;
  /** Told after each unit of work (a page, a passage, some bytes) how many of how many are done; never fewer than before. */
  readonly report: (done: number, total: number) => void;
}

/** What a step calls between its units of work. */
export interface Pace {
  /** Reports the units done, and lets events in when the step has computed for long. Throws the signal's reason. */
  at(done: number, total: number): Promise<void>;
}

/** The pace of one step: without it, a step in a loop would neither be seen nor stopped. */
export function createPace({ signal, report }: Work): Pace {
  let resumedAt = performance.now();
  return {
    async at(done, total) {
      signal.throwIfAborted();
      report(done, total);
      if (performance.now() - resumedAt < MAX_STRETCH_MS) return;
      await setImmediate();
      resumedAt = performance.now();
      signal.throwIfAborted();
    },
  };
}
