import { useEffect, useRef } from 'react';
import { useMutation, useSubscription } from 'urql';
import {
  CancelProcessingDocument,
  type JobFieldsFragment,
  ProcessingUpdatesDocument,
  RetryProcessingDocument,
} from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { Link } from '../shell/link.tsx';
import { documentPath } from '../shell/route.ts';
import { Badge } from '../ui/badge.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { When } from '../ui/when.tsx';
import { duration } from '../ui/words.ts';
import { isOpen, labelOf, toneOf } from './job-words.ts';
import { Attempts, Steps } from './steps.tsx';

const tookOf = ({ startedAt, finishedAt }: JobFieldsFragment): string | null =>
  startedAt && finishedAt ? duration(Date.parse(finishedAt) - Date.parse(startedAt)) : null;

/** A job: how far it is, live, its steps, and what can be done with it. */
export function JobRow({
  job,
  document,
  isWatched,
  isBrief = false,
  mayChange = true,
  onNews,
}: {
  readonly job: JobFieldsFragment;
  readonly document: { readonly id: string; readonly title?: string };
  /** Whether its progress is subscribed to, as long as it is open. */
  readonly isWatched: boolean;
  /** Whether its steps are shown only when they are asked for. */
  readonly isBrief?: boolean;
  readonly mayChange?: boolean;
  /** Called when the job has changed other than in its progress: read it again. */
  readonly onNews: () => void;
}) {
  const [{ data }] = useSubscription({
    query: ProcessingUpdatesDocument,
    variables: { documentId: document.id },
    pause: !isWatched || !isOpen(job.status),
  });
  const update = data?.processingUpdates.jobId === job.id ? data.processingUpdates : null;
  const [cancelled, cancel] = useMutation(CancelProcessingDocument);
  const [retried, retry] = useMutation(RetryProcessingDocument);

  // A finished job stays as it is, whatever was told of it before.
  const live = isOpen(job.status) ? update : null;
  const status = live?.status ?? job.status;
  const news = update && `${update.status} ${update.step?.name} ${update.step?.status}`;
  const told = useRef<string | null>(null);
  useEffect(() => {
    if (news === null || news === told.current) return;
    told.current = news;
    onNews();
  }, [news, onNews]);

  const name = document.title ?? 'the document';
  const error = cancelled.error ?? retried.error;
  const took = tookOf(job);
  const details = (
    <>
      <Steps job={job} />
      <Attempts errors={job.errors} />
    </>
  );
  const progress = isOpen(status) && (
    <div className="job-progress">
      <progress aria-label={`Progress of ${name}`} max={100} value={live?.progress ?? job.progress} />
      <span className="quiet job-message">{live?.message ?? ''}</span>
    </div>
  );
  return (
    <li className="job">
      <div className="job-head">
        {document.title !== undefined && (
          <Link to={documentPath(document.id)} className="job-title">
            {document.title}
          </Link>
        )}
        <Badge tone={toneOf(status)}>{labelOf(status)}</Badge>
        <span className="quiet job-when">
          {took === null ? <When at={job.createdAt} /> : took}
          {job.attempt > 1 && `, attempt ${job.attempt} of ${job.maxAttempts}`}
        </span>
        {mayChange && (
          <span className="actions">
            {isOpen(status) && (
              <button
                type="button"
                className="button small plain"
                disabled={cancelled.fetching}
                onClick={() => void cancel({ jobId: job.id }).then(onNews)}
              >
                Cancel<span className="visually-hidden"> processing {name}</span>
              </button>
            )}
            {(status === 'FAILED' || status === 'CANCELLED') && (
              <button
                type="button"
                className="button small"
                disabled={retried.fetching}
                onClick={() => void retry({ jobId: job.id }).then(onNews)}
              >
                Retry<span className="visually-hidden"> processing {name}</span>
              </button>
            )}
          </span>
        )}
      </div>
      {!isBrief && progress}
      {status === 'FAILED' && job.error !== null && <p className="bad-text">{job.error}</p>}
      {error && <ProblemNotice problem={problemOf(error)} />}
      {isBrief ? (
        // On one line, so that a row is as high when its job has ended.
        <div className="job-line">
          <details>
            <summary>
              Steps<span className="visually-hidden"> of {name}</span>
            </summary>
            {details}
          </details>
          {progress}
        </div>
      ) : (
        details
      )}
    </li>
  );
}
