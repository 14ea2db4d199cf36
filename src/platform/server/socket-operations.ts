/** The operations of one socket, by the id that its client gave them. */
export interface SocketOperations {
  /**
   * Takes an operation on, or says why not: `taken` when the id is in use, `full` when there are too many. An id whose
   * operation was completed by the client, but is still being wound down, is free: the new one starts right after it.
   */
  begin(id: string, text: string): 'ok' | 'taken' | 'full';
  /** The client wants no more of it. False when there is nothing for graphql-ws to end. */
  complete(id: string): boolean;
}

interface Entry {
  /** False once the client has completed it. */
  wanted: boolean;
  /** The `subscribe` message that waits for the id. */
  next: string | null;
}

/**
 * Keeps count for graphql-ws, which has no limit, and which takes the end of an operation for the end of the next one
 * of the same id.
 */
class CountedOperations implements SocketOperations {
  readonly #limit: number;
  readonly #run: (text: string) => Promise<void>;
  readonly #entries = new Map<string, Entry>();
  /** Entries that are wanted or have a next one: what the client believes to be running. */
  #live = 0;

  constructor(limit: number, run: (text: string) => Promise<void>) {
    this.#limit = limit;
    this.#run = run;
  }

  begin(id: string, text: string): 'ok' | 'taken' | 'full' {
    const earlier = this.#entries.get(id);
    if (earlier && (earlier.wanted || earlier.next !== null)) return 'taken';
    // Those that are being wound down are soon gone, but must not pile up behind a slow resolver.
    if (this.#live >= this.#limit || this.#entries.size >= 2 * this.#limit) return 'full';
    this.#live += 1;
    if (earlier) earlier.next = text;
    else this.#start(id, text);
    return 'ok';
  }

  complete(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    if (entry.wanted || entry.next !== null) this.#live -= 1;
    const isRunning = entry.wanted;
    entry.wanted = false;
    entry.next = null;
    return isRunning;
  }

  #start(id: string, text: string): void {
    const entry: Entry = { wanted: true, next: null };
    this.#entries.set(id, entry);
    void this.#run(text).then(this.#onEnd(id, entry));
  }

  /** Apart from where it starts, so that its text is not held for as long as it runs. */
  #onEnd(id: string, entry: Entry): () => void {
    return () => {
      this.#entries.delete(id);
      if (entry.next !== null) this.#start(id, entry.next);
      else if (entry.wanted) this.#live -= 1;
    };
  }
}

/** Makes the operations of a socket. `run` runs a `subscribe` message until its operation has ended, and never rejects. */
export const createSocketOperations = (
  limit: number,
  run: (text: string) => Promise<void>,
): SocketOperations => new CountedOperations(limit, run);
