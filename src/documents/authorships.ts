import { setImmediate } from 'node:timers/promises';
import { type AuthoredRange, Authorship } from './authorship.ts';
import { readChanges } from './log.ts';
import type { DocumentRow } from './store.ts';
import type { DocumentQuery } from './tables.ts';

/** Documents whose authorship is kept in memory. */
const MAX_CACHED_AUTHORSHIPS = 100;
/** Spans of all authorships in memory together, about 60 bytes each; the one used last stays even if it has more. */
const MAX_CACHED_SPANS = 1_000_000;
/** Rows of the log that one query reads. */
const PAGE_REVISIONS = 256;
/** Milliseconds for which working out authorships may keep the event loop. */
const MAX_STRETCH_MS = 8;

/** What is being worked out for a document, the newest request of it. */
interface Request {
  readonly revision: number;
  readonly ranges: Promise<AuthoredRange[]>;
}

/** Who wrote what: worked out from the log, and from where it was left when it is asked for again. */
export function createAuthorships(query: DocumentQuery) {
  const cache = createCache();
  const turns = createTurns();
  const requests = new Map<string, Request>();

  /** Brings an authorship up to the row's revision. */
  async function advance(authorship: Authorship, { tenantId, id, revision: until }: DocumentRow) {
    const key = { tenantId, documentId: id };
    while (authorship.revision < until) {
      const limit = Math.min(PAGE_REVISIONS, until - authorship.revision);
      const page = await readChanges(query, key, authorship.revision, limit);
      if (page.length === 0) return;
      for (const change of page) {
        if (turns.isOver()) await turns.next();
        authorship.apply(change);
      }
    }
  }

  async function workOut(name: string, row: DocumentRow, earlier?: Request): Promise<AuthoredRange[]> {
    // One at a time for a document, as an authorship changes in place; what became of the earlier one is its caller's.
    await earlier?.ranges.catch(() => undefined);
    await turns.next();
    // One that is past the row cannot go back: that row's is worked out anew, and not kept.
    const cached = cache.take(name, row.revision);
    const authorship = cached ?? new Authorship();
    try {
      await advance(authorship, row);
      const ranges: AuthoredRange[] = [];
      for (const range of authorship.ranges()) {
        if (turns.isOver()) await turns.next();
        ranges.push(range);
      }
      return ranges;
    } finally {
      cache.keep(name, authorship);
    }
  }

  return {
    /**
     * The authors of the text at the row's revision: consecutive ranges that cover the whole text. Those who ask for
     * the same revision while it is worked out get the same answer.
     */
    of(row: DocumentRow): Promise<AuthoredRange[]> {
      const name = `${row.tenantId}/${row.id}`;
      const earlier = requests.get(name);
      if (earlier?.revision === row.revision) return earlier.ranges;
      const ranges = workOut(name, row, earlier).finally(() => {
        if (requests.get(name)?.ranges === ranges) requests.delete(name);
      });
      requests.set(name, { revision: row.revision, ranges });
      return ranges;
    },
  };
}

/** The authorships that were used last, bounded by their number and by their spans. */
function createCache() {
  /** Least recently used first: a Map keeps the order of insertion. */
  const kept = new Map<string, Authorship>();
  let spans = 0;

  function drop(name: string, authorship: Authorship): void {
    kept.delete(name);
    spans -= authorship.size;
  }

  return {
    /** Takes out a document's authorship, to be changed and kept again; none when there is none up to that revision. */
    take(name: string, until: number): Authorship | undefined {
      const authorship = kept.get(name);
      if (!authorship || authorship.revision > until) return undefined;
      drop(name, authorship);
      return authorship;
    },
    /** Keeps an authorship, unless a newer one of the document is there. */
    keep(name: string, authorship: Authorship): void {
      const other = kept.get(name);
      if (other && other.revision > authorship.revision) return;
      if (other) drop(name, other);
      kept.set(name, authorship);
      spans += authorship.size;
      for (const [oldest, dropped] of kept) {
        if (kept.size <= MAX_CACHED_AUTHORSHIPS && (spans <= MAX_CACHED_SPANS || kept.size === 1)) return;
        drop(oldest, dropped);
      }
    },
  };
}

/** Turns of the event loop, shared by all that works at once: each turn one of them goes on, for a stretch of time. */
function createTurns() {
  let line: Promise<unknown> = Promise.resolve();
  let began = 0;
  return {
    /** Whether the present stretch has lasted its time. */
    isOver: (): boolean => performance.now() - began > MAX_STRETCH_MS,
    /** Waits in line for a turn of one's own. */
    next(): Promise<unknown> {
      line = line
        .then(() => setImmediate())
        .then(() => {
          began = performance.now();
        });
      return line;
    },
  };
}
