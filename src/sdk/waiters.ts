import { createDeferred, type Deferred } from './deferred.ts';
import { toError } from './link.ts';

interface Waiter<T> extends Deferred<T> {
  readonly isPatient: boolean;
}

/** Those who wait for one thing. */
export interface Waiters<T> {
  readonly count: number;
  /** Waits. Rejects with the signal's reason, too. */
  join(isPatient: boolean, signal: AbortSignal | undefined): Promise<T>;
  /** Gives it to all. */
  serve(value: T): void;
  /** Sends all away, or only those who are not patient. */
  dismiss(reason: Error, who: 'all' | 'impatient'): void;
}

/** Nobody waits at first. There are as many as calls of the client that are under way. */
export function createWaiters<T>(): Waiters<T> {
  const waiting = new Set<Waiter<T>>();
  return {
    get count() {
      return waiting.size;
    },
    async join(isPatient, signal) {
      signal?.throwIfAborted();
      const one: Waiter<T> = { ...createDeferred<T>(), isPatient };
      const leave = (): void => {
        waiting.delete(one);
        one.reject(toError(signal?.reason));
      };
      waiting.add(one);
      signal?.addEventListener('abort', leave, { once: true });
      try {
        return await one.promise;
      } finally {
        signal?.removeEventListener('abort', leave);
      }
    },
    serve(value) {
      for (const one of waiting) one.resolve(value);
      waiting.clear();
    },
    dismiss(reason, who) {
      for (const one of waiting) {
        if (who === 'impatient' && one.isPatient) continue;
        waiting.delete(one);
        one.reject(reason);
      }
    },
  };
}
