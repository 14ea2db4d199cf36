import { setTimeout as sleep } from 'node:timers/promises';
import {
  AddCollaboratorDocument,
  ApplyDocumentChangeDocument,
  CreateDocumentDocument,
  UpdateCursorPositionDocument,
} from '../../src/sdk/generated.ts';
import { createClient, type TestClient } from '../support/client.ts';
import type { Random } from '../support/random.ts';

/** UTF-16 code units of every document, at every revision. */
const DOCUMENT_CHARS = 2_000;
/** Revisions that a document has before it is watched: what the server keeps of a document is full then. */
const PAST = 1_200;
const AT_ONCE = 50;
/** Editors at work at once, each of whom waits for its answers. */
const LANES = 6;

export interface Editing {
  readonly documentIds: readonly string[];
  readonly edits: number;
  revisionOf(documentId: string): number;
  /** Replaces words here and there, so often a second over all documents, until the signal; with a cursor or without. */
  edit(options: { perSecond: number; withCursors: boolean; signal: AbortSignal }): Promise<void>;
  /** Closes the connection of who edits; another edit opens it again. */
  leave(): Promise<void>;
}

export interface EditingOptions {
  readonly url: string;
  readonly random: Random;
  readonly documents: number;
  readonly readers: readonly string[];
}

/** Creates documents with a past, which the readers may read. */
export async function prepareEditing({ url, random, documents, readers }: EditingOptions): Promise<Editing> {
  /** It comes by need, and may leave and come again. */
  let desk: TestClient | undefined;
  const editor = (): TestClient => (desk ??= createClient({ url, userId: 'ada', clientId: 'desk' }));
  const revisions = new Map<string, number>();
  let edits = 0;

  const replace = async (documentId: string): Promise<void> => {
    const content = String(random.between(1_000_000, 9_999_999));
    const position = random.between(0, DOCUMENT_CHARS - content.length);
    const change = { changeType: 'REPLACE' as const, position, length: content.length, content };
    const { applyDocumentChange } = await editor().request(ApplyDocumentChangeDocument, {
      documentId,
      change,
    });
    revisions.set(documentId, Math.max(revisions.get(documentId) ?? 0, applyDocumentChange.revision));
  };

  const moveCursor = async (documentId: string): Promise<void> => {
    const at = random.between(0, DOCUMENT_CHARS);
    const position = { line: 0, column: at, position: at };
    await editor().request(UpdateCursorPositionDocument, { documentId, position });
  };

  const prepare = async (id: string): Promise<void> => {
    const input = { id, title: id, content: '.'.repeat(DOCUMENT_CHARS) };
    await editor().request(CreateDocumentDocument, { input });
    for (const userId of readers) {
      await editor().request(AddCollaboratorDocument, { documentId: id, userId, role: 'VIEWER' });
    }
    for (let count = 0; count < PAST; count += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => replace(id)));
    }
  };

  const documentIds = Array.from({ length: documents }, (_, index) => `document-${index}`);
  for (const id of documentIds) await prepare(id);

  return {
    documentIds,
    get edits() {
      return edits;
    },
    revisionOf: (documentId) => revisions.get(documentId) ?? 0,
    async edit({ perSecond, withCursors, signal }) {
      const pauseMs = (LANES * 1_000) / perSecond;
      const lane = async (): Promise<void> => {
        while (!signal.aborted) {
          const documentId = random.pick(documentIds);
          const pause = sleep(pauseMs);
          await replace(documentId);
          if (withCursors) await moveCursor(documentId);
          await pause;
          edits += 1;
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    },
    async leave() {
      await desk?.close();
      desk = undefined;
    },
  };
}
