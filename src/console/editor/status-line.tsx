import { OperationError } from '../../sdk/errors.ts';
import type { SharedText, SharedTextStatus } from '../../sdk/text/types.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { useObservable } from '../ui/use-observable.ts';
import { isPassing } from './use-text.ts';

const WORDS: Readonly<Record<SharedTextStatus, { readonly tone: Tone; readonly word: string }>> = {
  saved: { tone: 'good', word: 'Saved' },
  saving: { tone: 'busy', word: 'Saving…' },
  offline: { tone: 'warn', word: 'Offline' },
  ended: { tone: 'bad', word: 'Not connected' },
};

const END_WORDS: Readonly<Record<string, string>> = {
  FORBIDDEN: 'Your access to this document was taken away. The text stays here for you to read and copy.',
  NOT_FOUND: 'This document was deleted. The text stays here for you to read and copy.',
};

/** Why a text goes on no more, for a person. */
function endingOf(error: Error | undefined): string {
  if (error instanceof OperationError)
    return END_WORDS[error.code] ?? `The server has refused a change of yours: ${error.message}`;
  return `This text is not followed any more: ${error?.message ?? 'no reason is known'}. Load the page again.`;
}

/** Whether what one has typed is saved, and what happens with it when it is not. */
export function StatusLine({
  shared,
  readOnly,
}: {
  readonly shared: SharedText;
  readonly readOnly: boolean;
}) {
  const status = useObservable(shared.status);
  const isReopened = status === 'ended' && isPassing(shared.ended);
  const { tone, word } = WORDS[isReopened ? 'offline' : status];
  return (
    <>
      <div className="editor-status" role="status" data-status={status}>
        <Badge tone={tone}>{readOnly && status === 'saved' ? 'Live, read only' : word}</Badge>
        {status === 'offline' && (
          <span className="quiet">
            What you type is kept in this browser, and sent when the connection is back.
          </span>
        )}
      </div>
      {status === 'ended' && !isReopened && (
        <p className="notice bad" role="alert">
          {endingOf(shared.ended)}
        </p>
      )}
    </>
  );
}
