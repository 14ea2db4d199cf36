import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import { openVisitor, type Topic, topics, type Visitor } from './visitor.ts';

/** Milliseconds between two looks at who comes and goes. */
const TICK_MS = 20;
/** Sockets that are being opened at a time, at most. */
const MAX_OPENING = 100;
/** Longest pause of a visitor that does not read, in milliseconds; a server pings every 12 s. */
const MAX_PAUSE_MS = 6_000;
/** How many of a thousand visitors pause, and how many begin a subscription anew, in a second. */
const PAUSES_PER_1000 = 10;
const RENEWALS_PER_1000 = 20;
/** One visitor in so many reads a document's changes from some revision on. */
const ONE_IN_BEHIND = 20;
/** Revisions that such a visitor is behind. */
const BEHIND = 300;
/** Milliseconds for which nothing must come, for it to be quiet; and how long it may take until then. */
const QUIET_MS = 200;
const CALM_MS = 20_000;
const MANNERS = ['politely', 'quickly', 'silently'] as const;
/** What is a visitor's own doing, or a paused one's that was given up. */
const EXPECTED_CODES = [1000, 1005, 1006, 1013];

export interface CrowdOptions {
  readonly url: string;
  /** How many are there at a time. */
  readonly size: number;
  /** Milliseconds that a visitor stays, on average. */
  readonly stayMs: number;
  readonly random: Random;
  readonly documentIds: readonly string[];
  readonly tokens: readonly string[];
  /** The newest revision of a document that is known of. */
  readonly revisionOf: (documentId: string) => number;
}

/** Many visitors who come and go at random. */
export interface Crowd {
  readonly size: number;
  /** Events that were delivered so far. */
  readonly deliveries: number;
  /** Visitors that have come so far. */
  readonly visitors: number;
  /** What should not have happened. */
  readonly problems: readonly string[];
  /** Lets them come, go, pause and move their cursors until the signal. */
  bustle(signal: AbortSignal): Promise<void>;
  /** Brings it to a rest: everybody is there, nobody is paused, and nothing comes any more. */
  calm(): Promise<void>;
  /** All leave, and nobody comes. Resolves when the last one has gone. */
  disperse(): Promise<void>;
}

export function createCrowd(options: CrowdOptions): Crowd {
  const { size, stayMs, random, documentIds } = options;
  const present: Visitor[] = [];
  const problems: string[] = [];
  const paused: { readonly visitor: Visitor; readonly until: number }[] = [];
  let deliveries = 0;
  let visitors = 0;
  /** Sockets that are not closed yet. */
  let open = 0;

  const chooseTopics = (): Topic[] => {
    const all = Object.keys(topics) as Topic[];
    return random.chance(0.3) ? all : [random.pick(all)];
  };

  const invite = (): void => {
    visitors += 1;
    open += 1;
    const documentId = random.pick(documentIds);
    const isBehind = random.chance(1 / ONE_IN_BEHIND);
    const visitor: Visitor = openVisitor({
      url: options.url,
      token: random.pick(options.tokens),
      clientId: `visitor-${visitors}`,
      documentId,
      topics: chooseTopics(),
      after: isBehind ? Math.max(0, options.revisionOf(documentId) - random.between(0, BEHIND)) : null,
      onDelivery() {
        deliveries += 1;
      },
      onProblem: (what) => void problems.push(what),
      onClose(code) {
        open -= 1;
        const index = present.indexOf(visitor);
        if (index === -1) return;
        // It has not left: it was closed.
        present.splice(index, 1);
        if (!EXPECTED_CODES.includes(code)) problems.push(`a socket was closed with ${code}`);
      },
    });
    present.push(visitor);
  };

  const dismiss = (visitor: Visitor): void => {
    present.splice(present.indexOf(visitor), 1);
    visitor.leave(random.pick(MANNERS));
  };

  const opening = (): number => present.reduce((sum, { isIn }) => sum + Number(!isIn), 0);

  const fill = (): void => {
    let room = MAX_OPENING - opening();
    while (present.length < size && room > 0) {
      invite();
      room -= 1;
    }
  };

  /** Runs a task as often as it happens in a tick on average. */
  const often = (perTick: number, task: (visitor: Visitor) => void): void => {
    let times = Math.floor(perTick) + Number(random.chance(perTick % 1));
    for (; times > 0 && present.length > 0; times -= 1) task(random.pick(present));
  };

  const wakeUp = (now: number): void => {
    while (paused[0] && paused[0].until <= now) paused.shift()?.visitor.resume();
  };

  const tick = (): void => {
    const perSecond = TICK_MS / 1_000;
    often((size * TICK_MS) / stayMs, dismiss);
    fill();
    wakeUp(performance.now());
    often(perSecond * (size / 1_000) * PAUSES_PER_1000, (visitor) => {
      if (visitor.isPaused || !visitor.isIn) return;
      visitor.pause();
      paused.push({ visitor, until: performance.now() + random.between(1, MAX_PAUSE_MS) });
      paused.sort((one, other) => one.until - other.until);
    });
    often(perSecond * (size / 1_000) * RENEWALS_PER_1000, (visitor) =>
      visitor.renew(random.pick(Object.keys(topics) as Topic[])),
    );
    // About one in the second of each document.
    often(perSecond * documentIds.length, (visitor) => {
      if (visitor.isIn && visitor.isPresent && !visitor.isPaused) visitor.moveCursor(random.between(0, 500));
    });
  };

  return {
    get size() {
      return present.length;
    },
    get deliveries() {
      return deliveries;
    },
    get visitors() {
      return visitors;
    },
    problems,
    async bustle(signal) {
      while (!signal.aborted) {
        tick();
        await sleep(TICK_MS);
      }
    },
    async calm() {
      const deadline = performance.now() + CALM_MS;
      wakeUp(Number.POSITIVE_INFINITY);
      let before = -1;
      while (present.length < size || opening() > 0 || before !== deliveries) {
        if (performance.now() > deadline) {
          problems.push(`it did not become quiet: ${present.length} there, ${opening()} coming`);
          return;
        }
        fill();
        before = deliveries;
        await sleep(QUIET_MS);
      }
    },
    async disperse() {
      while (present[0]) dismiss(present[0]);
      const deadline = performance.now() + CALM_MS;
      while (open > 0) {
        if (performance.now() > deadline) throw new Error(`${open} sockets do not close`);
        await sleep(TICK_MS);
      }
    },
  };
}
