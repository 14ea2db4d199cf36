import { useCallback, useMemo, useRef } from 'react';
import { type CombinedError, useQuery, useSubscription } from 'urql';
import {
  type AlertFieldsFragment,
  ComplianceAlertsDocument,
  ComplianceAlertsRaisedDocument,
  type ComplianceAlertsRaisedSubscription,
} from '../../sdk/generated.ts';

/** Alerts that are read at the beginning. */
const FIRST_ALERTS = 20;
/** Alerts that are kept; the oldest go first. */
const MAX_ALERTS = 200;

interface Raised {
  readonly alerts: readonly AlertFieldsFragment[];
}

export interface Alerts {
  /** The newest first. */
  readonly alerts: readonly AlertFieldsFragment[];
  /** Of documents, by id; null where it is not there any more. */
  readonly titles: ReadonlyMap<string, string | null>;
  readonly error: CombinedError | undefined;
  readonly isLoading: boolean;
  readonly again: () => void;
  /** Asks for the titles of documents that live alerts are about; they come without. */
  readonly readTitles: () => void;
}

const collect = (before: Raised | undefined, data: ComplianceAlertsRaisedSubscription): Raised => ({
  alerts: [data.complianceAlerts, ...(before?.alerts ?? [])].slice(0, MAX_ALERTS),
});

/** The alerts that were there, and behind them the log, live: none is missing and none is there twice. */
export function useAlerts(): Alerts {
  const [{ data, error, fetching }, ask] = useQuery({
    query: ComplianceAlertsDocument,
    variables: { first: FIRST_ALERTS },
    requestPolicy: 'cache-and-network',
  });
  const edges = data?.complianceAlerts.edges;
  // Where the log is gone on from; it stays, whatever is read anew later.
  const start = useRef<string>(undefined);
  if (edges && start.current === undefined) start.current = edges[0]?.node.id ?? '0';
  const [live] = useSubscription<ComplianceAlertsRaisedSubscription, Raised>(
    {
      query: ComplianceAlertsRaisedDocument,
      variables: { after: start.current ?? null },
      pause: start.current === undefined,
    },
    collect,
  );

  const alerts = useMemo(() => {
    // What was read is newer than what was told, because it has the acknowledgements.
    const all = new Map<string, AlertFieldsFragment>();
    for (const alert of live.data?.alerts ?? []) all.set(alert.id, alert);
    for (const { node } of edges ?? []) all.set(node.id, node);
    return [...all.values()].sort((a, b) => Number(b.id) - Number(a.id)).slice(0, MAX_ALERTS);
  }, [edges, live.data]);
  const titles = useMemo(
    () => new Map(edges?.map(({ node }) => [node.documentId, node.document?.title ?? null])),
    [edges],
  );
  const again = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask]);
  return {
    alerts,
    titles,
    error: error ?? live.error,
    isLoading: fetching && !data,
    again,
    readTitles: again,
  };
}
