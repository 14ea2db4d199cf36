import { useCallback, useEffect, useState } from 'react';
import { ConnectionLost, OperationError } from '../../sdk/errors.ts';
import { type Problem, problemOf } from '../api/problem.ts';
import type { OpenText, Texts } from './texts.ts';

export interface TextState {
  /** Null while it is on its way. */
  readonly open: OpenText | null;
  /** Why it could not be opened. */
  readonly problem: Problem | null;
  readonly again: () => void;
}

/** Whether a text has ended for want of another token or connection, and is opened again. */
export const isPassing = (error: Error | undefined): boolean =>
  error instanceof ConnectionLost || (error instanceof OperationError && error.code === 'UNAUTHENTICATED');

/** A document's text as long as the component is there. It is opened again when its client has ended, not when its access has. */
export function useText(texts: Texts, documentId: string): TextState {
  const [open, setOpen] = useState<OpenText | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  const again = useCallback(() => setAttempt((number) => number + 1), []);

  useEffect(() => {
    const leaving = new AbortController();
    setProblem(null);
    texts.open(documentId, leaving.signal).then(
      (opened) => {
        setOpen(opened);
        const { shared } = opened;
        const look = (): void => {
          if (!leaving.signal.aborted && shared.status.current === 'ended' && isPassing(shared.ended))
            again();
        };
        const stop = shared.status.subscribe(look);
        leaving.signal.addEventListener('abort', stop, { once: true });
        look();
      },
      (error: Error) => {
        if (!leaving.signal.aborted) setProblem(problemOf(error));
      },
    );
    return () => leaving.abort(new Error('The page was left.'));
  }, [texts, documentId, attempt, again]);

  return { open, problem, again };
}
