import { ConnectionLost, OperationError } from './errors.ts';
import type { Operation, Result } from './operation.ts';

/** A way between client and server. */
export type TransportName = 'websocket' | 'sse' | 'polling';

/**
 * How a stream has ended: null when the server has completed it; `'again'` when a response ended that may be asked for
 * again behind its last event; OperationError when the server said why; ConnectionLost otherwise.
 */
export type StreamEnd = null | 'again' | Error;

/** Who is told of a stream. */
export interface StreamSink {
  next(result: Result): void;
  /** Called once, as the last. */
  end(end: StreamEnd): void;
}

/** A connection that stands. Once lost it is not used again: another one is made. */
export interface Link {
  readonly transport: TransportName;
  /** Resolves with the reason when it is lost or closed. Never rejects. */
  readonly lost: Promise<Error>;
  /** Runs a query or a mutation, once. Rejects with OperationError, ConnectionLost, or the signal's reason. */
  run(operation: Operation, signal?: AbortSignal): Promise<Result>;
  /** Starts a subscription. The sink is told later, never during the call. What is returned ends it; nothing is told then. */
  subscribe(operation: Operation, sink: StreamSink): () => void;
  /** Asks for another token, where one belongs to each request. */
  renewToken?(): Promise<unknown>;
  /** Whether events come through as they happen, tried with a subscription. Rejects when the server cannot be reached. */
  carries?(operation: Operation): Promise<boolean>;
  /** Ends its streams, for another link to go on with them; what it runs is finished. */
  retire(): void;
  /** Ends everything with ClientClosed. Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** The client was closed by its user. */
export class ClientClosed extends ConnectionLost {
  constructor() {
    super(1000, 'The client was closed.');
  }
}

/** Something on the way keeps a response back until its end: events do not come through as they happen. */
export class ResponsesGathered extends ConnectionLost {
  constructor() {
    super(1006, 'Something on the way keeps the events back until the end of the response.');
  }
}

/**
 * Close codes after which the server, or another instance, may be asked again; after 4403 with a new token, and after
 * 4408 with a quicker one. 1011 says that the server has a defect.
 */
const PASSING_CODES: readonly number[] = [1000, 1001, 1005, 1006, 1012, 1013, 1014, 4403, 4408];

/** Whether no further attempt would help: the token or the client itself is refused. */
export function isFatal(error: unknown): boolean {
  if (error instanceof ClientClosed) return true;
  if (error instanceof ConnectionLost) return !PASSING_CODES.includes(error.code);
  return error instanceof OperationError && ['UNAUTHENTICATED', 'FORBIDDEN'].includes(error.code);
}

/** Whatever was thrown, as an error. */
export const toError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
