import type { GraphQLFormattedError } from 'graphql';

/** The codes of `docs/protocol.md`; a newer server may have others. */
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
  | 'UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  | (string & {});

/** The server answered, and said no. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: ErrorCode;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor([first]: readonly GraphQLFormattedError[]) {
    super(first?.message ?? 'The server gave no reason.');
    this.code = String(first?.extensions?.['code']);
    this.extensions = first?.extensions ?? {};
  }
}

/** The connection was lost, or could not be made; what was asked may have been done or not. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  /** The code of the close frame; 1006 when there was none. */
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason === '' ? `The connection was closed with ${code}.` : reason);
    this.code = code;
  }
}

/** An operation that cannot be sent as it is, in the form in which the server would say it. */
export const badOperation = (message: string): OperationError =>
  new OperationError([{ message, extensions: { code: 'BAD_USER_INPUT' } }]);
