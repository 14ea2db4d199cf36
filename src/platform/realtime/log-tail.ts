/** Newest events that a feed keeps, so that those who are a little behind need no read of the log. */
const MAX_TAIL_EVENTS = 1024;
/** The same bound by size, in characters. */
const MAX_TAIL_CHARS = 1024 * 1024;

/** The newest events of a log: consecutive, and bounded in number and size. */
export interface LogTail<E> {
  /** Adds the event that follows the last one. */
  push(event: E): void;
  /** The events after the cursor, in order; null when the first of them is not here (any more). */
  after(cursor: number): readonly E[] | null;
  /** Lets go of all of them; the next one may be any. */
  clear(): void;
}

/** Creates an empty tail. */
export const createLogTail = <E>({
  cursorOf,
  charsOf = () => 0,
}: {
  readonly cursorOf: (event: E) => number;
  readonly charsOf?: ((event: E) => number) | undefined;
}): LogTail<E> => {
  let events: E[] = [];
  let chars = 0;

  return {
    push(event) {
      events.push(event);
      chars += charsOf(event);
      if (events.length <= MAX_TAIL_EVENTS && chars <= MAX_TAIL_CHARS) return;
      // Half of it at once, so that the rest is moved seldom.
      events = events.slice(Math.max(1, events.length >> 1));
      chars = events.reduce((sum, kept) => sum + charsOf(kept), 0);
    },
    after(cursor) {
      const [first] = events;
      if (first === undefined) return null;
      const index = cursor + 1 - cursorOf(first);
      return index < 0 || index >= events.length ? null : events.slice(index);
    },
    clear() {
      events = [];
      chars = 0;
    },
  };
};
