import type { Clock } from '../clock.ts';
import { createProcessMonitor, type ProcessGauges } from './process.ts';
import { createRate, type Rate } from './rate.ts';
import { SlidingHistogram } from './sliding-histogram.ts';

/** Milliseconds of a slice: so often the windows of all instruments move on. */
export const SLICE_MS = 5_000;

/** Whoever counts adds to it, and does nothing else. */
export interface Counter {
  total: number;
}

/** What those who do the work write down, and those who are asked how it goes read. */
export interface Instruments {
  /** Of queries and mutations: from their arrival to their result. */
  readonly responses: SlidingHistogram;
  /** From a change's commit to its hand-over to the sockets, once for each subscriber. */
  readonly deliveryLatency: SlidingHistogram;
  /** Payloads that were handed to subscribers. */
  readonly deliveries: Counter;
  /** How fast a total grows that somebody else keeps. For the start: it is watched until `close`. */
  rateOf(total: () => number): Rate;
  process(): ProcessGauges;
  /** Idempotent. */
  close(): void;
}

/** Creates the instruments of a process. Recording needs no clock: one timer moves all windows on. */
export const createInstruments = (clock: Clock): Instruments => {
  const responses = new SlidingHistogram();
  const deliveryLatency = new SlidingHistogram();
  const monitor = createProcessMonitor(clock);
  const windows: { turn(): void }[] = [responses, deliveryLatency, monitor];

  const turn = (): void => {
    for (const window of windows) window.turn();
    cancel = clock.after(SLICE_MS, turn);
  };
  let cancel = clock.after(SLICE_MS, turn);

  return {
    responses,
    deliveryLatency,
    deliveries: { total: 0 },
    rateOf(total) {
      const rate = createRate(total, clock);
      windows.push(rate);
      return rate;
    },
    process: () => monitor.read(),
    close() {
      cancel();
      monitor.close();
    },
  };
};
