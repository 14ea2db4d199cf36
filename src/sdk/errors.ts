import type { GraphQLFormattedError } from 'graphql';

/** The server answered, and said no. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  /** One of the codes of `docs/protocol.md`. */
  readonly code: string;
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
