import type { Clock } from '../clock.ts';

/** Turns of which the totals are kept: a rate is that of the last 5 to 10 seconds. */
const MARKS = 2;

/** How fast a total grows. */
export interface Rate {
  readonly perSecond: number;
  /** Moves its window on. */
  turn(): void;
}

/** Watches a total that never falls. Whoever adds to it does nothing for the rate. */
export const createRate = (total: () => number, clock: Clock): Rate => {
  const mark = () => ({ at: clock.now(), total: total() });
  const marks = [mark()];

  return {
    get perSecond() {
      const [first] = marks;
      const now = mark();
      // A clock may be set back.
      if (!first || now.at <= first.at) return 0;
      return ((now.total - first.total) * 1000) / (now.at - first.at);
    },
    turn() {
      marks.push(mark());
      if (marks.length > MARKS) marks.shift();
    },
  };
};
