/** Who waits for something to become true. */
export interface Waiting {
  /** Resolves when it is true; rejects with what `close` was given. */
  until(isTrue: () => boolean): Promise<void>;
  /** To be called after everything that may make something true. */
  look(): void;
  /** Rejects all that waits, now and from now on. */
  close(error: Error): void;
}

export function createWaiting(): Waiting {
  interface Waiter {
    isTrue(): boolean;
    resolve(): void;
    reject(error: Error): void;
  }
  const waiters = new Set<Waiter>();
  let closed: Error | undefined;

  function look(): void {
    for (const waiter of waiters) {
      if (!closed && !waiter.isTrue()) continue;
      waiters.delete(waiter);
      if (closed) waiter.reject(closed);
      else waiter.resolve();
    }
  }

  return {
    until: (isTrue) =>
      new Promise((resolve, reject) => {
        waiters.add({ isTrue, resolve, reject });
        look();
      }),
    look,
    close(error) {
      closed ??= error;
      look();
    },
  };
}
