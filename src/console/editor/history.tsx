import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useId, useRef, useState } from 'react';
import type { ChangeFieldsFragment } from '../../sdk/generated.ts';
import { type Problem, problemOf } from '../api/problem.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDebounced } from '../ui/use-debounced.ts';
import { When } from '../ui/when.tsx';
import { count } from '../ui/words.ts';
import type { OpenText } from './texts.ts';
import { theme } from './theme.ts';

/** Milliseconds that the slider rests before the text of its place is asked for. */
const REST_MS = 150;

interface Past {
  readonly revision: number;
  readonly text: string;
  /** What made this revision of the one before; null for the first. */
  readonly change: ChangeFieldsFragment | null;
}

/** A text that was, to be read; in a shadow tree for the reason that stands in text-view.tsx. */
function PastView({ text }: { readonly text: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const host = element.appendChild(document.createElement('div'));
    const root = host.attachShadow({ mode: 'open' });
    const view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          EditorState.lineSeparator.of('\n'),
          EditorState.readOnly.of(true),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Text at this revision' }),
          theme,
        ],
      }),
    });
    return () => {
      view.destroy();
      host.remove();
    };
  }, [text]);
  return <div ref={place} className="text-view" />;
}

/** The text as it was at any revision, and the way back to it. */
export function History({
  open: { client, shared },
  documentId,
  nameOf,
  mayRestore,
  onLeave,
}: {
  readonly open: OpenText;
  readonly documentId: string;
  readonly nameOf: (userId: string) => string;
  readonly mayRestore: boolean;
  readonly onLeave: () => void;
}) {
  const [head] = useState(shared.revision);
  const [chosen, setChosen] = useState(head);
  const revision = useDebounced(chosen, REST_MS);
  const [past, setPast] = useState<Past | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isRestoring, setRestoring] = useState(false);
  const slider = useId();

  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const read = async (): Promise<void> => {
      const [{ document: text }, { document: log }] = await Promise.all([
        client.operations.DocumentTextAt({ id: documentId, revision }, { signal }),
        client.operations.DocumentLog(
          { id: documentId, after: Math.max(0, revision - 1), first: 1 },
          { signal },
        ),
      ]);
      if (!text) return;
      const change = log?.changes.find((logged) => logged.revision === revision) ?? null;
      setPast({ revision, text: text.contentAt, change });
      setProblem(null);
    };
    read().catch((error: Error) => {
      if (!signal.aborted) setProblem(problemOf(error));
    });
    return () => leaving.abort();
  }, [client, documentId, revision]);

  async function restore(): Promise<void> {
    setRestoring(true);
    try {
      await client.operations.RevertDocument({ documentId, toRevision: revision });
      onLeave();
    } catch (error) {
      setProblem(problemOf(error as Error));
      setRestoring(false);
    }
  }

  return (
    <section className="history" aria-label="History">
      <label htmlFor={slider}>
        Revision {count(chosen)} of {count(head)}
      </label>
      <input
        id={slider}
        type="range"
        min={0}
        max={head}
        value={chosen}
        onChange={({ target }) => setChosen(target.valueAsNumber)}
      />
      <p className="quiet" role="status">
        {past?.change && (
          <>
            Changed by {nameOf(past.change.userId)}, <When at={past.change.timestamp} />
          </>
        )}
        {past && !past.change && 'Before the first change'}
      </p>
      <div className="actions">
        {mayRestore && (
          <button
            type="button"
            className="button small primary"
            disabled={isRestoring || past?.revision !== chosen || chosen === head}
            onClick={() => void restore()}
          >
            Restore this revision
          </button>
        )}
        <button type="button" className="button small" onClick={onLeave}>
          Back to the live text
        </button>
      </div>
      {problem && <ProblemNotice problem={problem} />}
      {past && <PastView text={past.text} />}
    </section>
  );
}
