import { QuireError } from '../errors.ts';
import { MAX_WAITING_QUERIES } from './sqlite-thread.ts';

/** Gives the one connection that writes to one after another, in the order of asking. */
export class WriteLock {
  readonly #waiting: (() => void)[] = [];
  #held = false;
  #closed = false;

  /** Resolves when it is the caller's turn; each turn is given back by one `release`. Rejects with UNAVAILABLE. */
  acquire(): Promise<void> {
    if (this.#closed) return Promise.reject(new QuireError('UNAVAILABLE', 'The database is closed.'));
    if (this.#waiting.length >= MAX_WAITING_QUERIES) {
      return Promise.reject(new QuireError('UNAVAILABLE', 'Too many writers are waiting for the database.'));
    }
    return this.#turn();
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#held = false;
  }

  /** Resolves when all who asked before have had their turn; nobody gets one afterwards. Once only. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#turn();
  }

  async #turn(): Promise<void> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#held = true;
  }
}
