import { randomUUID } from 'node:crypto';
import { EDITOR, START, splicesOf } from './events.js';
import { memoryOf } from './process.js';
import { createCaller, startShipped } from './shipped-server.js';

/** @import { MeasuredServer } from './servers.js' */

/** @typedef {{ createDocument: { revision: number } }} Created */
/** @typedef {{ applyDocumentChanges: { revision: number } }} Applied */

const CREATE = 'mutation Create($input: CreateDocumentInput!) { createDocument(input: $input) { revision } }';
const SHARE = `mutation Share($documentId: ID!, $userId: ID!) {
  addCollaborator(documentId: $documentId, userId: $userId, role: VIEWER) { id }
}`;
const APPLY = `mutation Apply($documentId: ID!, $changes: [DocumentChangeInput!]!, $changeId: ID, $clientId: ID) {
  applyDocumentChanges(documentId: $documentId, changes: $changes, changeId: $changeId, clientId: $clientId) { revision }
}`;

/**
 * Starts Quire as it is shipped (SQLite on disk, a line in its log for each operation), with documents that each reader
 * may read. An event is a real edit over HTTP: authorized, durable, with a `changeId`, as an editor sends it.
 * @param {{ documents: number, readers: number }} options
 * @returns {Promise<MeasuredServer>}
 */
export async function startQuire({ documents, readers }) {
  const server = await startShipped();
  const caller = createCaller(server.url, await server.sign(EDITOR.id, EDITOR.name));
  const close = async () => {
    caller.close();
    await server.stop();
  };

  try {
    const names = Array.from({ length: readers }, (_, index) => `reader-${index}`);
    const tokens = await Promise.all(names.map((name) => server.sign(name, name)));
    const documentIds = Array.from({ length: documents }, () => randomUUID());
    /** @type {number[]} */
    const revisions = [];
    for (const id of documentIds) {
      const input = { id, title: 'Bench', content: START };
      /** @type {Created} */
      const { createDocument } = await caller.call(CREATE, { input });
      revisions.push(createDocument.revision);
      for (const userId of names) await caller.call(SHARE, { documentId: id, userId });
    }
    return {
      dialect: 'graphql',
      port: Number(new URL(server.url).port),
      pid: server.process.pid ?? 0,
      documentIds,
      tokens,
      revisions,
      async publish(document, count) {
        const changes = splicesOf(count).map((splice) => ({ changeType: 'INSERT', ...splice }));
        const ids = { documentId: documentIds[document], changeId: randomUUID(), clientId: EDITOR.clientId };
        const revision = (revisions[document] ?? 0) + count;
        revisions[document] = revision;
        /** @type {Applied} */
        const { applyDocumentChanges } = await caller.call(APPLY, { ...ids, changes });
        if (applyDocumentChanges.revision !== revision) {
          throw new Error(`revision ${applyDocumentChanges.revision} instead of ${revision}`);
        }
      },
      memory: () => memoryOf(server.process),
      stop: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
