// Socket.IO: a room for each document, and the change as the event's payload. WebSocket only, as its clients ask.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { publishOnDemand, ready } from './peer.js';

/** @import { AddressInfo } from 'node:net' */
/** @import { DocumentChange } from './peer.js' */

/**
 * The parts of Socket.IO that are used: its own types are there only when the peers are installed.
 * @typedef {object} ServerSide
 * @property {(event: 'connection', handle: (socket: ClientSide) => void) => void} on
 * @property {(room: string) => { emit(event: 'change', change: DocumentChange): void }} to
 *
 * @typedef {object} ClientSide
 * @property {(event: 'subscribe', handle: (documentId: string) => void) => void} on
 * @property {(room: string) => void} join
 */

const name = 'socket.io';
/** @type {unknown} */
const module = await import(name);
const { Server } = /** @type {{ Server: new (server: object, options: object) => ServerSide }} */ (module);
const server = createServer();
const io = new Server(server, { transports: ['websocket'] });
io.on('connection', (socket) => {
  socket.on('subscribe', (documentId) => socket.join(documentId));
});

publishOnDemand((documentId, change) => {
  io.to(documentId).emit('change', change);
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
ready(/** @type {AddressInfo} */ (server.address()).port);
