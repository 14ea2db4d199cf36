import { once } from 'node:events';
import { WebSocket } from 'ws';
import { fieldsOf } from './dialects.js';

/** @import { MeasuredServer } from './servers.js' */

/** Subscriptions of one socket: LIMIT_SUBSCRIPTIONS_PER_SOCKET. */
const SUBSCRIPTIONS = 100;
/** Milliseconds that a socket has to be acknowledged in. */
const INIT_MS = 10_000;

const QUERY = `subscription ($id: ID!) { documentChanges(documentId: $id, after: 0, echo: true) { ${fieldsOf('revision')} } }`;

/**
 * Opens sockets that subscribe to a document a hundred times, and never read what comes.
 * @param {MeasuredServer} server @param {number} count
 * @returns {Promise<() => void>} Closes them.
 */
export async function openSilentReaders(server, count) {
  /** @type {WebSocket[]} */
  const sockets = [];
  for (let index = 0; index < count; index += 1) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, 'graphql-transport-ws');
    const token = server.tokens[index % server.tokens.length];
    socket.on('error', () => {});
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { token } }));
    await once(socket, 'message', { signal: AbortSignal.timeout(INIT_MS) });
    socket.pause();
    for (let id = 0; id < SUBSCRIPTIONS; id += 1) {
      const payload = { query: QUERY, variables: { id: server.documentIds[0] } };
      socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload }));
    }
    sockets.push(socket);
  }
  return () => sockets.forEach((socket) => socket.terminate());
}
