/** The error codes of the API; `docs/protocol.md` says when each is given. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'RESYNC_REQUIRED'
  | 'PAYLOAD_TOO_LARGE'
  | 'RATE_LIMITED'
  | 'OPERATION_TOO_COMPLEX'
  | 'UNAVAILABLE';

export interface ErrorDetails {
  /** The argument at fault, for BAD_USER_INPUT. */
  readonly argument?: string;
  /** Milliseconds after which trying again makes sense, for RATE_LIMITED. */
  readonly retryAfterMs?: number;
}

/** An error meant for the client: its message is shown as it is. Everything else is masked and logged. */
export class QuireError extends Error {
  override readonly name = 'QuireError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** A BAD_USER_INPUT error that names the argument at fault. */
export const badInput = (argument: string, message: string): QuireError =>
  new QuireError('BAD_USER_INPUT', message, { argument });
