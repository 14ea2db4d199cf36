import { sql } from 'kysely';
import type { Role } from '../documents/permissions.ts';
import type { DocumentKey } from '../documents/store.ts';
import type { AlertDraft } from './alert.ts';
import type { Finding, Framework } from './scanner/finding.ts';
import type { ComplianceQuery } from './tables.ts';

/** An alert as its row says. */
export interface AlertRow extends AlertDraft {
  readonly tenantId: string;
  /** Its place among the tenant's alerts, from 1. The API's id. */
  readonly sequence: number;
  readonly documentId: string;
  readonly raisedAt: number;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: number | null;
}

/** Which of the alerts that a user may see are meant; null for all. */
export interface AlertFilter {
  readonly documentId: string | null;
  readonly framework: Framework | null;
  readonly minSeverity: number;
}

const alertColumns = [
  'compliance_alerts.tenant_id as tenantId',
  'compliance_alerts.sequence as sequence',
  'compliance_alerts.document_id as documentId',
  'compliance_alerts.framework as framework',
  'compliance_alerts.message as message',
  'compliance_alerts.severity as severity',
  'compliance_alerts.findings as findings',
  'compliance_alerts.digest as digest',
  'compliance_alerts.raised_at as raisedAt',
  'compliance_alerts.acknowledged_by as acknowledgedBy',
  'compliance_alerts.acknowledged_at as acknowledgedAt',
] as const;

const toAlert = (row: Omit<AlertRow, 'findings'> & { readonly findings: string }): AlertRow => ({
  ...row,
  findings: JSON.parse(row.findings) as Finding[],
});

/** The newest alert's place in the tenant's log; 0 when there is none. */
export async function newestSequence(query: ComplianceQuery, tenantId: string): Promise<number> {
  const { newest } = await selectNewest(query, tenantId).executeTakeFirstOrThrow();
  return newest ?? 0;
}

/** The query of `newestSequence`. */
export const selectNewest = (query: ComplianceQuery, tenantId: string) =>
  query
    .selectFrom('compliance_alerts')
    .select((eb) => eb.fn.max<number | null>('sequence').as('newest'))
    .where('tenant_id', '=', tenantId);

/** The query for a document that is not deleted. */
export const selectPresent = (query: ComplianceQuery, { tenantId, documentId }: DocumentKey) =>
  query
    .selectFrom('documents')
    .select('document_id as documentId')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('deleted_at', 'is', null);

/** The query for what the newest alert of a document and framework says. */
export const selectLast = (
  query: ComplianceQuery,
  { tenantId, documentId }: DocumentKey,
  framework: Framework,
) =>
  query
    .selectFrom('compliance_alerts')
    .select('digest')
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .where('framework', '=', framework)
    .orderBy('sequence', 'desc')
    .limit(1);

/** The query that adds alerts to the log; it fails when another process has added one of that sequence first. */
export const alertInsert = (query: ComplianceQuery, alerts: readonly AlertRow[]) =>
  query.insertInto('compliance_alerts').values(
    alerts.map((alert) => ({
      tenant_id: alert.tenantId,
      sequence: alert.sequence,
      document_id: alert.documentId,
      framework: alert.framework,
      message: alert.message,
      severity: alert.severity,
      findings: JSON.stringify(alert.findings),
      digest: alert.digest,
      raised_at: alert.raisedAt,
      acknowledged_by: alert.acknowledgedBy,
      acknowledged_at: alert.acknowledgedAt,
    })),
  );

/** The tenant's alerts after one, oldest first, whoever may see them. */
export async function readAlerts(
  query: ComplianceQuery,
  tenantId: string,
  after: number,
  limit: number,
): Promise<AlertRow[]> {
  const rows = await query
    .selectFrom('compliance_alerts')
    .select(alertColumns)
    .where('tenant_id', '=', tenantId)
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();
  return rows.map(toAlert);
}

/** Who may read these documents now, by document; of one user only where one is named. Nobody reads a deleted one. */
export async function readReaders(
  query: ComplianceQuery,
  tenantId: string,
  documentIds: readonly string[],
  userId: string | null,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  let select = query
    .selectFrom('document_collaborators as collaborator')
    .innerJoin('documents', (join) =>
      join
        .onRef('documents.tenant_id', '=', 'collaborator.tenant_id')
        .onRef('documents.document_id', '=', 'collaborator.document_id'),
    )
    .select(['collaborator.document_id as documentId', 'collaborator.user_id as userId'])
    .where('collaborator.tenant_id', '=', tenantId)
    .where('collaborator.document_id', 'in', documentIds)
    .where('documents.deleted_at', 'is', null);
  if (userId !== null) select = select.where('collaborator.user_id', '=', userId);
  const readers = new Map<string, Set<string>>();
  for (const row of await select.execute()) {
    const known = readers.get(row.documentId);
    if (known) known.add(row.userId);
    else readers.set(row.documentId, new Set([row.userId]));
  }
  return readers;
}

/** An alert with the role that a user has in its document; null when there is none, or its document is deleted. */
export async function findAlert(
  query: ComplianceQuery,
  tenantId: string,
  sequence: number,
  userId: string,
): Promise<{ alert: AlertRow; role: Role | null } | null> {
  const row = await query
    .selectFrom('compliance_alerts')
    .innerJoin('documents', (join) =>
      join
        .onRef('documents.tenant_id', '=', 'compliance_alerts.tenant_id')
        .onRef('documents.document_id', '=', 'compliance_alerts.document_id'),
    )
    .leftJoin('document_collaborators as collaborator', (join) =>
      join
        .onRef('collaborator.tenant_id', '=', 'compliance_alerts.tenant_id')
        .onRef('collaborator.document_id', '=', 'compliance_alerts.document_id')
        .on('collaborator.user_id', '=', userId),
    )
    .select([...alertColumns, 'collaborator.role as role'])
    .where('compliance_alerts.tenant_id', '=', tenantId)
    .where('compliance_alerts.sequence', '=', sequence)
    .where('documents.deleted_at', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  const { role, ...alert } = row;
  return { alert: toAlert(alert), role };
}

/**
 * A page of the alerts of documents that a user may read, newest first, before one of them. What it costs goes by the
 * alerts that the user may see, and not by the tenant's.
 */
export async function listAlerts(
  query: ComplianceQuery,
  tenantId: string,
  userId: string,
  filter: AlertFilter,
  first: number,
  before: number | null,
): Promise<AlertRow[]> {
  // By the plus SQLite looks up the user's documents in the index, where it would walk the tenant's log for the order.
  const place = sql<number>`+sequence`;
  let visible = visibleTo(query, tenantId, userId, filter).select('sequence');
  if (before !== null) visible = visible.where(place, '<', before);
  const rows = await query
    .selectFrom('compliance_alerts')
    .select(alertColumns)
    .where('tenant_id', '=', tenantId)
    .where('sequence', 'in', visible.orderBy(place, 'desc').limit(first))
    .orderBy('sequence', 'desc')
    .execute();
  return rows.map(toAlert);
}

export async function countAlerts(
  query: ComplianceQuery,
  tenantId: string,
  userId: string,
  filter: AlertFilter,
): Promise<number> {
  const { total } = await visibleTo(query, tenantId, userId, filter)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}

function visibleTo(
  query: ComplianceQuery,
  tenantId: string,
  userId: string,
  { documentId, framework, minSeverity }: AlertFilter,
) {
  const readable = query
    .selectFrom('document_collaborators as collaborator')
    .innerJoin('documents', (join) =>
      join
        .onRef('documents.tenant_id', '=', 'collaborator.tenant_id')
        .onRef('documents.document_id', '=', 'collaborator.document_id'),
    )
    .select('collaborator.document_id')
    .where('collaborator.tenant_id', '=', tenantId)
    .where('collaborator.user_id', '=', userId)
    .where('documents.deleted_at', 'is', null);
  let select = query
    .selectFrom('compliance_alerts')
    .where('tenant_id', '=', tenantId)
    .where('document_id', 'in', readable)
    .where('severity', '>=', minSeverity);
  if (documentId !== null) select = select.where('document_id', '=', documentId);
  if (framework !== null) select = select.where('framework', '=', framework);
  return select;
}

/** Writes who has acknowledged an alert, and when. */
export async function acknowledgeAlert(
  query: ComplianceQuery,
  { tenantId, sequence }: Pick<AlertRow, 'tenantId' | 'sequence'>,
  userId: string,
  at: number,
): Promise<void> {
  await query
    .updateTable('compliance_alerts')
    .set({ acknowledged_by: userId, acknowledged_at: at })
    .where('tenant_id', '=', tenantId)
    .where('sequence', '=', sequence)
    .execute();
}
