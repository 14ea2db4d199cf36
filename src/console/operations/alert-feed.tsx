import { useEffect } from 'react';
import { problemOf } from '../api/problem.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Empty, Skeleton } from '../ui/states.tsx';
import { several } from '../ui/words.ts';
import { AlertRow } from './alert-row.tsx';
import { useAlerts } from './use-alerts.ts';

/** What was found in documents, the newest first, live. */
export function AlertFeed() {
  const { alerts, titles, error, isLoading, again, readTitles } = useAlerts();
  const open = alerts.filter(({ acknowledgedAt }) => acknowledgedAt === null).length;
  const isTitleMissing = alerts.some(({ documentId }) => !titles.has(documentId));
  useEffect(() => {
    if (isTitleMissing) readTitles();
  }, [isTitleMissing, readTitles]);

  return (
    <section className="alerts-part" aria-label="Alerts">
      <div className="part-head">
        <h2>Alerts</h2>
        <span className="quiet" role="status">
          {!isLoading && `${several(open, 'alert')} to look at`}
        </span>
      </div>
      {error && <ProblemNotice problem={problemOf(error)} onRetry={again} />}
      {isLoading && !error && <Skeleton rows={3} label="Loading the alerts…" />}
      {!isLoading && alerts.length === 0 && (
        <Empty title="No personal data was found.">
          <p className="quiet">
            Alerts come here by themselves when a document is processed that holds some.
          </p>
        </Empty>
      )}
      <ul className="rows alerts">
        {alerts.map((alert) => (
          <AlertRow key={alert.id} alert={alert} title={titles.get(alert.documentId) ?? null} />
        ))}
      </ul>
    </section>
  );
}
