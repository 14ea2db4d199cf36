import type { EditorView } from '@codemirror/view';
import { useCallback, useState } from 'react';
import type { DocumentFieldsFragment } from '../../sdk/generated.ts';
import type { EditError } from '../../sdk/text/errors.ts';
import type { User } from '../session/session.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Loading } from '../ui/states.tsx';
import { Authorship } from './authorship.tsx';
import { Findings } from './findings.tsx';
import { History } from './history.tsx';
import { LostDraft } from './lost-draft.tsx';
import { People } from './people.tsx';
import { StatusLine } from './status-line.tsx';
import { TextView } from './text-view.tsx';
import type { OpenText, Texts } from './texts.ts';
import { useAccessNews } from './use-access-news.ts';
import { useText } from './use-text.ts';

interface DocumentProps {
  readonly document: Pick<DocumentFieldsFragment, 'id' | 'viewerRole' | 'collaborators'>;
  readonly user: User;
  /** Called when somebody's access has changed; the same function at each render. */
  readonly onAccess: () => void;
}

function OpenEditor({
  open,
  document: { id, viewerRole, collaborators },
  user,
  onAccess,
}: DocumentProps & { readonly open: OpenText }) {
  const { shared } = open;
  const readOnly = viewerRole === 'VIEWER';
  const [view, setView] = useState<EditorView | null>(null);
  const [refused, setRefused] = useState<EditError | null>(null);
  const [showsAuthors, setShowsAuthors] = useState(false);
  const [showsHistory, setShowsHistory] = useState(false);
  // An ended text says so by itself.
  const onRefused = useCallback((error: EditError) => setRefused(error.code === 'ENDED' ? null : error), []);
  useAccessNews(open, id, onAccess);
  const nameOf = (userId: string): string =>
    collaborators.find((collaborator) => collaborator.user.id === userId)?.user.name ?? userId;

  return (
    <>
      <div className="editor-head">
        <div className="editor-tools">
          <StatusLine shared={shared} readOnly={readOnly} />
          <div className="actions">
            <button
              type="button"
              className="button small"
              aria-pressed={showsAuthors}
              onClick={() => setShowsAuthors(!showsAuthors)}
            >
              Authors
            </button>
            <button
              type="button"
              className="button small"
              aria-pressed={showsHistory}
              onClick={() => setShowsHistory(!showsHistory)}
            >
              History
            </button>
          </div>
        </div>
        <People open={open} documentId={id} user={user} />
      </div>
      <LostDraft key={shared.lostDraft?.savedAt} shared={shared} />
      {refused && (
        <p className="notice warn" role="alert">
          That was not typed: {refused.message}
        </p>
      )}
      {showsHistory && (
        <History
          open={open}
          documentId={id}
          nameOf={nameOf}
          mayRestore={!readOnly}
          onLeave={() => setShowsHistory(false)}
        />
      )}
      <div className="live-text" hidden={showsHistory}>
        {view && <Findings shared={shared} documentId={id} view={view} />}
        {view && showsAuthors && <Authorship open={open} documentId={id} view={view} />}
        <TextView shared={shared} readOnly={readOnly} onRefused={onRefused} onView={setView} />
      </div>
    </>
  );
}

/** A document's text, with who else is in it, what it was, and what was found in it. */
export function Editor({ texts, ...props }: DocumentProps & { readonly texts: Texts }) {
  const { open, problem, again } = useText(texts, props.document.id);
  if (problem) return <ProblemNotice problem={problem} onRetry={again} />;
  if (!open) return <Loading label="Opening the text…" />;
  return <OpenEditor open={open} {...props} />;
}
