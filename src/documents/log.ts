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
  key: DocumentKey,
  changes: readonly DocumentChange[],
): Promise<void> {
  for (const insert of changeInserts(query, key, changes)) await insert.execute();
}

/** The queries of `appendChanges`. */
export function changeInserts(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  changes: readonly DocumentChange[],
) {
  const rows = changes.map((change) => ({
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
  }));
  return Array.from({ length: Math.ceil(rows.length / ROWS_PER_INSERT) }, (_, index) =>
    query
      .insertInto('document_changes')
      .values(rows.slice(index * ROWS_PER_INSERT, (index + 1) * ROWS_PER_INSERT)),
  );
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

/** The query that writes receipts; none when there are none to write. */
export function receiptInserts(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  receipts: readonly Receipt[],
) {
  if (receipts.length === 0) return [];
  const rows = receipts.map(({ userId, changeId, digest, revision, splices }) => ({
    tenant_id: tenantId,
    document_id: documentId,
    user_id: userId,
    change_id: changeId,
    digest,
    revision,
    splices,
  }));
  return [query.insertInto('document_receipts').values(rows)];
}

/** The query for the receipts of these change ids, of whichever user. */
export const selectReceipts = (
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  changeIds: readonly string[],
) =>
  query
    .selectFrom('document_receipts')
    .select(['user_id as userId', 'change_id as changeId', 'digest', 'revision', 'splices'])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('change_id', 'in', changeIds);

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
