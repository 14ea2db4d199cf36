import { useCallback, useState } from 'react';
import type { EditError } from '../../sdk/text/errors.ts';
import type { User } from '../session/session.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Loading } from '../ui/states.tsx';
import { LostDraft } from './lost-draft.tsx';
import { People } from './people.tsx';
import { StatusLine } from './status-line.tsx';
import { TextView } from './text-view.tsx';
import type { Texts } from './texts.ts';
import { useText } from './use-text.ts';

/** A document's text, with who else is in it. */
export function Editor({
  texts,
  documentId,
  user,
  readOnly,
}: {
  readonly texts: Texts;
  readonly documentId: string;
  readonly user: User;
  readonly readOnly: boolean;
}) {
  const { open, problem, again } = useText(texts, documentId);
  const [refused, setRefused] = useState<EditError | null>(null);
  // An ended text says so by itself.
  const onRefused = useCallback((error: EditError) => setRefused(error.code === 'ENDED' ? null : error), []);

  if (problem) return <ProblemNotice problem={problem} onRetry={again} />;
  if (!open) return <Loading label="Opening the text…" />;
  const { shared } = open;
  return (
    <>
      <div className="editor-head">
        <StatusLine shared={shared} readOnly={readOnly} />
        <People open={open} documentId={documentId} user={user} />
      </div>
      <LostDraft key={shared.lostDraft?.savedAt} shared={shared} />
      {refused && (
        <p className="notice warn" role="alert">
          That was not typed: {refused.message}
        </p>
      )}
      <TextView shared={shared} readOnly={readOnly} onRefused={onRefused} />
    </>
  );
}
