// The floor: `ws` and nothing else. Each event is made into JSON once, and each client is sent the message that
// graphql-ws would send it. A client asks by the path of its URL.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { publishOnDemand, ready } from './peer.js';

/** @import { AddressInfo } from 'node:net' */
/** @import { WebSocket } from 'ws' */

const server = createServer();
const sockets = new WebSocketServer({ server });
/** @type {Map<string, Set<WebSocket>>} */
const rooms = new Map();

sockets.on('connection', (client, request) => {
  const documentId = request.url?.slice(1) ?? '';
  const room = rooms.get(documentId) ?? new Set();
  rooms.set(documentId, room.add(client));
  client.on('close', () => room.delete(client));
});

const id = randomUUID();
publishOnDemand((documentId, change) => {
  const json = JSON.stringify({ id, type: 'next', payload: { data: { documentChanges: change } } });
  for (const client of rooms.get(documentId) ?? []) client.send(json);
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
ready(/** @type {AddressInfo} */ (server.address()).port);
