/** What somebody waits for. */
interface Place<T> {
  readonly priority: number;
  readonly serve: (thing: T) => void;
  readonly refuse: (reason: Error) => void;
}

/** Those who wait for one of several things that are alike: the highest priority first, then the order of asking. */
export class WaitingLine<T> {
  readonly #places: Place<T>[] = [];

  get length(): number {
    return this.#places.length;
  }

  /** Resolves with what is given to this place. Rejects with the signal's reason, or with that of `clear`. */
  wait(priority: number, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const leave = (): void => void this.#places.splice(this.#places.indexOf(place), 1);
      const giveUp = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      const done = (): void => signal.removeEventListener('abort', giveUp);
      const place: Place<T> = {
        priority,
        serve: (thing) => {
          done();
          resolve(thing);
        },
        refuse: (reason) => {
          done();
          reject(reason);
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      const before = this.#places.findLastIndex((other) => other.priority >= priority);
      this.#places.splice(before + 1, 0, place);
    });
  }

  /** Gives a thing to the first. Somebody must be waiting. */
  serve(thing: T): void {
    this.#places.shift()?.serve(thing);
  }

  /** Sends all of them away. */
  clear(reason: Error): void {
    for (const place of this.#places.splice(0)) place.refuse(reason);
  }
}
