import type { Listener, Listening } from './broker.ts';
import { createPullStream, type PullStream } from './pull-stream.ts';

/** Events kept for a consumer that is behind; past it they are dropped and a fresh snapshot is sent instead. */
export const MAX_PENDING_DELTAS = 256;

export interface EventStreamOptions<T> {
  listen(listener: Listener<T>): Listening;
  /**
   * The whole state, as an event. Announcements made before the call are dropped, because the snapshot holds them;
   * those made after it are delivered after it. So the state must be changed before the change is announced. A
   * snapshot that is a promise may hold changes that are announced (and delivered again) while it is made: then the
   * events must bear repetition.
   */
  snapshot(): T | Promise<T>;
  readonly maxPending?: number;
  /**
   * Called before each snapshot and event is delivered; with null after `recheck()`. What it throws ends the stream
   * with that error, and nothing is delivered.
   */
  readonly admit?: (newest: T | null) => void | Promise<void>;
}

export type EventStream<T> = PullStream<T> & {
  /** Asks `admit(null)` before anything else is delivered: something about access may have changed. */
  recheck(): void;
};

/**
 * A STATE told as its changes (who is here, where their cursors are): a snapshot, then the events as they come. When
 * some may be missing, because the consumer is slow or listening was interrupted, a snapshot says again how things
 * stand. Listening starts with the first `next()`.
 */
export const createEventStream = <T>(options: EventStreamOptions<T>): EventStream<T> => {
  const { admit, maxPending = MAX_PENDING_DELTAS } = options;
  let listening: Listening | undefined;
  let pending: T[] = [];
  let snapshotDue = true;
  let checkDue = false;

  const startAfresh = (): void => {
    pending = [];
    snapshotDue = true;
  };

  const deliver = (event: T): T | Promise<T> => {
    const admitted = admit?.(event);
    return admitted ? admitted.then(() => event) : event;
  };

  const start = async (): Promise<T | undefined> => {
    listening = options.listen({
      onEvent(event) {
        // A snapshot that is due will hold it.
        if (!snapshotDue) pending.push(event);
        if (pending.length > maxPending) startAfresh();
        stream.wake();
      },
      onLive() {
        startAfresh();
        stream.wake();
      },
    });
    await listening.ready;
    return stream.ended ? undefined : next();
  };

  const check = async (): Promise<T | undefined> => {
    checkDue = false;
    await admit?.(null);
    return stream.ended ? undefined : next();
  };

  const next = (): T | undefined | Promise<T | undefined> => {
    if (checkDue) return check();
    if (!snapshotDue) {
      const event = pending.shift();
      return event === undefined ? undefined : deliver(event);
    }
    snapshotDue = false;
    const whole = options.snapshot();
    return whole instanceof Promise ? whole.then(deliver) : deliver(whole);
  };

  const stream = createPullStream<T>({
    pull: () => (listening ? next() : start()),
    onClose() {
      listening?.close();
      pending = [];
    },
  });
  return Object.assign(stream, {
    recheck() {
      checkDue = true;
      stream.wake();
    },
  });
};
