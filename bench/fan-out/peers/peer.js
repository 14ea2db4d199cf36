// What the servers that Quire is measured beside have in common: they are told by the bench what to publish, and make
// the same events, which no database keeps.
import { randomUUID } from 'node:crypto';
import { EDITOR, splicesOf } from '../events.js';

/**
 * A change as Quire sends it, with the fields that the subscribers select.
 * @typedef {object} DocumentChange
 * @property {number} revision
 * @property {'INSERT'} changeType
 * @property {number} position
 * @property {number} length
 * @property {string} content
 * @property {string} userId
 * @property {{ id: string, name: string }} user
 * @property {string} clientId
 * @property {string} changeId
 * @property {string} timestamp
 */

/** The types of Quire's schema that take part. */
export const typeDefs = `
  enum ChangeType { INSERT DELETE REPLACE }
  scalar DateTime
  type User { id: ID! name: String! }
  type DocumentChange {
    revision: Int!
    changeType: ChangeType!
    position: Int!
    length: Int!
    content: String!
    userId: ID!
    user: User!
    clientId: ID
    changeId: ID!
    timestamp: DateTime!
  }
  type Query { ready: Boolean! }
  type Subscription { documentChanges(documentId: ID!, echo: Boolean! = false): DocumentChange! }
`;

/**
 * Publishes what the bench asks for, all events of a tick in one turn of the event loop.
 * @param {(documentId: string, change: DocumentChange) => void} publish
 */
export function publishOnDemand(publish) {
  /** @type {Map<string, number>} */
  const revisions = new Map();
  process.on('message', (/** @type {unknown} */ message) => {
    if (typeof message !== 'object' || message === null || !('documentId' in message)) return;
    const { documentId, count } = /** @type {{ documentId: string, count: number }} */ (message);
    const changeId = randomUUID();
    const timestamp = new Date().toISOString();
    let revision = revisions.get(documentId) ?? 0;
    for (const { position, content } of splicesOf(count)) {
      revision += 1;
      publish(documentId, {
        ...{ revision, changeType: 'INSERT', position, length: 0, content },
        ...{ userId: EDITOR.id, user: { ...EDITOR }, clientId: EDITOR.clientId, changeId, timestamp },
      });
    }
    revisions.set(documentId, revision);
  });
}

/** Tells the bench that subscribers may come. @param {number} port */
export const ready = (port) => process.send?.({ kind: 'ready', port });
