export interface PullStreamOptions<T> {
  /**
   * Makes the next value when a consumer waits for one, or says `undefined` for "nothing yet" (it is asked again
   * after `wake`). One call at a time. What it throws rejects the waiting `next()` and ends the stream.
   */
  readonly pull: () => T | undefined | Promise<T | undefined>;
  /** Called with each value as it is handed over; one that is made while the stream ends never is. */
  readonly onServe?: (value: T) => void;
  /** Called once, when the stream ends for whatever reason. */
  readonly onClose: () => void;
}

/** Values that are made when they are asked for: a slow consumer makes nothing pile up. */
export interface PullStream<T> extends AsyncIterableIterator<T, undefined> {
  /** Whether it is over; what `pull` makes after that is dropped. */
  readonly ended: boolean;
  /** Says that `pull` may have something now. */
  wake(): void;
  /** Ends the stream as `return()` does. Idempotent. */
  end(): void;
  return(): Promise<IteratorResult<T, undefined>>;
  throw(error: unknown): Promise<IteratorResult<T, undefined>>;
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * The base of every source of a subscription. It is not an `async function*`, because the `return()` of one waits for
 * its pending `next()`: a client that leaves while nothing happens would never be let go.
 */
export const createPullStream = <T>({ pull, onServe, onClose }: PullStreamOptions<T>): PullStream<T> => {
  // One entry a next() that the consumer itself has called; GraphQL's executor has one at a time.
  const waiting: Waiter<T>[] = [];
  let ended = false;
  let pulling = false;
  let woken = false;

  const end = (): void => {
    if (ended) return;
    ended = true;
    try {
      onClose();
    } finally {
      for (const waiter of waiting.splice(0)) waiter.resolve(DONE);
    }
  };

  const fail = (error: unknown): void => {
    pulling = false;
    if (ended) return;
    waiting.shift()?.reject(error);
    end();
  };

  /** Hands over what was pulled; true when it makes sense to pull again. */
  const serve = (value: T | undefined): boolean => {
    pulling = false;
    if (ended) return false;
    if (value === undefined) return woken;
    onServe?.(value);
    waiting.shift()?.resolve({ done: false, value });
    return true;
  };

  const pump = (): void => {
    let more = !pulling;
    while (more && !ended && waiting.length > 0) {
      pulling = true;
      woken = false;
      try {
        const value = pull();
        if (value instanceof Promise) {
          value.then((made) => {
            if (serve(made)) pump();
          }, fail);
          return;
        }
        more = serve(value);
      } catch (error) {
        fail(error);
      }
    }
  };

  const stream: PullStream<T> = {
    next() {
      if (ended) return Promise.resolve(DONE);
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        pump();
      });
    },
    async return() {
      end();
      return DONE;
    },
    async throw(error) {
      end();
      throw error;
    },
    wake() {
      woken = true;
      pump();
    },
    end,
    get ended() {
      return ended;
    },
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
};
