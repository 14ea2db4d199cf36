import { useQuery } from 'urql';
import { DocumentDocument, type DocumentFieldsFragment } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { DocumentProcessing } from '../processing/document-processing.tsx';
import { Link } from '../shell/link.tsx';
import { Page } from '../shell/page.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Empty, Skeleton } from '../ui/states.tsx';
import { When } from '../ui/when.tsx';
import { count, plain } from '../ui/words.ts';

/** UTF-16 code units of a text that are shown: a browser takes long for ten million. */
const SHOWN_CHARS = 20_000;

function Text({ document: { content, contentLength } }: { readonly document: DocumentFieldsFragment }) {
  if (contentLength === 0)
    return (
      <Empty title="The text is empty.">
        <p className="quiet">The text of an uploaded file is here when the document has been processed.</p>
      </Empty>
    );
  return (
    <>
      {/* It scrolls, so that the keyboard must reach it. */}
      <div className="text" tabIndex={0} role="region" aria-label="Text">
        {content.slice(0, SHOWN_CHARS)}
      </div>
      {contentLength > SHOWN_CHARS && (
        <p className="hint">
          The first {count(SHOWN_CHARS)} of {count(contentLength)} characters.
        </p>
      )}
    </>
  );
}

function Facts({ document }: { readonly document: DocumentFieldsFragment }) {
  const { contentLength, revision, updatedAt, collaborators } = document;
  return (
    <p className="facts">
      <span>
        Changed <When at={updatedAt} />
      </span>
      <span>{count(contentLength)} characters</span>
      <span>Revision {count(revision)}</span>
      <span>
        {collaborators.map(({ user, role }) => `${user.name} (${plain(role).toLowerCase()})`).join(', ')}
      </span>
    </p>
  );
}

/** A document as it stands, and what machines have found in it. */
export function DocumentPage({ id }: { readonly id: string }) {
  const [{ data, error }, ask] = useQuery({
    query: DocumentDocument,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });
  const again = (): void => ask({ requestPolicy: 'network-only' });
  const back = (
    <Link to="/documents" className="button">
      All documents
    </Link>
  );

  if (!data)
    return (
      <Page title="Document" actions={back}>
        {error ? (
          <ProblemNotice problem={problemOf(error)} onRetry={again} />
        ) : (
          <Skeleton rows={4} label="Loading the document…" />
        )}
      </Page>
    );
  const { document } = data;
  if (!document)
    return (
      <Page title="Document" actions={back}>
        <Empty title="There is no such document.">
          <p className="quiet">It was deleted, or you may not read it.</p>
        </Empty>
      </Page>
    );
  return (
    <Page title={document.title} actions={back}>
      <Facts document={document} />
      <div className="columns">
        <section className="card" aria-label="Content">
          <Text document={document} />
        </section>
        <DocumentProcessing documentId={id} mayChange={document.viewerRole !== 'VIEWER'} onEnd={again} />
      </div>
    </Page>
  );
}
