import type { Splice } from '../text/splice.ts';
import type { TextLink } from './connected-text.ts';
import { OperationError } from './errors.ts';
import {
  ApplyDocumentChangesDocument,
  type DocumentChangeInput,
  DocumentChangesDocument,
  DocumentTextDocument,
} from './generated.ts';
import { type SocketClient } from './socket-client.ts';

/** A splice as the API writes it. */
export function toInput({ position, length, content }: Splice): DocumentChangeInput {
  if (length === 0) return { changeType: 'INSERT', position, content };
  if (content === '') return { changeType: 'DELETE', position, length };
  return { changeType: 'REPLACE', position, length, content };
}

/** The link of a client to a document. Closing it closes the client. */
export function documentLink(client: SocketClient, documentId: string): TextLink {
  return {
    async open() {
      const { document } = await client.request(DocumentTextDocument, { id: documentId });
      if (!document)
        throw new OperationError([
          { message: 'There is no such document.', extensions: { code: 'NOT_FOUND' } },
        ]);
      return { text: document.content, revision: document.revision };
    },
    async *changes(after) {
      const stream = client.subscribe(DocumentChangesDocument, { documentId, after, echo: true });
      for await (const { documentChanges } of stream) yield documentChanges;
    },
    async send({ changeId, baseRevision, splices }) {
      const changes = splices.map(toInput);
      const sent = { documentId, changes, baseRevision, changeId };
      const { applyDocumentChanges: answer } = await client.request(ApplyDocumentChangesDocument, sent);
      return { ...answer, changeId, count: answer.changes.length };
    },
    close: () => client.close(),
  };
}
