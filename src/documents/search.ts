import { createHash } from 'node:crypto';
import { badInput, QuireError } from '../platform/errors.ts';
import { toCursor } from '../platform/graphql/connection.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import { countFound, type FoundPosition, type FoundRow, selectFound } from './search-index.ts';
import { readTerms } from './search-terms.ts';
import type { DocumentQuery } from './tables.ts';

/** Searches that may wait for their turn. */
export const MAX_WAITING_SEARCHES = 1_000;

/** What a viewer's search finds. */
export interface Search {
  /** A page of the documents, the best first: up to `first` and one more when there are more. */
  readonly page: (first: number, after: string | null | undefined) => Promise<FoundRow[]>;
  readonly count: () => Promise<number>;
  readonly cursorOf: (row: FoundPosition) => string;
}

/**
 * Full-text search over titles and texts. `search-index.ts` says how results are ranked, `search-indexer.ts` when a
 * text is found.
 *
 * A cursor holds the place of a document in the order: score, time of creation, id. A score depends on the document and
 * the search alone, so pages fit together whatever is created, deleted or edited between them; a document that is
 * edited meanwhile may move, and then come twice or not at all. A digest binds the cursor to its search.
 *
 * Searches take turns, because one thread reads for everybody: other reads wait for one search at most.
 */
export function createSearch(query: DocumentQuery) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function inTurn<T>(ask: () => Promise<T>): Promise<T> {
    if (waiting >= MAX_WAITING_SEARCHES) {
      throw new QuireError('RATE_LIMITED', 'Too many searches wait.', { retryAfterMs: 1_000 });
    }
    waiting += 1;
    const turn = last.then(ask);
    last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      waiting -= 1;
    }
  }

  /** All words have to be found, the last one as a beginning. Throws BAD_USER_INPUT. */
  return function search({ tenantId, userId }: Viewer, text: string): Search {
    const terms = readTerms(text);
    const found = { tenantId, userId, terms };
    const cursorOf = ({ score, createdAt, id }: FoundPosition): string =>
      toCursor([score, createdAt, id, sealOf(terms, [score, createdAt, id])]);
    return {
      async page(first, after) {
        const position = after == null ? null : readPosition(after, cursorOf);
        if (terms.length === 0) return [];
        return inTurn(() => selectFound(query, found, first + 1, position).execute());
      },
      count: async () => (terms.length === 0 ? 0 : inTurn(() => countFound(query, found))),
      cursorOf,
    };
  };
}

const sealOf = (terms: readonly string[], position: readonly (string | number)[]): string =>
  createHash('sha256')
    .update(JSON.stringify([terms, position]))
    .digest('base64url')
    .slice(0, 16);

/** The place that a cursor holds, when it is what `cursorOf` makes of it. Throws BAD_USER_INPUT. */
function readPosition(cursor: string, cursorOf: (position: FoundPosition) => string): FoundPosition {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts)) {
      const [score, createdAt, id] = parts as readonly unknown[];
      if (Number.isSafeInteger(score) && Number.isSafeInteger(createdAt) && typeof id === 'string') {
        const position = { score: score as number, createdAt: createdAt as number, id };
        if (cursorOf(position) === cursor) return position;
      }
    }
  } catch {
    // Not ours: refused below.
  }
  throw badInput(
    'after',
    'after is not a cursor of this search. Take it from pageInfo.endCursor or an edge.',
  );
}
