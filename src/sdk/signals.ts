import { toError } from './link.ts';

/** What of an AbortSignal is listened to. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A signal for as many listeners as there are calls: of an AbortSignal, Node warns from the eleventh on. */
export function createStop(): { readonly signal: StopSignal; abort(reason: Error): void } {
  const listeners = new Set<() => void>();
  let why: Error | undefined;
  return {
    signal: {
      get aborted() {
        return why !== undefined;
      },
      get reason() {
        return why;
      },
      addEventListener(_type, listener) {
        if (why === undefined) listeners.add(listener);
      },
      removeEventListener: (_type, listener) => void listeners.delete(listener),
    },
    abort(reason) {
      if (why !== undefined) return;
      why = reason;
      const told = [...listeners];
      listeners.clear();
      for (const tell of told) tell();
    },
  };
}

/** A signal that is aborted when the first of several is, with its reason. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  /** Ends the listening to the others, which may live longer. */
  release(): void;
}

/** `AbortSignal.any`, but for what it keeps in memory in Node 20 as long as the longest-lived of them. */
export function joinSignals(...given: readonly (StopSignal | undefined)[]): JoinedSignal {
  const joined = new AbortController();
  const signals = given.filter((one) => one !== undefined);
  const abort = (): void => joined.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const one of signals) one.addEventListener('abort', abort, { once: true });
  if (signals.some(({ aborted }) => aborted)) abort();
  return {
    signal: joined.signal,
    release() {
      for (const one of signals) one.removeEventListener('abort', abort);
    },
  };
}

/** What a task gives that knows of no signal; the signal's reason when that comes first. */
export function abortable<T>(task: Promise<T>, signal: StopSignal | undefined): Promise<T> {
  if (!signal) return task;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(toError(signal.reason));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    task.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
