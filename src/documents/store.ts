import { type InferResult, sql } from 'kysely';
import { isClientId } from './ids.ts';
import { type Access, documentNotFound, type Role, refusal } from './permissions.ts';
import type { DocumentQuery } from './tables.ts';

/** Names a document: an id means nothing without its tenant. */
export interface DocumentKey {
  readonly tenantId: string;
  readonly documentId: string;
}

/** A document as its row says, without the text. */
export interface DocumentRow {
  readonly tenantId: string;
  readonly id: string;
  readonly title: string;
  readonly revision: number;
  readonly length: number;
  readonly epoch: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface CollaboratorRow {
  readonly userId: string;
  readonly role: Role;
  readonly addedBy: string;
  readonly addedAt: number;
}

/** Where a page of the list begins: behind the document with these values. */
export interface ListPosition {
  readonly createdAt: number;
  readonly id: string;
}

/** What a DocumentRow is selected by. */
export const documentColumns = [
  'documents.tenant_id as tenantId',
  'documents.document_id as id',
  'documents.title as title',
  'documents.revision as revision',
  'documents.length as length',
  'documents.epoch as epoch',
  'documents.created_by as createdBy',
  'documents.created_at as createdAt',
  'documents.updated_at as updatedAt',
] as const;

/** The rows of a document and its collaborators. Every function takes the connection or the transaction to run in. */
export async function insertDocument(
  query: DocumentQuery,
  row: Omit<DocumentRow, 'epoch'>,
  seedDigest: string,
): Promise<void> {
  await query
    .insertInto('documents')
    .values({
      tenant_id: row.tenantId,
      document_id: row.id,
      title: row.title,
      seed_digest: seedDigest,
      created_by: row.createdBy,
      created_at: row.createdAt,
      updated_at: row.updatedAt,
      deleted_at: null,
      revision: row.revision,
      length: row.length,
      epoch: 0,
      indexed_revision: 0,
    })
    .execute();
}

/** A document whatever its state, with what tells a repeated creation; null when the id is free. */
export async function findSeed(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
): Promise<{ createdBy: string; digest: string; deleted: boolean } | null> {
  const row = await query
    .selectFrom('documents')
    .select(['created_by as createdBy', 'seed_digest as digest', 'deleted_at as deletedAt'])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .executeTakeFirst();
  return row ? { createdBy: row.createdBy, digest: row.digest, deleted: row.deletedAt !== null } : null;
}

/** The document with the role of one user, who may have none; null when there is no such document or it is deleted. */
export async function findDocument(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  userId: string,
): Promise<{ document: DocumentRow; role: Role | null } | null> {
  if (!isClientId(documentId)) return null;
  const row = await query
    .selectFrom('documents')
    .leftJoin('document_collaborators as collaborator', (join) =>
      join
        .onRef('collaborator.tenant_id', '=', 'documents.tenant_id')
        .onRef('collaborator.document_id', '=', 'documents.document_id')
        .on('collaborator.user_id', '=', userId),
    )
    .select([...documentColumns, 'collaborator.role as role'])
    .where('documents.tenant_id', '=', tenantId)
    .where('documents.document_id', '=', documentId)
    .where('documents.deleted_at', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  const { role, ...document } = row;
  return { document, role };
}

/** The document, whoever may read it; null when there is no such document or it is deleted. */
export async function lookUpDocument(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
): Promise<DocumentRow | null> {
  const row = await query
    .selectFrom('documents')
    .select(documentColumns)
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/** What a user may do with a document, and where that stands. */
export interface DocumentStanding {
  readonly documentId: string;
  readonly revision: number;
  readonly role: Role | null;
}

/** A user's standing with many documents: one parameter for all of them, because a query takes few thousand. */
export async function listStandings(
  query: DocumentQuery,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
  documentIds: readonly string[],
): Promise<DocumentStanding[]> {
  const wanted = sql<{ value: string }>`json_each(${JSON.stringify(documentIds.filter(isClientId))})`;
  return (
    query
      .selectFrom(wanted.as('wanted'))
      // SQLite takes the tables of a CROSS JOIN in this order. Otherwise it reads the whole list for each of the tenant's documents.
      .crossJoin('documents')
      .leftJoin('document_collaborators as collaborator', (join) =>
        join
          .onRef('collaborator.tenant_id', '=', 'documents.tenant_id')
          .onRef('collaborator.document_id', '=', 'documents.document_id')
          .on('collaborator.user_id', '=', userId),
      )
      .select(['documents.document_id as documentId', 'documents.revision', 'collaborator.role'])
      .where('documents.tenant_id', '=', tenantId)
      .whereRef('documents.document_id', '=', 'wanted.value')
      .where('documents.deleted_at', 'is', null)
      .execute()
  );
}

/** The document, when the user has the role in it. Throws NOT_FOUND or FORBIDDEN. */
export async function mustFindDocument(
  query: DocumentQuery,
  key: DocumentKey,
  userId: string,
  needed: Role,
): Promise<DocumentRow> {
  const found = await findDocument(query, key, userId);
  if (!found) throw documentNotFound();
  const refused = refusal({ role: found.role, epoch: found.document.epoch, deleted: false }, needed);
  if (refused) throw refused;
  return found.document;
}

type AccessRow = InferResult<ReturnType<typeof selectAccess>>[number];

/** What is known of several users' access to a document, with where the document stands. */
export interface DocumentAccess {
  readonly revision: number;
  readonly epoch: number;
  accessOf(userId: string): Access;
}

/** What several users may do with a document; null when there is no such document. */
export async function readAccess(
  query: DocumentQuery,
  key: DocumentKey,
  userIds: readonly string[],
): Promise<DocumentAccess | null> {
  if (!isClientId(key.documentId)) return null;
  return accessFrom(await selectAccess(query, key, userIds).execute());
}

/** The query of `readAccess`; `accessFrom` reads its rows. */
export const selectAccess = (
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  userIds: readonly string[],
) =>
  query
    .selectFrom('documents')
    .leftJoin('document_collaborators as collaborator', (join) =>
      join
        .onRef('collaborator.tenant_id', '=', 'documents.tenant_id')
        .onRef('collaborator.document_id', '=', 'documents.document_id')
        .on('collaborator.user_id', 'in', [...userIds]),
    )
    .select([
      'documents.revision as revision',
      'documents.epoch as epoch',
      'documents.deleted_at as deletedAt',
      'collaborator.user_id as userId',
      'collaborator.role as role',
    ])
    .where('documents.tenant_id', '=', tenantId)
    .where('documents.document_id', '=', documentId);

export function accessFrom(rows: readonly AccessRow[]): DocumentAccess | null {
  const [first] = rows;
  if (!first) return null;
  const roles = new Map(rows.map((row) => [row.userId, row.role]));
  const { revision, epoch } = first;
  const deleted = first.deletedAt !== null;
  return { revision, epoch, accessOf: (userId) => ({ role: roles.get(userId) ?? null, epoch, deleted }) };
}

/** A page of the documents that a user may read, newest first. */
export async function listDocuments(
  query: DocumentQuery,
  tenantId: string,
  userId: string,
  first: number,
  after: ListPosition | null,
): Promise<DocumentRow[]> {
  let select = readableBy(query, tenantId, userId).select(documentColumns);
  if (after) {
    select = select.where((eb) =>
      eb.or([
        eb('documents.created_at', '<', after.createdAt),
        eb.and([
          eb('documents.created_at', '=', after.createdAt),
          eb('documents.document_id', '<', after.id),
        ]),
      ]),
    );
  }
  return select
    .orderBy('documents.created_at', 'desc')
    .orderBy('documents.document_id', 'desc')
    .limit(first)
    .execute();
}

export async function countDocuments(
  query: DocumentQuery,
  tenantId: string,
  userId: string,
): Promise<number> {
  const { total } = await readableBy(query, tenantId, userId)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}

const readableBy = (query: DocumentQuery, tenantId: string, userId: string) =>
  query
    .selectFrom('document_collaborators as collaborator')
    .innerJoin('documents', (join) =>
      join
        .onRef('documents.tenant_id', '=', 'collaborator.tenant_id')
        .onRef('documents.document_id', '=', 'collaborator.document_id'),
    )
    .where('collaborator.tenant_id', '=', tenantId)
    .where('collaborator.user_id', '=', userId)
    .where('documents.deleted_at', 'is', null);

export interface DocumentUpdate {
  readonly title?: string;
  readonly deletedAt?: number;
  readonly revision?: number;
  readonly length?: number;
  readonly epoch?: number;
  readonly updatedAt: number;
}

export async function updateDocument(
  query: DocumentQuery,
  key: DocumentKey,
  update: DocumentUpdate,
): Promise<void> {
  await documentUpdate(query, key, update).execute();
}

/** The query of `updateDocument`. */
export const documentUpdate = (
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  { title, deletedAt, revision, length, epoch, updatedAt }: DocumentUpdate,
) =>
  query
    .updateTable('documents')
    // Kysely leaves out what is undefined.
    .set({ title, deleted_at: deletedAt, revision, length, epoch, updated_at: updatedAt })
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId);

export async function listCollaborators(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
): Promise<CollaboratorRow[]> {
  return query
    .selectFrom('document_collaborators')
    .select(['user_id as userId', 'role', 'added_by as addedBy', 'added_at as addedAt'])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .orderBy('added_at')
    .orderBy('user_id')
    .execute();
}

/** Adds a collaborator or gives one another role. */
export async function putCollaborator(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  { userId, role, addedBy, addedAt }: CollaboratorRow,
): Promise<void> {
  await query
    .insertInto('document_collaborators')
    .values({
      tenant_id: tenantId,
      document_id: documentId,
      user_id: userId,
      role,
      added_by: addedBy,
      added_at: addedAt,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'document_id', 'user_id']).doUpdateSet({ role }))
    .execute();
}

export async function removeCollaborator(
  query: DocumentQuery,
  { tenantId, documentId }: DocumentKey,
  userId: string,
): Promise<void> {
  await query
    .deleteFrom('document_collaborators')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('user_id', '=', userId)
    .execute();
}
