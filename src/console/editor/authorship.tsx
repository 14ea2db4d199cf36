import type { EditorView } from '@codemirror/view';
import { useEffect, useState } from 'react';
import { colourOf } from '../../sdk/codemirror/colours.ts';
import type { DocumentAuthorshipQuery } from '../../sdk/generated.ts';
import { type Problem, problemOf } from '../api/problem.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { authors } from './layers.ts';
import type { OpenText } from './texts.ts';

/** Milliseconds without a change after which it is asked who has written what. */
const REST_MS = 1_000;

type Span = NonNullable<DocumentAuthorshipQuery['document']>['authorship'][number];

/** Colours the text by who has written it, as long as it is there. */
export function Authorship({
  open: { client, shared },
  documentId,
  view,
}: {
  readonly open: OpenText;
  readonly documentId: string;
  readonly view: EditorView;
}) {
  const [people, setPeople] = useState<readonly Span['user'][]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);

  useEffect(() => {
    let left = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const askLater = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), REST_MS);
    };
    const show = (spans: readonly Span[]): void => {
      authors.set(
        view,
        spans.map(({ from, to, user }) => ({
          from,
          to,
          className: `quire-author-${colourOf(user.id)}`,
          title: `Written by ${user.name}`,
        })),
      );
      setPeople([...new Map(spans.map(({ user }) => [user.id, user])).values()]);
      setProblem(null);
    };
    const ask = async (): Promise<void> => {
      try {
        await shared.saved();
        const { document } = await client.operations.DocumentAuthorship({ id: documentId });
        if (left || !document) return;
        // Its places are those of its revision.
        if (document.revision === shared.revision && shared.status.current === 'saved')
          show(document.authorship);
        else askLater();
      } catch (error) {
        if (!left && shared.status.current !== 'ended') setProblem(problemOf(error as Error));
      }
    };
    void ask();
    const stop = shared.on('changed', askLater);
    return () => {
      left = true;
      clearTimeout(timer);
      stop();
      authors.set(view, []);
    };
  }, [client, shared, documentId, view]);

  if (problem) return <ProblemNotice problem={problem} />;
  return (
    <ul className="people" aria-label="Written by">
      <li className="quiet">Written by</li>
      {people.map(({ id, name }) => (
        <li key={id} className={`person colour-${colourOf(id)}`} data-status="ONLINE">
          <span className="person-sign" aria-hidden="true" />
          {name}
        </li>
      ))}
    </ul>
  );
}
