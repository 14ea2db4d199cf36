import { lazy, Suspense, useCallback, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { DocumentDocument, type DocumentFieldsFragment } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import type { Texts } from '../editor/texts.ts';
import { DocumentProcessing } from '../processing/document-processing.tsx';
import type { User } from '../session/session.ts';
import { Link } from '../shell/link.tsx';
import { Page } from '../shell/page.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Empty, Loading, Skeleton } from '../ui/states.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';
import { Share } from './share.tsx';

/** It comes with CodeMirror, which no other page needs. */
const Editor = lazy(() => import('../editor/editor.tsx').then((module) => ({ default: module.Editor })));

function Facts({ document }: { readonly document: DocumentFieldsFragment }) {
  const { updatedAt, collaborators } = document;
  return (
    <p className="facts">
      <span>
        Changed <When at={updatedAt} />
      </span>
      <span>
        {collaborators.map(({ user, role }) => `${user.name} (${plain(role).toLowerCase()})`).join(', ')}
      </span>
    </p>
  );
}

/** A document to be edited with others, and what machines have found in it. */
export function DocumentPage({
  id,
  texts,
  user,
}: {
  readonly id: string;
  readonly texts: Texts;
  readonly user: User;
}) {
  const [{ data, error }, ask] = useQuery({
    query: DocumentDocument,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });
  const again = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask]);
  const [isSharing, setSharing] = useState(false);
  // Whoever loses access while they look keeps what they see: the text says what has happened.
  const known = useRef<DocumentFieldsFragment>(null);
  if (data?.document) known.current = data.document;
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
  const document = data.document ?? known.current;
  if (!document)
    return (
      <Page title="Document" actions={back}>
        <Empty title="There is no such document.">
          <p className="quiet">It was deleted, or you may not read it.</p>
        </Empty>
      </Page>
    );
  return (
    <Page
      title={document.title}
      actions={
        <>
          {back}
          <button
            type="button"
            className="button"
            onClick={() => {
              again();
              setSharing(true);
            }}
          >
            {document.viewerRole === 'OWNER' ? 'Share' : 'Who has access'}
          </button>
        </>
      }
    >
      {isSharing && <Share document={document} onClose={() => setSharing(false)} />}
      <Facts document={document} />
      <div className="columns">
        <section className="card editor" aria-label="Content">
          <Suspense fallback={<Loading label="Opening the text…" />}>
            <Editor texts={texts} document={document} user={user} onAccess={again} />
          </Suspense>
        </section>
        <DocumentProcessing documentId={id} mayChange={document.viewerRole !== 'VIEWER'} onEnd={again} />
      </div>
    </Page>
  );
}
