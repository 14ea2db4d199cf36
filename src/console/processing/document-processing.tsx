import { useCallback, useEffect, useRef } from 'react';
import { useMutation, useQuery } from 'urql';
import { DocumentProcessingDocument, StartProcessingDocument } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Empty, Skeleton } from '../ui/states.tsx';
import { Analysis } from './analysis.tsx';
import { JobRow } from './job-row.tsx';
import { isOpen, SHOWN_JOBS } from './job-words.ts';

/** The jobs of a document, live, and what the newest one has found. */
export function DocumentProcessing({
  documentId,
  mayChange,
  onEnd,
}: {
  readonly documentId: string;
  readonly mayChange: boolean;
  /** Called when a job has ended: the text may be another one. */
  readonly onEnd: () => void;
}) {
  const [{ data, error }, ask] = useQuery({
    query: DocumentProcessingDocument,
    variables: { id: documentId, first: SHOWN_JOBS },
    requestPolicy: 'cache-and-network',
  });
  const [started, start] = useMutation(StartProcessingDocument);
  const again = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask]);

  const jobs = data?.document?.processingJobs.edges.map(({ node }) => node) ?? [];
  const [newest] = jobs;
  const busy = newest !== undefined && isOpen(newest.status);
  const wasBusy = useRef(false);
  useEffect(() => {
    if (wasBusy.current && !busy) onEnd();
    wasBusy.current = busy;
  }, [busy, onEnd]);

  return (
    <section className="card" aria-label="Processing">
      <div className="card-head">
        <h2>Processing</h2>
        {mayChange && (
          <button
            type="button"
            className="button small"
            disabled={!data || busy || started.fetching}
            onClick={() => void start({ documentId, request: {} }).then(again)}
          >
            Process now
          </button>
        )}
      </div>
      {started.error && <ProblemNotice problem={problemOf(started.error)} />}
      {error && <ProblemNotice problem={problemOf(error)} onRetry={again} />}
      {!data && !error && <Skeleton rows={3} label="Loading the jobs…" />}
      {data && jobs.length === 0 && (
        <Empty title="It has not been processed yet.">
          <p className="quiet">Processing finds its language, keywords and personal data.</p>
        </Empty>
      )}
      <ul className="rows">
        {jobs.map((job, index) => (
          <JobRow
            key={job.id}
            job={job}
            document={{ id: documentId }}
            isWatched={index === 0}
            isBrief={index > 0 || !isOpen(job.status)}
            mayChange={mayChange && index === 0}
            onNews={again}
          />
        ))}
      </ul>
      {data?.document?.analysis && <Analysis analysis={data.document.analysis} />}
    </section>
  );
}
