import type { Clock } from '../platform/clock.ts';
import { badInput } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import { createLogFeeds, type OpenLog } from '../platform/realtime/log-feeds.ts';
import type { Source } from '../platform/realtime/source.ts';
import type { Framework } from './scanner/finding.ts';
import { type AlertRow, newestSequence, readAlerts, readReaders } from './store.ts';
import type { ComplianceQuery } from './tables.ts';
import { addressOf, alertsRaised } from './topics.ts';

export interface AlertStreamsOptions {
  readonly query: ComplianceQuery;
  readonly broker: Broker;
  readonly clock: Clock;
}

export interface AlertStreamInput {
  /** null for all. */
  readonly framework: Framework | null;
  readonly minSeverity: number;
  /** The alert behind which the stream begins; from now on where it is left out. */
  readonly after?: number | null | undefined;
  /** What `after` is called where it came from, for the error about it. */
  readonly afterName?: string;
}

/** About the size of an alert, and of each of its findings, in characters. */
const ALERT_CHARS = 300;
const FINDING_CHARS = 120;

/**
 * The LOG streams of alerts: one feed for each tenant of which somebody watches. Who may have an alert is asked once for
 * all when it is live, and for each who catches up as things stand then. What is not for a subscriber is passed over.
 */
export function createAlertStreams({ query, broker, clock }: AlertStreamsOptions) {
  const feeds = createLogFeeds<AlertRow, string>();

  const openLog =
    (tenantId: string, head: number): OpenLog<AlertRow, string> =>
    () => ({
      listen: (listener) => broker.listen(alertsRaised, addressOf(tenantId), listener),
      read: (after, limit) => readAlerts(query, tenantId, after, limit),
      cursorOf: ({ sequence }) => sequence,
      charsOf: ({ findings }) => ALERT_CHARS + findings.length * FINDING_CHARS,
      // Nobody loses access to the log as a whole: each alert goes by its document.
      epochOf: () => 0,
      check: async () => ({ epoch: 0, refusalOf: () => null }),
      async sift(alerts, userId) {
        const documentIds = [...new Set(alerts.map(({ documentId }) => documentId))];
        const readers = await readReaders(query, tenantId, documentIds, userId);
        return ({ documentId }, viewer) => readers.get(documentId)?.has(viewer) ?? false;
      },
      head,
      clock,
    });

  return {
    /**
     * Every alert after `after` that the viewer may have, once, in order. Throws BAD_USER_INPUT for an `after` of the
     * future.
     */
    async alerts({ tenantId, userId }: Viewer, input: AlertStreamInput): Promise<Source<AlertRow>> {
      const head = await newestSequence(query, tenantId);
      const { framework, minSeverity, afterName = 'after' } = input;
      const after = input.after ?? head;
      if (after > head) throw badInput(afterName, `${afterName} must be 0 or the id of an alert.`);
      const skips = (alert: AlertRow): boolean =>
        alert.severity < minSeverity || (framework !== null && alert.framework !== framework);
      return feeds.source(tenantId, { viewer: userId, after, skips }, openLog(tenantId, head));
    },

    /** What is open now. */
    counts: () => feeds.counts(),
  };
}
