import type { Clock } from '../clock.ts';
import type { Hearing, Listener, Listening } from './broker.ts';
import { createPullStream } from './pull-stream.ts';

/** Events read from the log at a time, at most. */
export const PAGE_SIZE = 500;
/** The first page: how large this log's events are is not known yet. */
const FIRST_PAGE_SIZE = 50;
/** Live events kept for a consumer that is behind; past it they are dropped and read from the log instead. */
export const MAX_PENDING_EVENTS = 1024;
/** The same bound by size, in characters as `charsOf` counts them. */
export const MAX_PENDING_CHARS = 1024 * 1024;
/** How often the log is read at most while announcements may be lost, in milliseconds. */
export const POLL_MS = 2000;
/**
 * How often a log that is at rest is read although announcements arrive: the last one may have been lost, by an
 * instance that was killed between its commit and its announcement.
 */
export const SAFETY_POLL_MS = 30_000;

/** What is announced when a log has grown. */
export interface LogHint<E> {
  /** Cursor of the newest event. */
  readonly head: number;
  /** The new events in order; absent when they were too large to travel: read the log. */
  readonly events?: readonly E[];
}

export interface LogStreamOptions<E> {
  listen(listener: Listener<LogHint<E>>): Listening;
  /** Up to `limit` events after the cursor, in order; fewer only at the end of the log. */
  readonly read: (after: number, limit: number) => Promise<readonly E[]>;
  /** Cursors are whole numbers; each event's is its predecessor's plus one. */
  readonly cursorOf: (event: E) => number;
  /** About how large an event is, in characters, so that large ones are bounded too. */
  readonly charsOf?: (event: E) => number;
  /** The cursor that the consumer has already. */
  readonly after: number;
  /**
   * Called before each event is delivered; with null after `recheck()` and at each poll. What it throws ends the
   * stream with that error, and the event is not delivered.
   */
  readonly admit?: (newest: E | null) => void | Promise<void>;
  readonly clock: Clock;
}

export type LogStream<E> = AsyncIterableIterator<E, undefined> & {
  /** The cursor of the last event delivered: `after` for the stream that resumes this one. */
  readonly cursor: number;
  /** Ends the stream. Idempotent. */
  end(): void;
  /** Asks `admit(null)` before anything else is delivered: something about access may have changed. */
  recheck(): void;
};

/**
 * LOG delivery: every event after the cursor, once, in order, for as long as the consumer stays. The log is the truth
 * and announcements are hints, so none of them may be lost, doubled, reordered or late to any effect but time.
 * Listening starts with the first `next()`.
 */
export const createLogStream = <E>(options: LogStreamOptions<E>): LogStream<E> => {
  const { cursorOf, admit, clock } = options;
  let cursor = options.after;
  /** The newest cursor heard of. */
  let head = cursor;
  /** A cursor that was announced and that the log did not hold when it was read; the next poll looks again. */
  let unreached = cursor;
  let pageSize = FIRST_PAGE_SIZE;
  let page: readonly E[] = [];
  let pageAt = 0;
  let pending: E[] = [];
  let pendingChars = 0;
  let listening: Listening | undefined;
  let hearing: Hearing | undefined;
  let started = false;
  let readDue = true;
  let checkDue = false;
  let poll: { readonly ms: number; readonly cancel: () => void } | undefined;

  const dropPending = (): void => {
    pending = [];
    pendingChars = 0;
  };

  const listener: Listener<LogHint<E>> = {
    onEvent(hint) {
      if (hint.head <= cursor) return;
      head = Math.max(head, hint.head);
      for (const event of hint.events ?? []) {
        pending.push(event);
        pendingChars += options.charsOf?.(event) ?? 0;
      }
      // Nothing is lost: the head is known, so the log is read up to it.
      if (pending.length > MAX_PENDING_EVENTS || pendingChars > MAX_PENDING_CHARS) dropPending();
      stream.wake();
    },
    onInterrupted() {
      hearing = 'interrupted';
      stream.wake();
    },
    onLive() {
      hearing = 'live';
      readDue = true;
      stream.wake();
    },
  };

  const shiftPending = (): E | undefined => {
    const event = pending.shift();
    if (event !== undefined) pendingChars -= options.charsOf?.(event) ?? 0;
    return event;
  };

  /** The event that follows the cursor, when it is here. */
  const take = (): E | undefined => {
    if (pageAt < page.length) return page[pageAt++];
    if (pageAt > 0) page = []; // An idle stream holds no events.
    pageAt = 0;
    while (pending[0] !== undefined && cursorOf(pending[0]) <= cursor) shiftPending();
    return pending[0] !== undefined && cursorOf(pending[0]) === cursor + 1 ? shiftPending() : undefined;
  };

  const deliver = (event: E): E | Promise<E> => {
    const admitted = admit?.(event);
    return admitted ? admitted.then(() => event) : event;
  };

  const mustRead = (): boolean => readDue || head > Math.max(cursor, unreached);

  /** As many events as are likely to fit into MAX_PENDING_CHARS, going by the ones just read; twice as many at most. */
  const nextPageSize = (rows: readonly E[]): number => {
    const chars = rows.reduce((sum, event) => sum + (options.charsOf?.(event) ?? 0), 0);
    const fitting = chars === 0 ? PAGE_SIZE : Math.floor((rows.length * MAX_PENDING_CHARS) / chars);
    return Math.max(1, Math.min(fitting, 2 * pageSize, PAGE_SIZE));
  };

  const readPage = async (): Promise<void> => {
    const known = head;
    readDue = false;
    const limit = pageSize;
    page = await options.read(cursor, limit);
    if (page.length === limit) readDue = true;
    pageSize = nextPageSize(page);
    // Announced and not there. Reading again at once would spin, so the next poll does.
    if (page.length === 0) unreached = known;
  };

  const look = (): void => {
    poll = undefined;
    readDue = true;
    checkDue = true;
    stream.wake();
  };

  /** There is nothing to deliver: wait for a hint, or for the time to look without one. */
  const rest = (): undefined => {
    const ms = hearing === 'live' && head <= cursor ? SAFETY_POLL_MS : POLL_MS;
    if (poll && poll.ms <= ms) return;
    poll?.cancel();
    poll = { ms, cancel: clock.after(ms, look) };
  };

  const start = async (): Promise<void> => {
    listening = options.listen(listener);
    const answer = await listening.ready;
    hearing ??= answer;
    started = true;
  };

  const catchUp = async (): Promise<E | undefined> => {
    if (!started) await start();
    while (!stream.ended) {
      if (checkDue) {
        checkDue = false;
        await admit?.(null);
        continue;
      }
      const event = take();
      if (event !== undefined) return deliver(event);
      if (!mustRead()) return rest();
      await readPage();
    }
    return undefined;
  };

  const stream = createPullStream<E>({
    pull() {
      if (!started || checkDue) return catchUp();
      const event = take();
      if (event !== undefined) return deliver(event);
      return mustRead() ? catchUp() : rest();
    },
    onServe(event) {
      cursor = cursorOf(event);
    },
    onClose() {
      poll?.cancel();
      listening?.close();
      page = [];
      dropPending();
    },
  });

  const log: LogStream<E> = {
    next: () => stream.next(),
    return: () => stream.return(),
    throw: (error: unknown) => stream.throw(error),
    [Symbol.asyncIterator]: () => log,
    get cursor() {
      return cursor;
    },
    end: () => stream.end(),
    recheck() {
      checkDue = true;
      stream.wake();
    },
  };
  return log;
};
