import type { Clock } from '../../src/platform/clock.ts';

interface Alarm {
  readonly at: number;
  readonly task: () => void;
}

export interface ManualClock extends Clock {
  /** Turns the hands and runs what falls due on the way, in order, each at its own time. */
  advance(ms: number): void;
  /** Timers that are set. A test that ends with 0 has left none behind. */
  readonly pending: number;
}

/** A clock that stands still until its hands are turned. */
export const createManualClock = (start = Date.UTC(2030, 0, 1)): ManualClock => {
  let now = start;
  const alarms = new Set<Alarm>();

  const nextDue = (until: number): Alarm | undefined => {
    let next: Alarm | undefined;
    for (const alarm of alarms) if (alarm.at <= until && (!next || alarm.at < next.at)) next = alarm;
    return next;
  };

  return {
    now: () => now,
    after(ms, task) {
      const alarm = { at: now + Math.max(0, ms), task };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    advance(ms) {
      const until = now + ms;
      for (let due = nextDue(until); due; due = nextDue(until)) {
        alarms.delete(due);
        now = due.at;
        due.task();
      }
      now = until;
    },
    get pending() {
      return alarms.size;
    },
  };
};
