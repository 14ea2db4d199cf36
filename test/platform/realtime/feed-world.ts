import { createLogFeed, type LogFeed, type Verdict } from '../../../src/platform/realtime/log-feed.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { createLogSource, type Entry, type LogSource } from './log-source.ts';
import { deferred } from './sinks.ts';

/** What ends the subscriptions of a viewer who may not read any more. */
export class Refused extends Error {
  readonly viewer: string;

  constructor(viewer: string) {
    super(`${viewer} may not read this any more`);
    this.viewer = viewer;
  }
}

/** Something that was asked for and is not answered yet; its answer is as of when it was asked. */
export interface Held {
  finish(): void;
  fail(error: Error): void;
}

export interface FeedWorld {
  /** Hints, listeners and the clock; commit with `commit`, and not with its `append`. */
  readonly source: LogSource;
  readonly clock: ManualClock;
  /** Reads of the log and checks of access that wait for an answer, where they are held. */
  readonly reads: Held[];
  readonly checks: Held[];
  /** What was asked about who may have which events, in a world where that differs, and waits for an answer. */
  readonly sifts: Held[];
  /** Where each read of the log began, and who was asked for in each check. */
  readonly readFrom: number[];
  readonly checked: (readonly string[])[];
  /** Of how many events, and for whom (null: for whoever is here), it was asked who may have them. */
  readonly sifted: (readonly [events: number, viewer: string | null])[];
  readonly epoch: number;
  /** Feeds that were opened and closed so far. */
  readonly opened: number;
  readonly closed: number;
  head(): number;
  commit(count?: number): Entry[];
  epochOf(n: number): number;
  /** Raises the epoch. Nobody is told. */
  grant(...viewers: string[]): void;
  revoke(...viewers: string[]): void;
  /** Whether a viewer could read under an epoch. */
  mayRead(viewer: string, epoch?: number): boolean;
  /** The feed that is open: a new one behind `head` when there is none. */
  feed(head?: number): LogFeed<Entry, string>;
  /** Whether an event is for a viewer. */
  isFor(n: number, viewer: string): boolean;
  /** Removes an event from the log, as nothing ever should. */
  lose(n: number): void;
}

export interface FeedWorldOptions {
  readonly holdReads?: boolean;
  readonly holdChecks?: boolean;
  readonly holdSifts?: boolean;
  /** Who may have an event, where they are not all for everybody: as things stand when it is asked. */
  readonly isFor?: (n: number, viewer: string) => boolean;
}

/** A log whose readers come and go, with everything that a feed asks for in the hands of the test. */
export const createFeedWorld = ({
  holdReads = false,
  holdChecks = false,
  holdSifts = false,
  isFor,
}: FeedWorldOptions = {}): FeedWorld => {
  const source = createLogSource();
  const rows: Entry[] = [];
  const epochs: number[] = [0];
  const access: ReadonlySet<string>[] = [new Set()];
  let current: LogFeed<Entry, string> | null = null;
  let opened = 0;
  let closed = 0;

  const epoch = (): number => access.length - 1;
  const readersAt = (at: number): ReadonlySet<string> => access[at] ?? new Set();
  const raise = (change: (readers: Set<string>) => void): void => {
    const readers = new Set(readersAt(epoch()));
    change(readers);
    access.push(readers);
  };

  /** Answers now, or when the test says so. */
  const answer = <T>(value: T, held: boolean, queue: Held[]): Promise<T> => {
    if (!held) return Promise.resolve(value);
    const { promise, resolve, reject } = deferred<T>();
    queue.push({ finish: () => resolve(value), fail: reject });
    return promise;
  };

  const open = (head: number): LogFeed<Entry, string> => {
    opened += 1;
    const feed = createLogFeed<Entry, string>({
      listen(listener) {
        source.listeners.add(listener);
        return {
          ready: source.hearing === 'hold' ? new Promise(() => {}) : Promise.resolve(source.hearing),
          close: () => void source.listeners.delete(listener),
        };
      },
      read(after, limit) {
        world.readFrom.push(after);
        const found = rows.filter(({ n }) => n > after && n <= after + limit);
        return answer(found, holdReads, world.reads);
      },
      cursorOf: ({ n }) => n,
      charsOf: ({ text }) => text?.length ?? 0,
      epochOf: ({ n }) => world.epochOf(n),
      check(viewers) {
        world.checked.push(viewers);
        const at = epoch();
        const readers = readersAt(at);
        const refusals = new Map(
          viewers.filter((one) => !readers.has(one)).map((one) => [one, new Refused(one)]),
        );
        const verdict: Verdict<string> = { epoch: at, refusalOf: (one) => refusals.get(one) ?? null };
        return answer(verdict, holdChecks, world.checks);
      },
      ...(isFor && {
        sift(events: readonly Entry[], viewer: string | null) {
          world.sifted.push([events.length, viewer]);
          return answer(({ n }: Entry, one: string) => isFor(n, one), holdSifts, world.sifts);
        },
      }),
      head,
      clock: source.clock,
      onClose() {
        closed += 1;
        if (current === feed) current = null;
      },
    });
    current = feed;
    return feed;
  };

  const world: FeedWorld = {
    source,
    clock: source.clock,
    reads: [],
    checks: [],
    sifts: [],
    readFrom: [],
    checked: [],
    sifted: [],
    get epoch() {
      return epoch();
    },
    get opened() {
      return opened;
    },
    get closed() {
      return closed;
    },
    head: () => epochs.length - 1,
    commit(count = 1) {
      const events = source.append(count);
      for (const event of events) {
        rows.push(event);
        epochs[event.n] = epoch();
      }
      return events;
    },
    epochOf: (n) => epochs[n] ?? 0,
    grant: (...viewers) => raise((readers) => viewers.forEach((one) => readers.add(one))),
    revoke: (...viewers) => raise((readers) => viewers.forEach((one) => readers.delete(one))),
    mayRead: (viewer, at = epoch()) => readersAt(at).has(viewer),
    feed: (head = world.head()) => current ?? open(head),
    isFor: isFor ?? (() => true),
    lose: (n) =>
      void rows.splice(
        rows.findIndex((row) => row.n === n),
        1,
      ),
  };
  return world;
};
