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
  /** Called when an event was handed to so many members. */
  readonly onDelivered?: ((event: E, members: number) => void) | undefined;
}

/** The live subscribers of one source whose payloads are equal. */
export interface Group<E, M> {
  readonly audience: Audience<E, unknown>;
  /** The cursor of the last event that its live members have. */
  readonly delivered: number;
  /**
   * Renders the event once and gives it to every live member, or to those that it is for. Events come in order, without
   * a gap.
   */
  deliver(event: E, isFor?: (member: M) => boolean): void;
  /** Makes a member live, whose cursor is not before `delivered`. */
  add(member: M): void;
  remove(member: M): void;
}

interface Queued<E, M> {
  readonly event: E;
  readonly isFor: ((member: M) => boolean) | undefined;
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
  onDelivered,
}: GroupOptions<E, M>): Group<E, M> => {
  const live = new Set<M>();
  let queue: Queued<E, M>[] = [];
  let rendering = false;
  let last = delivered;

  const leaveBehind = (member: M): void => {
    live.delete(member);
    onBehind(member);
  };

  const isWantedBy = (member: M, { event, isFor }: Queued<E, M>): boolean =>
    !member.skips?.(event) && (!isFor || isFor(member));

  const push = (queued: Queued<E, M>, payload: unknown): void => {
    const cursor = cursorOf(queued.event);
    last = Math.max(last, cursor);
    let taken = 0;
    for (const member of live) {
      if (cursor <= member.cursor) continue;
      if (!isWantedBy(member, queued)) {
        member.cursor = cursor;
      } else if (member.sink.offer(payload, cursor)) {
        member.cursor = cursor;
        taken += 1;
      } else {
        leaveBehind(member);
      }
    }
    if (taken > 0) onDelivered?.(queued.event, taken);
  };

  /** What nobody here wants is not rendered. Where nobody is here it is: who catches up will find it. */
  const render = (queued: Queued<E, M>): unknown => {
    for (const member of live) {
      if (isWantedBy(member, queued)) return audience.render(queued.event);
    }
    return live.size === 0 ? audience.render(queued.event) : undefined;
  };

  const renderOn = async (queued: Queued<E, M>, first: Promise<unknown>): Promise<void> => {
    rendering = true;
    push(queued, await first);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const payload = render(next);
      // Nobody may come between a look at who is here and what is not rendered for them.
      push(next, payload instanceof Promise ? await payload : payload);
    }
    rendering = false;
  };

  return {
    audience,
    get delivered() {
      return last;
    },
    deliver(event, isFor) {
      const queued = { event, isFor };
      if (!rendering) {
        const payload = render(queued);
        if (payload instanceof Promise) void renderOn(queued, payload);
        else push(queued, payload);
        return;
      }
      queue.push(queued);
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
