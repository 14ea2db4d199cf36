import type { Documents } from '../documents/documents.ts';
import { refusal } from '../documents/permissions.ts';
import type { DocumentRow } from '../documents/store.ts';
import type { DocumentTables } from '../documents/tables.ts';
import type { Clock } from '../platform/clock.ts';
import { QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import type { Database, QueryBuilder } from '../platform/storage/database.ts';
import { draftsOf } from './alert.ts';
import { AlertLog, type Scanned } from './alert-log.ts';
import { createAlertStreams } from './alert-streams.ts';
import {
  type AlertFilter,
  type AlertRow,
  acknowledgeAlert,
  alertInsert,
  countAlerts,
  findAlert,
  listAlerts,
  selectLast,
  selectNewest,
  selectPresent,
} from './store.ts';
import type { ComplianceQuery, ComplianceTables } from './tables.ts';
import { addressOf, alertsRaised } from './topics.ts';

export interface ComplianceOptions {
  readonly database: Database;
  readonly documents: Documents;
  readonly broker: Broker;
  readonly clock: Clock;
}

/**
 * Alerts about what scans have found. A tenant's alerts are one log; each is seen by those who may read its document at
 * the time, and by nobody when the document is deleted.
 */
export function createCompliance({ database, documents, broker, clock }: ComplianceOptions) {
  const query: ComplianceQuery = database.query.withTables<DocumentTables & ComplianceTables>();

  return {
    /** The LOG streams of alerts. */
    streams: createAlertStreams({ query, broker, clock }),

    /**
     * Writes an alert for each framework that a scan has found something of, within the caller's transaction, and gives
     * those of each scan; none where the newest alert of the document and framework says the same, and none for a document
     * that is gone. `announce` what this resolves with when the transaction is committed. Fails with a unique violation
     * when another process has raised an alert in the tenant first, on a database that has several writers.
     */
    async raise(
      transaction: Pick<QueryBuilder, 'getExecutor'>,
      scans: readonly Scanned[],
    ): Promise<ReadonlyMap<Scanned, readonly AlertRow[]>> {
      const drafted = scans.flatMap((scan) => {
        const drafts = draftsOf(scan.findings);
        return drafts.length > 0 ? [{ scan, drafts }] : [];
      });
      if (drafted.length === 0) return new Map();
      // All that is asked about all of them travels together, as a transaction is kept for no longer than it must.
      const known = await Promise.all(
        drafted.map(({ scan, drafts }) =>
          database.batch(transaction, [
            selectPresent(query, scan),
            selectNewest(query, scan.tenantId),
            ...drafts.map(({ framework }) => selectLast(query, scan, framework)),
          ]),
        ),
      );
      const log = new AlertLog();
      const raised = new Map<Scanned, readonly AlertRow[]>();
      for (const [index, { scan, drafts }] of drafted.entries()) {
        const [present = [], [newest] = [], ...last] = known[index] ?? [];
        if (present.length === 0) continue;
        const before = drafts.map((_, place) => last[place]?.[0]?.digest);
        raised.set(scan, log.add(scan, drafts, { head: newest?.newest ?? 0, before }));
      }
      const alerts = [...raised.values()].flat();
      if (alerts.length > 0) await database.batch(transaction, [alertInsert(query, alerts)]);
      return raised;
    },

    /** Tells of what one `raise` has written, once that is committed. Lost, it costs time and no alert. */
    announce(alerts: readonly AlertRow[]): void {
      const last = alerts.at(-1);
      if (!last) return;
      broker.publish(alertsRaised, addressOf(last.tenantId), { head: last.sequence, events: alerts });
    },

    /** A page of the alerts that the viewer may see, newest first: up to `first` and one more when there are more. */
    page: (
      { tenantId, userId }: Viewer,
      filter: AlertFilter,
      first: number,
      before: number | null,
    ): Promise<AlertRow[]> => listAlerts(query, tenantId, userId, filter, first + 1, before),

    count: ({ tenantId, userId }: Viewer, filter: AlertFilter): Promise<number> =>
      countAlerts(query, tenantId, userId, filter),

    /** The alert's document, when the viewer may read it. */
    document: (viewer: Viewer, { documentId }: AlertRow): Promise<DocumentRow | null> =>
      documents.find(viewer, documentId),

    /**
     * Notes that the viewer has seen to an alert; who was first stays. Needs EDITOR of its document: FORBIDDEN
     * otherwise, and NOT_FOUND when the viewer may not read it. null stands for what cannot be an alert.
     */
    acknowledge({ tenantId, userId }: Viewer, sequence: number | null): Promise<AlertRow> {
      return query.transaction().execute(async (transaction) => {
        const found = sequence === null ? null : await findAlert(transaction, tenantId, sequence, userId);
        if (!found?.role) throw new QuireError('NOT_FOUND', 'There is no such alert.');
        const { alert, role } = found;
        const refused = refusal({ role, epoch: 0, deleted: false }, 'EDITOR');
        if (refused) throw refused;
        if (alert.acknowledgedBy !== null) return alert;
        const at = clock.now();
        await acknowledgeAlert(transaction, alert, userId, at);
        return { ...alert, acknowledgedBy: userId, acknowledgedAt: at };
      });
    },
  };
}

export type Compliance = ReturnType<typeof createCompliance>;
