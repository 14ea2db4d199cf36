/** A value that changes, and who wants to know. */
export interface Observable<T> {
  readonly current: T;
  /** Calls at each change, not with the present value. Returns what ends that; idempotent. */
  subscribe(listener: (value: T) => void): () => void;
}

/** An observable with the way to change it. */
export interface Subject<T> extends Observable<T> {
  /** Tells the listeners, in the order in which they came. What one throws is thrown when all have been told. */
  set(value: T): void;
}

/** An observable that begins with a value. */
export function createSubject<T>(start: T): Subject<T> {
  let current = start;
  const listeners = new Set<{ readonly tell: (value: T) => void }>();
  return {
    get current() {
      return current;
    },
    subscribe(tell) {
      // An entry of its own, so that one function may listen twice.
      const entry = { tell };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    set(value) {
      current = value;
      const thrown: unknown[] = [];
      for (const { tell } of [...listeners]) {
        try {
          tell(value);
        } catch (error) {
          thrown.push(error);
        }
      }
      if (thrown.length > 0) throw thrown[0];
    },
  };
}
