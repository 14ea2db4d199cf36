/**
 * What a subscriber says to a server so that it is sent a document's changes, and how it answers what is no change.
 * Everything it says is text.
 */

/** The fields of a change that every subscriber gets, with the name that its revision goes by. */
export const fieldsOf = (/** @type {string} */ revisionName) =>
  `${revisionName === 'revision' ? '' : `${revisionName}: `}revision changeType position length content userId user { id name } clientId changeId timestamp`;

/**
 * @typedef {object} Wish What one subscriber wants.
 * @property {string} documentId
 * @property {string} token
 * @property {string} operationId
 * @property {string} revisionName `revision`, or the alias that makes this subscriber's selection its own.
 */

/**
 * @typedef {object} Answer
 * @property {string} [say]
 * @property {true} [subscribed] It has asked for everything it wants; when the server is ready, changes will come.
 */

/**
 * @typedef {object} Dialect
 * @property {string | null} protocol
 * @property {(wish: Wish) => string} path
 * @property {(wish: Wish) => Answer} opened
 * @property {(text: string, wish: Wish) => Answer} answer To a message without a change. Throws on one that should not come.
 */

const unexpected = (/** @type {string} */ text) => new Error(`An unexpected message: ${text.slice(0, 500)}`);

/** @type {Dialect} */
const graphql = {
  protocol: 'graphql-transport-ws',
  path: () => '/graphql',
  opened: ({ token }) => ({ say: JSON.stringify({ type: 'connection_init', payload: { token } }) }),
  answer(text, { documentId, operationId, revisionName }) {
    /** @type {unknown} */
    const parsed = JSON.parse(text);
    const message = /** @type {{ type?: string }} */ (parsed);
    if (message.type === 'ping') return { say: '{"type":"pong"}' };
    if (message.type !== 'connection_ack') throw unexpected(text);
    const query = `subscription Changes($documentId: ID!) {
  documentChanges(documentId: $documentId, echo: true) { ${fieldsOf(revisionName)} }
}`;
    const payload = { query, variables: { documentId } };
    return { say: JSON.stringify({ id: operationId, type: 'subscribe', payload }), subscribed: true };
  },
};

/** Engine.IO 4 (a digit before each packet) and in it Socket.IO (another digit). @type {Dialect} */
const socketIo = {
  protocol: null,
  path: () => '/socket.io/?EIO=4&transport=websocket',
  opened: () => ({}),
  answer(text, { documentId }) {
    if (text === '2') return { say: '3' };
    if (text.startsWith('0{')) return { say: '40' };
    if (text.startsWith('40'))
      return { say: `42${JSON.stringify(['subscribe', documentId])}`, subscribed: true };
    throw unexpected(text);
  },
};

/** @type {Dialect} */
const raw = {
  protocol: null,
  path: ({ documentId }) => `/${documentId}`,
  opened: () => ({ subscribed: true }),
  answer(text) {
    throw unexpected(text);
  },
};

export const dialects = { graphql, 'socket-io': socketIo, raw };

/** @typedef {keyof typeof dialects} DialectName */
