import { useSubscription } from 'urql';
import { SystemStatusUpdatesDocument } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { Page } from '../shell/page.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { AlertFeed } from './alert-feed.tsx';
import { Figures } from './figures.tsx';
import { Services } from './services.tsx';

/** How the server does, and what it has found in documents. Status and figures are for administrators. */
export function OperationsPage() {
  const [{ data, error }] = useSubscription({ query: SystemStatusUpdatesDocument });
  return (
    <Page title="Operations">
      {error ? (
        <ProblemNotice problem={problemOf(error)} />
      ) : (
        <>
          <Services status={data?.systemStatusUpdates ?? null} />
          <Figures />
        </>
      )}
      <AlertFeed />
    </Page>
  );
}
