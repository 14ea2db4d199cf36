import { Link } from '../shell/link.tsx';
import { Page } from '../shell/page.tsx';
import { Empty } from '../ui/states.tsx';
import { useObservable } from '../ui/use-observable.ts';
import { BatchCard } from './batch-card.tsx';
import type { Started } from './started.ts';

/** The batches that were started in this tab. A document's own jobs are on its page. */
export function ProcessingPage({ started }: { readonly started: Started }) {
  const batches = useObservable(started.batches);
  return (
    <Page title="Processing">
      {batches.length === 0 ? (
        <Empty title="No batch was started in this tab.">
          <p className="quiet">Upload files on the page of the documents, and process them together.</p>
          <Link to="/documents" className="button primary">
            Go to the documents
          </Link>
        </Empty>
      ) : (
        <div className="batches">
          {batches.map((id) => (
            <BatchCard key={id} batchId={id} onRemove={() => started.remove(id)} />
          ))}
        </div>
      )}
    </Page>
  );
}
