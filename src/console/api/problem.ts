import type { CombinedError } from 'urql';
import { ConnectionLost, OperationError } from '../../sdk/errors.ts';

/** What went wrong, for a person. */
export interface Problem {
  /** One of the codes of `docs/protocol.md`; `CONNECTION` when there was no answer. */
  readonly code: string;
  readonly message: string;
  /** What to do; empty when the message says it. */
  readonly advice: string;
}

const ADVICE: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'Sign in again.',
  FORBIDDEN: 'Ask an owner of the document, or whoever runs the server, for the right to do this.',
  NOT_FOUND: 'It may have been deleted, or you may not read it any more. Go back to the list.',
  BAD_USER_INPUT: 'Correct it and try again.',
  CONFLICT: 'Load the page again to see how things stand now.',
  RESYNC_REQUIRED: 'Load the page again.',
  PAYLOAD_TOO_LARGE: 'Use a smaller file, or have the limit of the server raised.',
  OPERATION_TOO_COMPLEX: 'Ask for less at a time.',
  UNAVAILABLE: 'Try again in a moment. Nothing was lost.',
  CONNECTION: 'Check your connection and that the server runs, then try again.',
};

const adviceFor = (code: string, extensions: Readonly<Record<string, unknown>>): string => {
  const { retryAfterMs, requestId } = extensions;
  if (code === 'RATE_LIMITED') {
    const seconds = typeof retryAfterMs === 'number' ? Math.ceil(retryAfterMs / 1000) : 10;
    return `Try again in ${seconds} s.`;
  }
  if (code === 'INTERNAL_SERVER_ERROR')
    return `This is a defect of the server. Its log has it${typeof requestId === 'string' ? ` under ${requestId}` : ''}.`;
  return ADVICE[code] ?? '';
};

const problem = (
  code: string,
  message: string,
  extensions: Readonly<Record<string, unknown>> = {},
): Problem => ({
  code,
  message,
  advice: adviceFor(code, extensions),
});

/** What the server, or the way to it, has answered to an operation. */
export function problemOf(error: CombinedError | Error): Problem {
  if (error instanceof OperationError) return problem(error.code, error.message, error.extensions);
  if (error instanceof ConnectionLost) return problem('CONNECTION', 'The server did not answer.');
  if ('graphQLErrors' in error) {
    const [first] = error.graphQLErrors;
    if (first) return problem(String(first.extensions['code']), first.message, first.extensions);
  }
  return problem('CONNECTION', 'The server did not answer.');
}
