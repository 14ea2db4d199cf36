import { setImmediate } from 'node:timers/promises';
import { QuireError } from '../errors.ts';
import type { Database, QueryBuilder } from './database.ts';

/** Lots that one transaction takes, and items of one lot. */
const MAX_GROUP = 64;
/** Lots that may wait for a transaction. */
export const MAX_WAITING_TASKS = 10_000;

/** Writes items, and says what became of each. */
export type Writer<Item, Result> = (
  transaction: QueryBuilder,
  items: readonly Item[],
) => Promise<(item: Item) => Result>;

/** What one call of a writer writes. */
interface Lot {
  /** Lets nobody join any more. */
  seal(): void;
  write(transaction: QueryBuilder): Promise<void>;
  /** Each of its items for itself. */
  split(): readonly Lot[];
  resolve(): void;
  reject(error: unknown): void;
}

/** An item, and who waits for it. */
interface Slot<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Commits what is to be written at the same time together, because a commit costs a write to the disk whatever is in it.
 * What is resolved is durable. It may be written twice (alone, when something else of its transaction has failed), so tasks
 * and writers do nothing but ask and change the database.
 */
export function createGroupCommit(database: Database) {
  const waiting: Lot[] = [];
  let running: Promise<void> | null = null;

  const runIn = (lots: readonly Lot[]): Promise<void> =>
    database.query.transaction().execute(async (transaction) => {
      for (const lot of lots) await lot.write(transaction);
    });

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      // One turn of the event loop: who speaks in this tick comes into the same group.
      await setImmediate();
      const group = waiting.splice(0, MAX_GROUP);
      for (const lot of group) lot.seal();
      try {
        await runIn(group);
        for (const lot of group) lot.resolve();
      } catch {
        for (const lot of group.flatMap((one) => one.split()))
          await runIn([lot]).then(
            () => lot.resolve(),
            (error: unknown) => lot.reject(error),
          );
      }
    }
    running = null;
  }

  /**
   * Makes a function that writes an item, in one call of the writer with those that wait at the same time, for what costs less
   * so. It rejects with what the writer throws of the item alone, having changed nothing.
   */
  function together<Item, Result>(writer: Writer<Item, Result>): (item: Item) => Promise<Result> {
    /** Of the lot that may be joined. */
    let open: Slot<Item, Result>[] | null = null;

    function lotOf(slots: readonly Slot<Item, Result>[]): Lot {
      let resultOf: ((item: Item) => Result) | undefined;
      return {
        seal() {
          if (open === slots) open = null;
        },
        async write(transaction) {
          resultOf = await writer(
            transaction,
            slots.map(({ item }) => item),
          );
        },
        split: () => slots.map((slot) => lotOf([slot])),
        resolve() {
          if (!resultOf) throw new Error('A lot was resolved that was not written.');
          for (const { item, resolve } of slots) resolve(resultOf(item));
        },
        reject(error) {
          for (const { reject } of slots) reject(error);
        },
      };
    }

    return (item) =>
      new Promise((resolve, reject) => {
        const slot = { item, resolve, reject };
        if (open && open.length < MAX_GROUP) {
          open.push(slot);
          return;
        }
        if (waiting.length >= MAX_WAITING_TASKS)
          throw new QuireError('UNAVAILABLE', 'Too much is waiting to be written.');
        open = [slot];
        waiting.push(lotOf(open));
        running ??= drain();
      });
  }

  return {
    together,

    /** Runs a task in a transaction that it may share with others. Rejects with what it throws, having changed nothing. */
    write: <T>(task: (transaction: QueryBuilder) => Promise<T>): Promise<T> =>
      together<null, T>(async (transaction) => {
        const result = await task(transaction);
        return () => result;
      })(null),

    /** Resolves when nothing waits. */
    async settled(): Promise<void> {
      await running;
    },
  };
}

export type GroupCommit = ReturnType<typeof createGroupCommit>;
