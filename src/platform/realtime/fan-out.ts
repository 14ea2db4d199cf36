import type { Audience, Sink } from './source.ts';

/** Events that wait in a group while one before them is rendered; past it its members read them from the log. */
export const MAX_QUEUED_EVENTS = 1024;

/** A subscriber in a group. */
export interface Member<E> {
  /** The cursor of the last event that it has, or has skipped. */
  cursor: number;
  /** Its own events, which it does not get; null: it gets all. */
  readonly skips: ((event: E) => boolean) | null;
  readonly sink: Sink<unknown>;
}

export interface GroupOptions<E, M extends Member<E>> {
  readonly audience: Audience<E, unknown>;
  readonly cursorOf: (event: E) => number;
  /** The last event that was given to the groups of the same source. */
  readonly delivered: number;
  /** The member could not take an event: it is not live any more, and goes on behind its cursor. */
  readonly onBehind: (member: M) => void;
}

/** The live subscribers of one source whose payloads are equal. */
export interface Group<E, M> {
  readonly audience: Audience<E, unknown>;
  /** The cursor of the last event that its live members have. */
  readonly delivered: number;
  /** Renders the event once and gives it to every live member. Events come in order, without a gap. */
  deliver(event: E): void;
  /** Makes a member live, whose cursor is not before `delivered`. */
  add(member: M): void;
  remove(member: M): void;
}

/**
 * Creates a group without members: an event is executed and encoded once for all of them, and what is left to do for
 * each is to hand over the same payload. A member without room is let go, so that nobody waits for it.
 */
export const createGroup = <E, M extends Member<E>>({
  audience,
  cursorOf,
  delivered,
  onBehind,
}: GroupOptions<E, M>): Group<E, M> => {
  const live = new Set<M>();
  let queue: E[] = [];
  let rendering = false;
  let last = delivered;

  const leaveBehind = (member: M): void => {
    live.delete(member);
    onBehind(member);
  };

  const push = (event: E, payload: unknown): void => {
    const cursor = cursorOf(event);
    last = Math.max(last, cursor);
    for (const member of live) {
      if (cursor <= member.cursor) continue;
      if (member.skips?.(event) || member.sink.offer(payload, cursor)) member.cursor = cursor;
      else leaveBehind(member);
    }
  };

  const renderOn = async (event: E, first: Promise<unknown>): Promise<void> => {
    rendering = true;
    push(event, await first);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      push(next, await audience.render(next));
    }
    rendering = false;
  };

  return {
    audience,
    get delivered() {
      return last;
    },
    deliver(event) {
      if (!rendering) {
        const payload = audience.render(event);
        if (payload instanceof Promise) void renderOn(event, payload);
        else push(event, payload);
        return;
      }
      queue.push(event);
      if (queue.length <= MAX_QUEUED_EVENTS) return;
      queue = [];
      last = cursorOf(event);
      // A copy: one that is ahead of the others comes back at once.
      for (const member of [...live]) leaveBehind(member);
    },
    add: (member) => void live.add(member),
    remove: (member) => void live.delete(member),
  };
};
