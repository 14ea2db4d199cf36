import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { expect } from 'vitest';
import {
  AddCollaboratorDocument,
  ApplyDocumentChangeDocument,
  DocumentsDocument,
  DocumentTextDocument,
  RemoveCollaboratorDocument,
  StartBatchDocument,
  StartProcessingDocument,
  UpdateCursorPositionDocument,
  UploadDocumentDocument,
} from '../../src/sdk/generated.ts';
import { upload } from '../../src/sdk/upload.ts';
import { createClient, OperationError } from './client.ts';
import { type TokenOptions, tokenFor } from './tokens.ts';

/** Milliseconds that somebody waits for what they are to see, on a busy machine. */
const PATIENCE_MS = 30_000;

/** What somebody has before their eyes: a subscription, and all that it has told. */
export interface Watch<Event> {
  readonly seen: readonly Event[];
  /** The first of such a kind, of those that were told or will be. Rejects when it does not come. */
  sees(what: string, isIt: (event: Event) => boolean): Promise<Event>;
  /** Resolves when the server has ended it: with the code it gave, or null where it ended in peace. */
  ended(): Promise<string | null>;
}

/** Somebody at a socket of their own. */
export type Person = ReturnType<typeof personAt>;

/** Lets a user in. `leave` closes the socket. */
export function personAt(url: string, userId: string, claims: TokenOptions = {}) {
  const client = createClient({ url, userId, clientId: `${userId}-desk`, ...claims });
  const token = (): Promise<string> => tokenFor(userId, claims);

  /** Watches a subscription; `eventOf` takes the event out of what comes. */
  function watch<Data, Variables, Event>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    eventOf: (data: Data) => Event,
  ): Watch<Event> {
    const seen: Event[] = [];
    let end: { readonly code: string | null } | undefined;
    const read = async (): Promise<void> => {
      for await (const data of client.subscribe(document, variables)) seen.push(eventOf(data));
    };
    read().then(
      () => {
        end = { code: null };
      },
      (error: Error) => {
        end = { code: error instanceof OperationError ? error.code : error.message };
      },
    );
    return {
      seen,
      async sees(what, isIt) {
        await expect
          .poll(() => seen.some(isIt), { timeout: PATIENCE_MS })
          .toBe(true)
          .catch(() => undefined);
        const found = seen.find(isIt);
        if (found === undefined)
          throw new Error(
            `${userId} does not see ${what}, but in the end: ${JSON.stringify(seen.slice(-3))}`,
          );
        return found;
      },
      async ended() {
        await expect
          .poll(() => end, { timeout: PATIENCE_MS, message: `${userId}'s stream ends` })
          .toBeDefined();
        return end?.code ?? null;
      },
    };
  }

  return {
    watch,

    /** Uploads a file; gives the id of its document. */
    async uploads(name: string, content: string | Uint8Array): Promise<string> {
      const file = new File([typeof content === 'string' ? content : new Uint8Array(content)], name);
      const { uploadDocument } = await upload({ url, token }, UploadDocumentDocument, { file });
      return uploadDocument.id;
    },

    async shares(documentId: string, other: string): Promise<void> {
      await client.request(AddCollaboratorDocument, { documentId, userId: other, role: 'EDITOR' });
    },

    async removes(other: string, documentId: string): Promise<void> {
      await client.request(RemoveCollaboratorDocument, { documentId, userId: other });
    },

    /** Inserts into the text as it was at a revision. */
    async inserts(
      documentId: string,
      baseRevision: number,
      position: number,
      content: string,
    ): Promise<void> {
      const change = { changeType: 'INSERT', position, content } as const;
      await client.request(ApplyDocumentChangeDocument, { documentId, baseRevision, change });
    },

    async pointsAt(documentId: string, position: number): Promise<void> {
      const at = { line: 1, column: position, position };
      await client.request(UpdateCursorPositionDocument, { documentId, position: at });
    },

    async reads(documentId: string): Promise<{ readonly content: string; readonly revision: number }> {
      const { document } = await client.request(DocumentTextDocument, { id: documentId });
      if (!document) throw new Error(`${userId} may not read ${documentId}`);
      return document;
    },

    async processes(documentId: string): Promise<string> {
      return (await client.request(StartProcessingDocument, { documentId })).startProcessing.id;
    },

    async processesAll(documentIds: readonly string[]): Promise<string> {
      return (await client.request(StartBatchDocument, { documentIds: [...documentIds] })).startBatch.batchId;
    },

    /** Titles of the documents in which these words are. */
    async finds(search: string): Promise<string[]> {
      const { documents } = await client.request(DocumentsDocument, { search });
      return documents.edges.map(({ node }) => node.title);
    },

    leave: () => client.close(),
  };
}
