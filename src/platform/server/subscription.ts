import type { ExecutionResult } from 'graphql';
import type { Admission, Payload } from '../graphql/delivery.ts';
import type { Sink, Source } from '../realtime/source.ts';

/** Where the payloads of one subscription go: an operation of a socket, or an event stream. */
export interface Outlet extends Omit<Sink<Payload>, 'end'> {
  /** Takes a payload whether there is room or not: the last one. */
  force(payload: Payload): void;
  /** From now on nothing is sent, not even what waits to be sent. */
  silence(): void;
}

/**
 * A subscription under way. Its payloads go to its outlet by themselves; as an iterator, which graphql-ws waits for, it
 * has no values and tells the end alone.
 */
export interface Subscription extends AsyncIterableIterator<never, undefined> {
  /** Begins to deliver. To be called once. */
  start(outlet: Outlet): void;
  /** Ends it, with a last result for the client if there is one. Idempotent. */
  end(last?: ExecutionResult): void;
  /** The client wants no more of it: nothing more is sent. */
  return(): Promise<IteratorResult<never, undefined>>;
}

export interface SubscriptionOptions {
  readonly source: Source<unknown>;
  readonly admission: Admission;
  readonly encode: (result: ExecutionResult) => Payload;
  /** What the client is told when the source fails. */
  readonly explain: (error: unknown) => ExecutionResult;
  /** Called once, when it ends for whatever reason, with its last result if that is an error. */
  readonly onEnd: (last: ExecutionResult | undefined) => void;
}

const DONE = { done: true, value: undefined } as const;

/** Makes a subscription of a source. It never throws: when its source fails, the error is its last result. */
export const createSubscription = ({
  source,
  admission,
  encode,
  explain,
  onEnd,
}: SubscriptionOptions): Subscription => {
  let outlet: Outlet | undefined;
  let stop = (): void => {};
  let ended = false;
  /** Said before there was an outlet. */
  let unsaid: ExecutionResult | undefined;
  const waiting: ((result: IteratorResult<never, undefined>) => void)[] = [];

  const end = (last?: ExecutionResult): void => {
    if (ended) return;
    ended = true;
    if (outlet) stop();
    else void source[Symbol.asyncIterator]().return?.();
    admission.leave();
    if (last && outlet) outlet.force(encode(last));
    else unsaid = last;
    for (const resolve of waiting.splice(0)) resolve(DONE);
    onEnd(last);
  };

  const subscription: Subscription = {
    start(given) {
      outlet = given;
      if (ended) {
        if (unsaid) given.force(encode(unsaid));
        return;
      }
      stop = source.deliver<Payload>(admission.audience, {
        get hasRoom() {
          return given.hasRoom;
        },
        offer: (payload, cursor) => given.offer(payload, cursor),
        whenRoom: (call) => given.whenRoom(call),
        end: (error) => end(error === undefined ? undefined : explain(error)),
      });
      // It may have ended while it started.
      if (ended) stop();
    },
    end,
    next: () => (ended ? Promise.resolve(DONE) : new Promise((resolve) => waiting.push(resolve))),
    async return() {
      outlet?.silence();
      end();
      return DONE;
    },
    [Symbol.asyncIterator]: () => subscription,
  };
  return subscription;
};
