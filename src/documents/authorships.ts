import { LruMap } from '../platform/lru.ts';
import { type AuthoredRange, type AuthoredSpan, author, rangesOf } from './authorship.ts';
import { readChanges } from './log.ts';
import type { DocumentRow } from './store.ts';
import type { DocumentQuery } from './tables.ts';

/** Documents whose authorship is kept in memory. */
const MAX_CACHED_AUTHORSHIPS = 100;
/** Rows of the log that one query reads; between two pages the event loop goes on. */
const PAGE_REVISIONS = 1_000;

interface Authorship {
  readonly spans: readonly AuthoredSpan[];
  readonly revision: number;
}

/** Who wrote what: worked out from the log, and from where it was left when it is asked for again. */
export function createAuthorships(query: DocumentQuery) {
  const cache = new LruMap<string, Authorship>(MAX_CACHED_AUTHORSHIPS);

  return {
    /** The authors of the text at the row's revision: consecutive ranges that cover the whole text. */
    async of({ tenantId, id, revision: until }: DocumentRow): Promise<AuthoredRange[]> {
      const name = `${tenantId}/${id}`;
      const cached = cache.get(name);
      let { spans, revision }: Authorship =
        cached && cached.revision <= until ? cached : { spans: [], revision: 0 };
      while (revision < until) {
        const limit = Math.min(PAGE_REVISIONS, until - revision);
        const page = await readChanges(query, { tenantId, documentId: id }, revision, limit);
        if (page.length === 0) break;
        for (const change of page) spans = author(spans, change);
        revision += page.length;
      }
      if (revision >= (cache.get(name)?.revision ?? 0)) cache.set(name, { spans, revision });
      return rangesOf(spans);
    },
  };
}
