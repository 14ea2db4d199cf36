import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { useMutation, useQuery, useSubscription } from 'urql';
import {
  BatchJobsDocument,
  BatchProcessingUpdatesDocument,
  CancelBatchDocument,
  RetryBatchDocument,
} from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { Badge } from '../ui/badge.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Empty, Skeleton } from '../ui/states.tsx';
import { When } from '../ui/when.tsx';
import { several } from '../ui/words.ts';
import { BatchProgress } from './batch-progress.tsx';
import { JobRow } from './job-row.tsx';
import { isOpen, labelOf, toneOf } from './job-words.ts';

/** Jobs of a part of the list. */
const PAGE = 25;
/** The most jobs that are shown; each costs the server a document. */
const MAX_SHOWN = 50;
/** Open jobs of a batch whose progress is subscribed to; a socket may have a hundred subscriptions. */
const MAX_WATCHED = 4;
/** Milliseconds between two readings of a batch's jobs. */
const READ_MS = 500;

/** A batch: how far it is, live, and its jobs. */
export function BatchCard({
  batchId,
  onRemove,
}: {
  readonly batchId: string;
  readonly onRemove: () => void;
}) {
  const [shown, setShown] = useState(PAGE);
  const [{ data, error, fetching }, ask] = useQuery({
    query: BatchJobsDocument,
    variables: { id: batchId, first: shown },
    requestPolicy: 'cache-and-network',
  });
  const read = data?.batch;
  const [{ data: told }] = useSubscription({
    query: BatchProcessingUpdatesDocument,
    variables: { batchId },
    pause: !read || !isOpen(read.status),
  });
  const [cancelled, cancel] = useMutation(CancelBatchDocument);
  const [retried, retry] = useMutation(RetryBatchDocument);
  const heading = useId();

  /** At most one reading is waiting, however much happens. */
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const readSoon = useCallback(() => {
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      ask({ requestPolicy: 'network-only' });
    }, READ_MS);
  }, [ask]);
  useEffect(
    () => () => {
      clearTimeout(waiting.current);
      waiting.current = undefined;
    },
    [],
  );
  const news = told?.batchProcessingUpdates;
  useEffect(() => {
    if (news) readSoon();
  }, [news, readSoon]);

  if (!read)
    return (
      <section className="card batch" aria-label="Batch">
        {error && (
          <ProblemNotice problem={problemOf(error)} onRetry={() => ask({ requestPolicy: 'network-only' })} />
        )}
        {!error && fetching && <Skeleton rows={3} label="Loading the batch…" />}
        {!error && !fetching && (
          <Empty title="This batch is not there any more.">
            <button type="button" className="button" onClick={onRemove}>
              Take it from the list
            </button>
          </Empty>
        )}
      </section>
    );

  // What was read last says when it has ended, or was begun anew.
  const batch = isOpen(read.status) && news ? news : read;
  const jobs = read.jobs.edges.map(({ node }) => node);
  const watched = new Set(jobs.filter(({ status }) => isOpen(status)).slice(0, MAX_WATCHED));
  const problem = cancelled.error ?? retried.error ?? error;
  return (
    <section className="card batch" aria-labelledby={heading}>
      <div className="card-head">
        <h2 id={heading}>{several(batch.totalItems, 'document')}</h2>
        <Badge tone={toneOf(batch.status)}>{labelOf(batch.status)}</Badge>
        <span className="quiet">
          <When at={batch.createdAt} />
        </span>
        <span className="actions">
          {isOpen(batch.status) ? (
            <button
              type="button"
              className="button small"
              disabled={cancelled.fetching}
              onClick={() => void cancel({ batchId }).then(readSoon)}
            >
              Cancel the batch
            </button>
          ) : (
            <>
              {batch.failedItems + batch.cancelledItems > 0 && (
                <button
                  type="button"
                  className="button small"
                  disabled={retried.fetching}
                  onClick={() => void retry({ batchId }).then(readSoon)}
                >
                  Retry unfinished
                </button>
              )}
              <button type="button" className="button small plain" onClick={onRemove}>
                Hide<span className="visually-hidden"> this batch</span>
              </button>
            </>
          )}
        </span>
      </div>
      <BatchProgress batch={batch} />
      {problem && <ProblemNotice problem={problemOf(problem)} />}
      <ul className="rows jobs">
        {jobs.map((job) => (
          <JobRow
            key={job.id}
            job={job}
            document={job.document}
            isWatched={watched.has(job)}
            isBrief
            onNews={readSoon}
          />
        ))}
      </ul>
      {read.jobs.pageInfo.hasNextPage && shown < MAX_SHOWN && (
        <button type="button" className="button wide" onClick={() => setShown(MAX_SHOWN)}>
          Show more of {several(read.jobs.totalCount, 'job')}
        </button>
      )}
    </section>
  );
}
