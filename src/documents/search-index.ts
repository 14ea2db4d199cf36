import { type RawBuilder, sql } from 'kysely';
import { indexable, scopeOf } from './search-terms.ts';
import { type DocumentKey, type DocumentRow, documentColumns } from './store.ts';
import type { DocumentQuery } from './tables.ts';

/** How much a word in the title counts for, in words of a text of TYPICAL_CHARS. */
const TITLE_WEIGHT = 10;
/** The length at which a word in the text counts for one, in UTF-16 code units; in a longer text it counts for less. */
const TYPICAL_CHARS = 4_000;

/** A document that was found; `score` is a whole number, the larger the better. */
export type FoundRow = DocumentRow & { readonly score: number };

/** Where a page of the results begins: behind the document with these values. */
export type FoundPosition = Pick<FoundRow, 'score' | 'createdAt' | 'id'>;

export interface SearchQuery {
  readonly tenantId: string;
  readonly userId: string;
  /** FTS5 phrases, at least one. */
  readonly terms: readonly string[];
}

/** What the index has of a document, and what it should have. */
export interface IndexState {
  readonly title: string;
  readonly revision: number;
  /** -1 for a document of which nothing is indexed. */
  readonly indexedRevision: number;
}

/** How FTS5's bm25 weighs the columns `words` and `scope`. At LARGE a column's saturation is 1 to the last digit. */
const bm25 = (words: number, scope: number) =>
  sql`bm25(document_search, ${sql.lit(words)}, ${sql.lit(scope)})`;
const LARGE = 1e18;

/**
 * How often the term stands in the row. FTS5 tells it by bm25 alone, which is -idf · 2.2 · f / (f + c), where f is the
 * sum of the weights of the places found, and c depends on the length of the row beside the average of all rows. The
 * scope stands in each row once, so f is the weight for it, and c = bm25(large) / bm25(1) - 1; with that, f of the term
 * is c · bm25(1) / (bm25(large) - bm25(1)). The idf goes by division.
 */
const FREQUENCY = sql`round((${bm25(0, LARGE)} / ${bm25(0, 1)} - 1) * ${bm25(1, 0)} / (${bm25(LARGE, 0)} - ${bm25(1, 0)}))`;

/** The rows of the index that have a term, for each term by itself: they may stand in different parts of a document. */
const partsWith = ({ tenantId, terms }: SearchQuery, frequency: RawBuilder<unknown>) =>
  sql.join(
    terms.map(
      (term, index) => sql`
        select ${sql.lit(index)} as term, rowid as part_id, ${frequency} as frequency
        from document_search
        where document_search match ${`scope : "${scopeOf(tenantId)}" AND words : ${term}`}`,
    ),
    sql` union all `,
  );

/**
 * The documents that have all of the terms and that the user may read, with their score.
 *
 * The score is BM25F with k1 = 1.2 and b = 0.75, the title being a field of its own, but with a fixed length for the
 * average and without the idf. Those are figures of all rows: by the order of his results, a reader could find out
 * which words stand in documents of others. And a score that depends on nothing but the document stays as it is while
 * others change, so that a cursor keeps its place. The idf would change little: each result has all of the terms.
 */
const matches = (search: SearchQuery, frequency: RawBuilder<unknown> = FREQUENCY) => sql<{
  tenant_id: string;
  document_id: string;
  score: number;
}>`(
  with found as materialized (${partsWith(search, frequency)})
  select tenant_id, document_id, cast(round(1e6 * sum(weight / (weight + 1.2))) as integer) as score
  from (
    select documents.tenant_id, documents.document_id,
      sum(frequency * case
        when part.edition is null then ${sql.lit(TITLE_WEIGHT)}
        else 1 / (0.25 + 0.75 * documents.length / ${sql.lit(TYPICAL_CHARS)})
      end) as weight
    from found
    cross join document_search_parts as part on part.part_id = found.part_id
    cross join documents on documents.tenant_id = part.tenant_id and documents.document_id = part.document_id
      and documents.deleted_at is null and (part.edition is null or part.edition = documents.search_edition)
    cross join document_collaborators as collaborator on collaborator.tenant_id = documents.tenant_id
      and collaborator.document_id = documents.document_id and collaborator.user_id = ${search.userId}
    where documents.tenant_id = ${search.tenantId}
    group by documents.tenant_id, documents.document_id, found.term
  )
  group by tenant_id, document_id
  having count(*) = ${sql.lit(search.terms.length)}
)`;

/** The query for a page of what a search finds: by score, then newest first. */
export function selectFound(
  query: DocumentQuery,
  search: SearchQuery,
  first: number,
  after: FoundPosition | null,
) {
  const select = query
    .selectFrom(matches(search).as('found'))
    .innerJoin('documents', (join) =>
      join
        .onRef('documents.tenant_id', '=', 'found.tenant_id')
        .onRef('documents.document_id', '=', 'found.document_id'),
    )
    .select([...documentColumns, 'found.score as score'])
    .orderBy('found.score', 'desc')
    .orderBy('documents.created_at', 'desc')
    .orderBy('documents.document_id', 'desc')
    .limit(first);
  if (!after) return select;
  return select.where(
    sql<boolean>`(found.score, documents.created_at, documents.document_id) < (${after.score}, ${after.createdAt}, ${after.id})`,
  );
}

/** How many documents a search finds. */
export async function countFound(query: DocumentQuery, search: SearchQuery): Promise<number> {
  const { total } = await query
    .selectFrom(matches(search, sql.lit(1)).as('found'))
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Puts a piece of text into the index: the title, or a part of an edition of the text. */
export async function insertPart(
  transaction: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  edition: string | null,
  text: string,
): Promise<void> {
  const { partId } = await transaction
    .insertInto('document_search_parts')
    .values({ tenant_id: tenantId, document_id: documentId, edition })
    .returning('part_id as partId')
    .executeTakeFirstOrThrow();
  await transaction
    .insertInto('document_search')
    .values({ rowid: partId, words: indexable(text), scope: scopeOf(tenantId) })
    .execute();
}

/** Indexes the title in place of the one before. */
export async function putTitle(transaction: DocumentQuery, key: DocumentKey, title: string): Promise<void> {
  await dropParts(transaction, key, sql`edition is null`);
  await insertPart(transaction, key, null, title);
}

/** Takes parts of a document out of the index: all of them, unless a condition is given. */
export async function dropParts(
  transaction: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  which: RawBuilder<unknown> = sql`true`,
): Promise<void> {
  const chosen = sql<boolean>`tenant_id = ${tenantId} and document_id = ${documentId} and ${which}`;
  await transaction
    .deleteFrom('document_search')
    .where('rowid', 'in', (eb) => eb.selectFrom('document_search_parts').select('part_id').where(chosen))
    .execute();
  await transaction.deleteFrom('document_search_parts').where(chosen).execute();
}

/** The state of a document that is not deleted; null when there is none. */
export async function findIndexState(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
): Promise<IndexState | null> {
  const row = await query
    .selectFrom('documents')
    .select(['title', 'revision', 'indexed_revision as indexedRevision'])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/**
 * Makes an edition the one that is searched, and drops the others; drops itself, when the document was deleted or as new
 * a revision is indexed. Throws when parts of it are missing: another process has dropped them.
 */
export async function publishEdition(
  transaction: DocumentQuery,
  key: DocumentKey,
  { edition, revision, parts }: { edition: string; revision: number; parts: number },
): Promise<void> {
  const state = await findIndexState(transaction, key);
  if (!state || state.indexedRevision >= revision) {
    await dropParts(transaction, key, sql`edition = ${edition}`);
    return;
  }
  const { total } = await transaction
    .selectFrom('document_search_parts')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .where('tenant_id', '=', key.tenantId)
    .where('document_id', '=', key.documentId)
    .where('edition', '=', edition)
    .executeTakeFirstOrThrow();
  if (Number(total) !== parts) throw new Error(`Parts of ${key.documentId} are missing from the index.`);
  // Of a document that is older than the index, the title is missing, too.
  if (state.indexedRevision < 0) await putTitle(transaction, key, state.title);
  await dropParts(transaction, key, sql`edition <> ${edition}`);
  await transaction
    .updateTable('documents')
    .set({ indexed_revision: revision, search_edition: edition })
    .where('tenant_id', '=', key.tenantId)
    .where('document_id', '=', key.documentId)
    .execute();
}

/** Documents whose text has moved on since it was indexed, in the order of their keys, behind a key. */
export async function listLagging(
  query: DocumentQuery,
  after: DocumentKey | null,
  limit: number,
): Promise<DocumentKey[]> {
  let select = query
    .selectFrom('documents')
    .select(['tenant_id as tenantId', 'document_id as documentId'])
    .where('deleted_at', 'is', null)
    .whereRef('indexed_revision', '<', 'revision')
    .orderBy('tenant_id')
    .orderBy('document_id')
    .limit(limit);
  if (after) {
    select = select.where(sql<boolean>`(tenant_id, document_id) > (${after.tenantId}, ${after.documentId})`);
  }
  return select.execute();
}
