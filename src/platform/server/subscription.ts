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

/** What a subscription tells of itself, above all when it ends. */
export interface Ending {
  /** Called for each payload that its outlet has taken. */
  onDelivered(): void;
  /** What the client is told when the source fails. */
  explain(error: unknown): ExecutionResult;
  encode(result: ExecutionResult): Payload;
  /** Called once, when it ends for whatever reason, with its last result if that is an error. */
  onEnd(last: ExecutionResult | undefined): void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * A subscription under way. Its payloads go to its outlet by themselves; as an iterator, which graphql-ws waits for, it
 * has no values and tells the end alone. It never throws: when its source fails, the error is its last result.
 */
export class Subscription implements AsyncIterableIterator<never, undefined>, Sink<Payload> {
  /** null when it has ended. */
  #ending: Ending | null;
  readonly #admission: Admission;
  /** null once it delivers. */
  #source: Source<unknown> | null;
  #outlet: Outlet | null = null;
  #stop: (() => void) | null = null;
  /** Said before there was an outlet. */
  #unsaid: Payload | null = null;
  #waiting: ((result: IteratorResult<never, undefined>) => void) | null = null;

  constructor(source: Source<unknown>, admission: Admission, ending: Ending) {
    this.#source = source;
    this.#admission = admission;
    this.#ending = ending;
  }

  /** Begins to deliver. To be called once. */
  start(outlet: Outlet): void {
    this.#outlet = outlet;
    if (!this.#ending) {
      if (this.#unsaid !== null) outlet.force(this.#unsaid);
      return;
    }
    const stop = this.#source?.deliver<Payload>(this.#admission.audience, this) ?? null;
    this.#source = null;
    // It may have ended while it started.
    if (this.#ending) this.#stop = stop;
    else stop?.();
  }

  /** Ends it, with a last result for the client if there is one. Idempotent. */
  finish(last?: ExecutionResult): void {
    const ending = this.#ending;
    if (!ending) return;
    this.#ending = null;
    this.#stop?.();
    this.#stop = null;
    // A source that was never started may hold something, too.
    void this.#source?.[Symbol.asyncIterator]().return?.();
    this.#source = null;
    this.#admission.leave();
    if (last && this.#outlet) this.#outlet.force(ending.encode(last));
    else if (last) this.#unsaid = ending.encode(last);
    this.#waiting?.(DONE);
    ending.onEnd(last);
  }

  get hasRoom(): boolean {
    return this.#outlet?.hasRoom ?? false;
  }

  offer(payload: Payload, cursor: number | null): boolean {
    const taken = this.#outlet?.offer(payload, cursor) ?? false;
    if (taken) this.#ending?.onDelivered();
    return taken;
  }

  whenRoom(call: () => void): void {
    this.#outlet?.whenRoom(call);
  }

  /** Said by its source. */
  end(error?: unknown): void {
    this.finish(error === undefined ? undefined : this.#ending?.explain(error));
  }

  /** Resolves when it has ended. Whoever waits does so once. */
  next(): Promise<IteratorResult<never, undefined>> {
    if (!this.#ending) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** The client wants no more of it: nothing more is sent. */
  return(): Promise<IteratorResult<never, undefined>> {
    this.#outlet?.silence();
    this.finish();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
