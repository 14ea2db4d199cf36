import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Splice } from '../../text/splice.ts';
import type { Clock } from '../clock.ts';
import { ConnectionLost, OperationError } from '../errors.ts';
import {
  ApplyDocumentChangesDocument,
  CollaborationUpdatesDocument,
  type DocumentChangeInput,
  DocumentChangesDocument,
  DocumentLogDocument,
  DocumentTextAtDocument,
  DocumentTextDocument,
  SetTypingDocument,
  UpdateCursorPositionDocument,
  UpdatePresenceDocument,
  ViewerDocument,
} from '../generated.ts';
import type { Operations } from '../operations.ts';
import type { TextLink } from './link.ts';
import { persistently } from './persistently.ts';

/** A splice as the API writes it. */
export function toInput({ position, length, content }: Splice): DocumentChangeInput {
  if (length === 0) return { changeType: 'INSERT', position, content };
  if (content === '') return { changeType: 'DELETE', position, length };
  return { changeType: 'REPLACE', position, length, content };
}

const noDocument = (): OperationError =>
  new OperationError([{ message: 'There is no such document.', extensions: { code: 'NOT_FOUND' } }]);

export interface ClientLinkOptions {
  readonly connection: TextLink['connection'];
  readonly clock: Clock;
}

/** The link to a document over a client, which keeps itself connected and resumes its streams. */
export function clientLink(
  client: Operations,
  documentId: string,
  { connection, clock }: ClientLinkOptions,
): TextLink {
  /** Asks until it is answered; a client that is closed answers nothing more. */
  const ask = <Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> =>
    persistently(() => client.query(document, variables), {
      clock,
      isOver: () => connection.current.state === 'closed',
    });

  async function askDocument<Data extends { readonly document: unknown }, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<NonNullable<Data['document']>> {
    const found = (await ask(document, variables)).document;
    if (!found) throw noDocument();
    return found;
  }

  return {
    documentId,
    connection,
    async open() {
      const { content, revision } = await askDocument(DocumentTextDocument, { id: documentId });
      const { viewer } = await ask(ViewerDocument, {});
      return { text: content, revision, userId: viewer.user.id };
    },
    async head(known) {
      const variables = { id: documentId, after: known, first: 1 };
      return (await askDocument(DocumentLogDocument, variables)).revision;
    },
    async textAt(revision) {
      return (await askDocument(DocumentTextAtDocument, { id: documentId, revision })).contentAt;
    },
    async *changes(after, signal) {
      const variables = { documentId, after, echo: true };
      for await (const { documentChanges } of client.subscribe(DocumentChangesDocument, variables, {
        signal,
      }))
        yield documentChanges;
    },
    async send({ changeId, baseRevision, splices }, signal) {
      const sent = { documentId, changes: splices.map(toInput), baseRevision, changeId };
      const { applyDocumentChanges } = await persistently(
        () => client.mutate(ApplyDocumentChangesDocument, sent, { signal }),
        // Whether it was applied is for the sender to find out.
        { clock, signal, isOver: (error) => error instanceof ConnectionLost },
      );
      return { ...applyDocumentChanges, changeId, count: applyDocumentChanges.changes.length };
    },
    async *session(signal) {
      const stream = client.subscribe(CollaborationUpdatesDocument, { documentId }, { signal });
      for await (const { collaborationUpdates } of stream) yield collaborationUpdates;
    },
    async moveCursor(position) {
      await client.mutate(UpdateCursorPositionDocument, { documentId, position });
    },
    async setTyping(typing) {
      await client.mutate(SetTypingDocument, { documentId, typing });
    },
    async setStatus(status) {
      await client.mutate(UpdatePresenceDocument, { documentId, status });
    },
  };
}
