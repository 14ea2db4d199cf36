import type { BatchFieldsFragment } from '../../sdk/generated.ts';
import { useNow } from '../ui/use-now.ts';
import { ago, count, timeOfDay } from '../ui/words.ts';
import { isOpen } from './job-words.ts';

/** Milliseconds between two looks at the clock. */
const TICK_MS = 5_000;

function End({ batch }: { readonly batch: BatchFieldsFragment }) {
  const now = useNow(TICK_MS);
  const { status, estimatedCompletion } = batch;
  if (!isOpen(status)) return null;
  if (estimatedCompletion === null) return <span>End not known yet</span>;
  return (
    <span>
      Done {ago(Date.parse(estimatedCompletion), now)} (about {timeOfDay(estimatedCompletion)})
    </span>
  );
}

/** How many items of a batch have ended and how, and when the others will. */
export function BatchProgress({ batch }: { readonly batch: BatchFieldsFragment }) {
  const { totalItems, processedItems, failedItems, cancelledItems } = batch;
  const ended = processedItems + failedItems + cancelledItems;
  return (
    <div className="batch-progress">
      <progress aria-label="Progress of the batch" max={totalItems} value={ended} />
      <p className="facts" role="status">
        <span>
          {count(ended)} of {count(totalItems)} have ended
        </span>
        {failedItems > 0 && <span className="bad-text">{count(failedItems)} failed</span>}
        {cancelledItems > 0 && <span>{count(cancelledItems)} cancelled</span>}
        <End batch={batch} />
      </p>
    </div>
  );
}
