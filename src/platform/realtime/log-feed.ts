import type { Clock } from '../clock.ts';
import type { Listener, Listening } from './broker.ts';
import { createGroup, type Group, type Member } from './fan-out.ts';
import { createLogPages } from './log-pages.ts';
import { createLogStream, type LogHint } from './log-stream.ts';
import { createLogTail } from './log-tail.ts';
import type { Audience, Sink } from './source.ts';

/** Whether some viewers may go on. */
export interface Verdict<V> {
  /** The access epoch that it was found under. */
  readonly epoch: number;
  /** What ends the viewer's subscriptions; null while they may go on. */
  refusalOf(viewer: V): unknown;
}

/** Whether an event is for a viewer: one of the events and viewers that were asked for. */
export type Sieve<E, V> = (event: E, viewer: V) => boolean;

export interface LogFeedOptions<E, V> {
  listen(listener: Listener<LogHint<E>>): Listening;
  /** Up to `limit` events after the cursor, in order; fewer only at the end of the log. */
  readonly read: (after: number, limit: number) => Promise<readonly E[]>;
  /** Cursors are whole numbers; each event's is its predecessor's plus one. */
  readonly cursorOf: (event: E) => number;
  /** About how large an event is, in characters. */
  readonly charsOf?: (event: E) => number;
  /** The access epoch that an event was committed under; it never falls. */
  readonly epochOf: (event: E) => number;
  /** Reads who of these may go on. What it throws ends every subscription. */
  check(viewers: readonly V[]): Promise<Verdict<V>>;
  /**
   * Where an event is for some only: reads who may have which of these, as things stand now. Asked once for an event that
   * is live, and for each who catches up (`viewer`) once a page. What it throws ends those that it was asked for.
   */
  readonly sift?: (events: readonly E[], viewer: V | null) => Promise<Sieve<E, V>>;
  /** Where the log is now: what comes behind it is live. */
  readonly head: number;
  readonly clock: Clock;
  /** Called when a live event was handed to so many subscribers, for each group of them. */
  readonly onDelivered?: ((event: E, members: number) => void) | undefined;
  /** Called once, when the last subscriber has gone or the feed has failed: it is not used any more. */
  readonly onClose: () => void;
}

export interface LogSubscription<E, V> {
  readonly viewer: V;
  /** The cursor that the subscriber has already. */
  readonly after: number;
  /** The subscriber's own events, where it does not want them. */
  readonly skips: ((event: E) => boolean) | null;
}

/** One log's live events and its past, for any number of subscribers. */
export interface LogFeed<E, V> {
  /** Delivers every event after the cursor, once, in order. The returned function ends it. */
  subscribe<P>(subscription: LogSubscription<E, V>, audience: Audience<E, P>, sink: Sink<P>): () => void;
  /** Asks for everybody's access anew before anything else is delivered. */
  recheck(): void;
  readonly members: number;
  readonly groups: number;
}

interface Subscriber<E, V> extends Member<E> {
  readonly viewer: V;
  readonly group: Group<E, Subscriber<E, V>>;
  /** The epoch under which its access was last found good. */
  checked: number;
  state: 'checking' | 'behind' | 'live' | 'gone';
}

/**
 * LOG delivery for many: one listener and one reader of the log, however many subscribe. A subscriber is `checking`
 * until its access is known (those who come together are asked for together), `behind` while it catches up from pages
 * of the log that it shares with the others, and `live` in its group from then on, or until its sink has no room.
 *
 * Access: nobody gets an event of a newer epoch than the one that their access was checked under. The checks' epoch
 * never falls, and whoever is here when it rises is asked again.
 */
export const createLogFeed = <E, V>(options: LogFeedOptions<E, V>): LogFeed<E, V> => {
  const { cursorOf, epochOf, clock } = options;
  type Sub = Subscriber<E, V>;
  const groups = new Map<Audience<E, unknown>, { readonly group: Group<E, Sub>; members: number }>();
  const subscribers = new Set<Sub>();
  /** Those who catch up and have room; while there are any, the newest events are kept for them. */
  const readers = new Set<Sub>();
  const tail = createLogTail<E>(options);
  const pages = createLogPages<E>(options);
  let arrivals: Sub[] = [];
  let admitting = false;
  let head = options.head;
  /** The epoch under which everybody here was checked. */
  let epoch = -1;
  let closed = false;

  const close = (): void => {
    if (closed) return;
    closed = true;
    stream.end();
    options.onClose();
  };

  const rest = (subscriber: Sub): void => {
    readers.delete(subscriber);
    if (readers.size > 0) return;
    tail.clear();
    pages.clear();
  };

  const remove = (subscriber: Sub): void => {
    if (subscriber.state === 'gone') return;
    subscriber.state = 'gone';
    const { group } = subscriber;
    group.remove(subscriber);
    rest(subscriber);
    subscribers.delete(subscriber);
    const entry = groups.get(group.audience);
    if (entry && (entry.members -= 1) === 0) groups.delete(group.audience);
    if (subscribers.size === 0) close();
  };

  const dismiss = (subscriber: Sub, error: unknown): void => {
    if (subscriber.state === 'gone') return;
    remove(subscriber);
    subscriber.sink.end(error);
  };

  const check = async (asked: readonly Sub[]): Promise<number> => {
    if (asked.length === 0) return epoch;
    const verdict = await options.check(asked.map(({ viewer }) => viewer));
    for (const subscriber of asked) {
      const refusal = verdict.refusalOf(subscriber.viewer);
      if (refusal == null) subscriber.checked = Math.max(subscriber.checked, verdict.epoch);
      else dismiss(subscriber, refusal);
    }
    return verdict.epoch;
  };

  const recheck = async (): Promise<void> => {
    let asked = [...subscribers];
    while (asked.length > 0) {
      epoch = Math.max(epoch, await check(asked));
      // Those who came meanwhile may have been asked for before the epoch rose.
      asked = [...subscribers].filter(({ checked }) => checked < epoch);
    }
  };

  const isBehind = (subscriber: Sub): boolean => subscriber.state === 'behind';

  const room = async (subscriber: Sub): Promise<void> => {
    // Nothing is kept for somebody who may never read on.
    rest(subscriber);
    await new Promise<void>((resolve) => subscriber.sink.whenRoom(resolve));
    if (isBehind(subscriber)) readers.add(subscriber);
  };

  /** Gives what it can of these; false when it must stop: no room, or the access must be checked first. */
  const give = async (subscriber: Sub, events: readonly E[]): Promise<boolean> => {
    const { sink, skips, group, viewer } = subscriber;
    const isFor = options.sift && (await options.sift(events, viewer));
    if (!isBehind(subscriber)) return false;
    for (const event of events) {
      if (epochOf(event) > subscriber.checked) {
        admit(subscriber);
        return false;
      }
      if (!skips?.(event) && (!isFor || isFor(event, viewer))) {
        // Before it is rendered: what many make at once and none can send would all be held.
        if (!sink.hasRoom) return false;
        const rendered = group.audience.render(event);
        const payload: unknown = rendered instanceof Promise ? await rendered : rendered;
        if (!isBehind(subscriber) || !sink.offer(payload, cursorOf(event))) return false;
      }
      subscriber.cursor = cursorOf(event);
    }
    return true;
  };

  const catchUp = async (subscriber: Sub): Promise<void> => {
    const { group, sink } = subscriber;
    try {
      while (isBehind(subscriber)) {
        if (subscriber.cursor >= group.delivered) {
          subscriber.state = 'live';
          rest(subscriber);
          group.add(subscriber);
          return;
        }
        if (!sink.hasRoom) await room(subscriber);
        const events = tail.after(subscriber.cursor) ?? (await pages.after(subscriber.cursor));
        if (events.length === 0) throw new Error('The log lacks an event that was delivered.');
        if (isBehind(subscriber) && !(await give(subscriber, events)) && isBehind(subscriber))
          await room(subscriber);
      }
    } catch (error) {
      dismiss(subscriber, error);
    }
  };

  const goBehind = (subscriber: Sub): void => {
    subscriber.state = 'behind';
    readers.add(subscriber);
    void catchUp(subscriber);
  };

  const admitAll = async (): Promise<void> => {
    admitting = true;
    while (arrivals.length > 0) {
      const asked = arrivals.filter(({ state }) => state === 'checking');
      arrivals = [];
      try {
        await check(asked);
      } catch (error) {
        for (const subscriber of asked) dismiss(subscriber, error);
      }
      for (const subscriber of asked) {
        if (subscriber.state === 'gone') continue;
        if (subscriber.checked >= epoch) goBehind(subscriber);
        else arrivals.push(subscriber);
      }
    }
    admitting = false;
  };

  const admit = (subscriber: Sub): void => {
    subscriber.state = 'checking';
    rest(subscriber);
    arrivals.push(subscriber);
    if (!admitting) void admitAll();
  };

  const stream = createLogStream<E>({
    ...options,
    listen(listener) {
      // What was said of access before is not known; what is said from now on is heard.
      stream.recheck();
      return options.listen(listener);
    },
    after: options.head,
    clock,
    admit: (newest) => (newest !== null && epochOf(newest) <= epoch ? undefined : recheck()),
  });

  const run = async (): Promise<void> => {
    try {
      for await (const event of stream) {
        const isFor = options.sift && (await options.sift([event], null));
        const isForMember = isFor && ((member: Sub): boolean => isFor(event, member.viewer));
        head = cursorOf(event);
        if (readers.size > 0) tail.push(event);
        for (const { group } of groups.values()) group.deliver(event, isForMember);
      }
    } catch (error) {
      for (const subscriber of subscribers) dismiss(subscriber, error);
    }
    close();
  };
  void run();

  const groupOf = (audience: Audience<E, unknown>): Group<E, Sub> => {
    let entry = groups.get(audience);
    if (!entry) {
      entry = {
        group: createGroup<E, Sub>({
          audience,
          cursorOf,
          delivered: head,
          onBehind: goBehind,
          onDelivered: options.onDelivered,
        }),
        members: 0,
      };
      groups.set(audience, entry);
    }
    entry.members += 1;
    return entry.group;
  };

  return {
    subscribe({ viewer, after, skips }, audience, sink) {
      const subscriber: Sub = {
        viewer,
        skips,
        // A group renders with its audience only, so that its members' sinks fit.
        sink: sink,
        group: groupOf(audience),
        cursor: after,
        checked: -1,
        state: 'checking',
      };
      subscribers.add(subscriber);
      admit(subscriber);
      return () => remove(subscriber);
    },
    recheck: () => stream.recheck(),
    get members() {
      return subscribers.size;
    },
    get groups() {
      return groups.size;
    },
  };
};
