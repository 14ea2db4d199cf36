import { randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { findIndexState, insertPart, listLagging, publishEdition } from './search-index.ts';
import { partsOf } from './search-terms.ts';
import type { DocumentKey } from './store.ts';
import type { DocumentQuery } from './tables.ts';
import type { Texts } from './texts.ts';

/** Milliseconds from a change to the indexing of its document, and between two of the same document, at least. */
export const INDEX_DELAY_MS = 2_000;
/** A long text rests for longer: so many code units for each millisecond. */
const CHARS_PER_MS = 100;
/** Milliseconds after which what failed is tried again. */
export const INDEX_RETRY_MS = 30_000;
/** Documents that may wait to be indexed; what comes beyond them is found again in the database. */
export const MAX_WAITING_DOCUMENTS = 10_000;
/** Documents that one look for those that lag behind gives. */
const SWEEP_PAGE = 100;

/** A document that waits, or that rests after it was indexed. */
interface Waiting {
  readonly key: DocumentKey;
  dueAt: number;
  changed: boolean;
}

export interface IndexerOptions {
  readonly query: DocumentQuery;
  readonly texts: Texts;
  readonly clock: Clock;
}

/**
 * Brings the texts of documents into the search index, behind the commits and one document at a time, so that no edit
 * waits for it. The row of a document says which revision is indexed: what lags behind when the process starts is found
 * by that, and nothing has to be written down while an edit is committed. Titles are none of its work, except for
 * documents that are older than the index.
 */
export function createIndexer({ query, texts, clock }: IndexerOptions) {
  const waiting = new Map<string, Waiting>();
  /** Told of what failed; null while the indexer is not started, or stopped. */
  let onError: ((error: unknown) => void) | null = null;
  let sweep: { readonly dueAt: number; readonly after: DocumentKey | null } | null = null;
  let running: Promise<void> | null = null;
  let alarm: { readonly at: number; readonly cancel: () => void } | null = null;
  /** The last of those that are being indexed, one after another. */
  let last: Promise<unknown> = Promise.resolve();

  async function write(key: DocumentKey, asked: () => boolean): Promise<number> {
    const state = await findIndexState(query, key);
    if (!state || state.indexedRevision >= state.revision) return 0;
    const { revision } = state;
    const text = await texts.at(key, revision);
    const edition = randomUUID();
    const pieces = partsOf(text);
    let parts = 0;
    for (let piece = pieces.next(); ; ) {
      const following = pieces.next();
      const isLast = following.done === true;
      const gone = await query.transaction().execute(async (transaction) => {
        // Of a document that is deleted meanwhile nothing may come into the index again.
        if (!(await findIndexState(transaction, key))) return true;
        if (!piece.done) {
          await insertPart(transaction, key, edition, piece.value);
          parts += 1;
        }
        if (isLast) await publishEdition(transaction, key, { edition, revision, parts });
        return false;
      });
      if (gone || isLast || !asked()) return text.length;
      piece = following;
    }
  }

  /** Indexes in turn; resolves with the length of the text. What is not asked for any more is left unfinished. */
  function index(key: DocumentKey, asked: () => boolean = () => true): Promise<number> {
    const turn = last.then(() => write(key, asked));
    last = turn.catch(() => undefined);
    return turn;
  }

  const isStarted = (): boolean => onError !== null;

  async function indexWaiting(entry: Waiting): Promise<void> {
    entry.changed = false;
    try {
      const chars = await index(entry.key, isStarted);
      entry.dueAt = clock.now() + Math.max(INDEX_DELAY_MS, chars / CHARS_PER_MS);
    } catch (error) {
      onError?.(error);
      entry.changed = true;
      entry.dueAt = clock.now() + INDEX_RETRY_MS;
      // One of a sweep does not wait yet.
      waiting.set(nameOf(entry.key), entry);
    }
  }

  async function indexDue(): Promise<void> {
    for (const [name, entry] of waiting) {
      if (!isStarted()) return;
      if (entry.dueAt > clock.now()) continue;
      if (entry.changed) await indexWaiting(entry);
      else waiting.delete(name);
    }
  }

  /** Indexes some of those that lag behind, if it is time to. */
  async function sweepPage(): Promise<void> {
    if (!sweep || sweep.dueAt > clock.now()) return;
    const { after } = sweep;
    try {
      const keys = await listLagging(query, after, SWEEP_PAGE);
      for (const key of keys) {
        if (!isStarted()) return;
        await indexWaiting({ key, dueAt: 0, changed: true });
      }
      const next = keys.length === SWEEP_PAGE ? keys.at(-1) : undefined;
      // One that was asked for meanwhile begins anew.
      if (sweep?.after === after) sweep = next ? { dueAt: 0, after: next } : null;
    } catch (error) {
      onError?.(error);
      sweep = { dueAt: clock.now() + INDEX_RETRY_MS, after: null };
    }
  }

  const nextDue = (): number => {
    let next = sweep?.dueAt ?? Number.POSITIVE_INFINITY;
    for (const { dueAt } of waiting.values()) next = Math.min(next, dueAt);
    return next;
  };

  async function work(): Promise<void> {
    while (isStarted() && nextDue() <= clock.now()) {
      await indexDue();
      await sweepPage();
    }
  }

  function wakeAt(at: number): void {
    if (running || at === Number.POSITIVE_INFINITY || (alarm && alarm.at <= at)) return;
    alarm?.cancel();
    const cancel = clock.after(at - clock.now(), () => {
      alarm = null;
      // A timer may be early: then nothing is due, and another one is set.
      running = work().finally(() => {
        running = null;
        if (isStarted()) wakeAt(nextDue());
      });
    });
    alarm = { at, cancel };
  }

  return {
    /** Begins, with what lags behind. Nothing happens before: a process that only reads has no use for it. */
    start(tell: (error: unknown) => void): void {
      onError = tell;
      sweep = { dueAt: 0, after: null };
      wakeAt(clock.now());
    },

    /** Says that a text has changed. Never waits and never throws. */
    changed(key: DocumentKey): void {
      if (!isStarted()) return;
      const name = nameOf(key);
      const dueAt = clock.now() + INDEX_DELAY_MS;
      const known = waiting.get(name);
      if (known) known.changed = true;
      else if (waiting.size < MAX_WAITING_DOCUMENTS) waiting.set(name, { key, dueAt, changed: true });
      else sweep = { dueAt, after: null };
      wakeAt(known?.dueAt ?? dueAt);
    },

    /** Indexes a document now, as far as its text has changed. Resolves when it is found. */
    async index(key: DocumentKey): Promise<void> {
      await index(key);
    },

    /** Ends when the part under way is written. Idempotent. */
    async stop(): Promise<void> {
      onError = null;
      alarm?.cancel();
      alarm = null;
      await running;
      await last;
    },
  };
}

const nameOf = ({ tenantId, documentId }: DocumentKey): string => `${tenantId}/${documentId}`;

export type Indexer = ReturnType<typeof createIndexer>;
