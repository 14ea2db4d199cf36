import type { ExecutionResult } from 'graphql';

/** The results of a subscription, as they go to its client. */
export interface ResultStream extends AsyncIterableIterator<ExecutionResult, undefined> {
  /** Ends it, with a last result for the client if there is one. Idempotent. */
  end(last?: ExecutionResult): void;
  return(): Promise<IteratorResult<ExecutionResult, undefined>>;
}

export interface ResultStreamOptions {
  /** What the client is told when the source fails. */
  readonly explain: (error: unknown) => ExecutionResult;
  /** Called once, when it ends for whatever reason, with its last result if that is an error. */
  readonly onEnd: (last: ExecutionResult | undefined) => void;
}

type Resolve = (result: IteratorResult<ExecutionResult, undefined>) => void;

const DONE = { done: true, value: undefined } as const;

/**
 * A subscription that never throws: when its source does, the client gets the error as a last result and then the end.
 * (graphql-ws would end with an `error` message, or with the socket; Yoga's event stream would break off.) Ending lets
 * go of a waiting `next()` and calls the source's `return()` at once and only once.
 */
export const createResultStream = (
  source: AsyncIterable<ExecutionResult>,
  { explain, onEnd }: ResultStreamOptions,
): ResultStream => {
  const iterator = source[Symbol.asyncIterator]();
  // One entry a next() that was called: `for await` and Yoga have one at a time.
  const waiting: Resolve[] = [];
  let ended = false;
  let unread: ExecutionResult | undefined;

  const finish = (last?: ExecutionResult): void => {
    ended = true;
    const first = last && waiting.shift();
    if (first) first({ done: false, value: last });
    else unread = last;
    for (const resolve of waiting.splice(0)) resolve(DONE);
    onEnd(last);
  };

  const release = async (): Promise<void> => {
    try {
      await iterator.return?.();
    } catch (error) {
      // The client has left; explaining is for the log.
      explain(error);
    }
  };

  const end = (last?: ExecutionResult): void => {
    if (ended) return;
    finish(last);
    void release();
  };

  const onResult = (result: IteratorResult<ExecutionResult>): void => {
    if (ended) return;
    if (result.done) finish();
    else waiting.shift()?.({ done: false, value: result.value });
  };

  const stream: ResultStream = {
    next() {
      if (unread) {
        const value = unread;
        unread = undefined;
        return Promise.resolve({ done: false, value });
      }
      if (ended) return Promise.resolve(DONE);
      return new Promise((resolve) => {
        waiting.push(resolve);
        iterator.next().then(onResult, (error: unknown) => {
          if (!ended) finish(explain(error));
        });
      });
    },
    async return() {
      unread = undefined;
      end();
      return DONE;
    },
    end,
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
};
