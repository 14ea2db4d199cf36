import { sql } from 'kysely';
import type { DocumentChange } from './change.ts';
import type { DocumentKey } from './store.ts';
import type { DocumentQuery } from './tables.ts';

/** What a change id led to. */
export interface Receipt {
  readonly userId: string;
  readonly changeId: string;
  /** Of the change as it was sent. */
  readonly digest: string;
  /** The document's revision after it. */
  readonly revision: number;
  /** Revisions that it made, the last of them `revision`; 0 when it applied as nothing. */
  readonly splices: number;
}

export interface Snapshot {
  readonly revision: number;
  readonly content: string;
}

/** Rows of one INSERT: SQLite takes 32,766 parameters, Postgres 65,535. */
const ROWS_PER_INSERT = 256;
/** Of the snapshots, one in so many revisions stays for good, so that an old text is read through few rows. */
const MILESTONE_REVISIONS = 10_000;

/** Appends revisions. Fails with a unique violation when another instance has appended one of them first. */
export async function appendChanges(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  changes: readonly DocumentChange[],
): Promise<void> {
  for (let from = 0; from < changes.length; from += ROWS_PER_INSERT) {
    await query
      .insertInto('document_changes')
      .values(
        changes.slice(from, from + ROWS_PER_INSERT).map((change) => ({
          tenant_id: tenantId,
          document_id: documentId,
          revision: change.revision,
          position: change.position,
          length: change.length,
          content: change.content,
          user_id: change.userId,
          client_id: change.clientId,
          change_id: change.changeId,
          epoch: change.epoch,
          created_at: change.timestamp,
        })),
      )
      .execute();
  }
}

/** The log after a revision, oldest first. */
export async function readChanges(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  after: number,
  limit: number,
): Promise<DocumentChange[]> {
  return query
    .selectFrom('document_changes')
    .select([
      'document_id as documentId',
      'revision',
      'position',
      'length',
      'content',
      'user_id as userId',
      'client_id as clientId',
      'change_id as changeId',
      'epoch',
      'created_at as timestamp',
    ])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('revision', '>', after)
    .orderBy('revision')
    .limit(limit)
    .execute();
}

export async function insertReceipts(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  receipts: readonly Receipt[],
): Promise<void> {
  if (receipts.length === 0) return;
  await query
    .insertInto('document_receipts')
    .values(
      receipts.map(({ userId, changeId, digest, revision, splices }) => ({
        tenant_id: tenantId,
        document_id: documentId,
        user_id: userId,
        change_id: changeId,
        digest,
        revision,
        splices,
      })),
    )
    .execute();
}

/** The receipts that these users have for these change ids. */
export async function findReceipts(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  names: readonly Pick<Receipt, 'userId' | 'changeId'>[],
): Promise<Receipt[]> {
  if (names.length === 0) return [];
  // Pairs, so that the primary key finds each of them: change ids alone would have it read all the document's receipts.
  const pairs = sql.join(names.map(({ userId, changeId }) => sql`(${userId}, ${changeId})`));
  return query
    .selectFrom('document_receipts')
    .select(['user_id as userId', 'change_id as changeId', 'digest', 'revision', 'splices'])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where(sql<boolean>`(user_id, change_id) in (values ${pairs})`)
    .execute();
}

/** The newest snapshot at or before a revision. */
export async function findSnapshot(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  atOrBefore: number,
): Promise<Snapshot | null> {
  const row = await query
    .selectFrom('document_snapshots')
    .select(['revision', 'content'])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('revision', '<=', atOrBefore)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Writes a snapshot and lets go of the older ones, except for the milestones: the first of each span stays. */
export async function saveSnapshot(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  { revision, content }: Snapshot,
): Promise<void> {
  const span = revision - (revision % MILESTONE_REVISIONS);
  const kept = await query
    .selectFrom('document_snapshots')
    .select('revision')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('revision', '>=', span)
    .where('milestone', '=', 1)
    .limit(1)
    .executeTakeFirst();
  const milestone = span > 0 && !kept ? 1 : 0;
  await query
    .insertInto('document_snapshots')
    .values({ tenant_id: tenantId, document_id: documentId, revision, content, milestone })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'document_id', 'revision']).doNothing())
    .execute();
  await query
    .deleteFrom('document_snapshots')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('revision', '<', revision)
    .where('milestone', '=', 0)
    .execute();
}
