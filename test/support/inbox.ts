/** Values that may wait to be read; past it the stream fails, and its reader begins again where it stopped. */
const MAX_UNREAD = 10_000;

/** What comes in by itself, to be read one by one. */
export interface Inbox<T> extends AsyncIterableIterator<T, undefined> {
  push(value: T): void;
  /** Ends it with an error, after what came before. */
  fail(error: Error): void;
  end(): void;
}

/** `onLeave` is called once, when the reader wants no more or has fallen too far behind. */
export function createInbox<T>(onLeave: () => void): Inbox<T> {
  const values: T[] = [];
  const waiting: (() => void)[] = [];
  let ended = false;
  let failure: Error | undefined;

  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const inbox: Inbox<T> = {
    push(value) {
      if (ended) return;
      if (values.length >= MAX_UNREAD) {
        inbox.fail(new Error(`More than ${MAX_UNREAD} values wait to be read.`));
        onLeave();
        return;
      }
      values.push(value);
      wake();
    },
    fail(error) {
      if (ended) return;
      failure = error;
      inbox.end();
    },
    end() {
      ended = true;
      wake();
    },
    async next() {
      for (;;) {
        const value = values.shift();
        if (value !== undefined) return { done: false, value };
        if (failure) throw failure;
        if (ended) return { done: true, value: undefined };
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async return() {
      if (!ended) onLeave();
      ended = true;
      failure = undefined;
      values.length = 0;
      wake();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => inbox,
  };
  return inbox;
}
