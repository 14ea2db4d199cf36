import type { TypedDocumentNode } from '@graphql-typed-document-node/core';

/** What may be said of a call. */
export interface CallOptions {
  /** Ends it: what waits rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Operations of any document. */
export interface Operations {
  /** Asks, once. Rejects with OperationError, ConnectionLost or the signal's reason. */
  query<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: CallOptions,
  ): Promise<Data>;
  /**
   * Does something, once. After ConnectionLost it may have been done or not: with a `changeId` or another idempotency key it
   * is safe to do it again. Files (Blob) among the variables are uploaded. Rejects as `query` does.
   */
  mutate<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: CallOptions,
  ): Promise<Data>;
  /**
   * Follows a subscription, from now on and across lost connections and transports: a LOG without a gap or a duplicate, a
   * STATE with what is newest. Ends with OperationError when the server says so, never because a connection was lost.
   * Throws OperationError (BAD_USER_INPUT) where the operation cannot be resumed.
   */
  subscribe<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    options?: CallOptions,
  ): AsyncIterableIterator<Data, undefined>;
}
