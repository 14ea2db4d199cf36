/** Values of one stream that may wait to be read. */
export const MAX_UNREAD = 10_000;

export interface UnreadOptions {
  /** `all`: when it is full, its writer has to stop. `newest`: a value takes the place of the one that waits. */
  readonly keeps: 'all' | 'newest';
  /** Called when half of what may wait was read, after it was full. */
  readonly onRoom: () => void;
  /** Called once, when the reader wants no more. */
  readonly onLeave: () => void;
}

/** The values of a stream, which come by themselves, for a reader who takes them one by one. Its size is bounded. */
export interface Unread<T> extends AsyncIterableIterator<T, undefined> {
  /** Whether it waits for its reader: nothing may be pushed until `onRoom`. */
  readonly isFull: boolean;
  /** Returns false when it is full from now on: nothing more may be pushed until `onRoom`. */
  push(value: T): boolean;
  /** Forgets what waits. */
  clear(): void;
  /** Ends it, after what came before; with an error where there is one. */
  end(error?: Error): void;
}

/** Values that wait for their reader: MAX_UNREAD at most, or the newest one. */
export function createUnread<T>({ keeps, onRoom, onLeave }: UnreadOptions): Unread<T> {
  const most = keeps === 'all' ? MAX_UNREAD : 1;
  let values: T[] = [];
  /** Of `values`, those that were read already. */
  let read = 0;
  const waiting: (() => void)[] = [];
  let isFull = false;
  let over = false;
  let failure: Error | undefined;

  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const compact = (): void => {
    values = values.slice(read);
    read = 0;
  };
  const take = (): { readonly value: T } | null => {
    if (read >= values.length) return null;
    const value = values[read] as T;
    read += 1;
    if (read * 2 >= values.length) compact();
    if (isFull && values.length - read <= most / 2) {
      isFull = false;
      onRoom();
    }
    return { value };
  };

  const unread: Unread<T> = {
    get isFull() {
      return isFull;
    },
    push(value) {
      if (over) return false;
      if (keeps === 'newest') unread.clear();
      values.push(value);
      isFull = keeps === 'all' && values.length - read >= most;
      wake();
      return !isFull;
    },
    clear() {
      values = [];
      read = 0;
      isFull = false;
    },
    end(error) {
      if (over) return;
      over = true;
      failure = error;
      wake();
    },
    async next() {
      for (;;) {
        const taken = take();
        if (taken) return { done: false, value: taken.value };
        if (failure) throw failure;
        if (over) return { done: true, value: undefined };
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async return() {
      const wasOver = over;
      over = true;
      failure = undefined;
      unread.clear();
      wake();
      if (!wasOver) onLeave();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => unread,
  };
  return unread;
}
