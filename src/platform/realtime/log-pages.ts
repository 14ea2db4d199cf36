/** Events that one read of the log gives. A page begins behind a multiple of it, so that all who catch up share it. */
export const LOG_PAGE_EVENTS = 128;
/** Characters of the pages that are kept for those who catch up, in one feed. */
const MAX_KEPT_CHARS = 1024 * 1024;

export interface LogPagesOptions<E> {
  /** Up to `limit` events after the cursor, in order and without a hole; fewer only at the end of the log. */
  readonly read: (after: number, limit: number) => Promise<readonly E[]>;
  readonly charsOf?: ((event: E) => number) | undefined;
}

/** Old parts of a log, read once for all who want them at about the same time. */
export interface LogPages<E> {
  /** Some of the events after the cursor, in order; none only when the log has none. Rejects as `read` does. */
  after(cursor: number): Promise<readonly E[]>;
  /** Lets go of what is kept. */
  clear(): void;
}

/** Creates an empty cache of a log's pages. */
export const createLogPages = <E>({ read, charsOf = () => 0 }: LogPagesOptions<E>): LogPages<E> => {
  /** By the cursor that they begin behind; used last at the end. */
  const pages = new Map<number, Promise<readonly E[]>>();
  const sizes = new Map<number, number>();
  let keptChars = 0;

  const drop = (start: number): void => {
    pages.delete(start);
    keptChars -= sizes.get(start) ?? 0;
    sizes.delete(start);
  };

  const forget = (start: number, reading: Promise<readonly E[]>): void => {
    if (pages.get(start) === reading) drop(start);
  };

  const weigh = (start: number, page: readonly E[], reading: Promise<readonly E[]>): void => {
    if (pages.get(start) !== reading) return;
    const chars = page.reduce((sum, event) => sum + charsOf(event) + 1, 0);
    sizes.set(start, chars);
    keptChars += chars;
    for (const oldest of sizes.keys()) {
      if (keptChars <= MAX_KEPT_CHARS) break;
      drop(oldest);
    }
  };

  const pageFrom = (start: number): Promise<readonly E[]> => {
    const known = pages.get(start);
    if (known) return known;
    const reading = read(start, LOG_PAGE_EVENTS);
    pages.set(start, reading);
    reading.then(
      (page) => weigh(start, page, reading),
      () => forget(start, reading),
    );
    return reading;
  };

  return {
    async after(cursor) {
      const start = cursor - (cursor % LOG_PAGE_EVENTS);
      const reading = pageFrom(start);
      const page = await reading;
      if (page.length === LOG_PAGE_EVENTS || start + page.length > cursor) return page.slice(cursor - start);
      // It ended the log when it was read, and may have been read before somebody else.
      forget(start, reading);
      return (await pageFrom(start)).slice(cursor - start);
    },
    clear() {
      for (const start of [...pages.keys()]) drop(start);
    },
  };
};
