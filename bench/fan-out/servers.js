import { randomUUID } from 'node:crypto';
import { memoryOf, nextMessage, startMeasured, stop } from './process.js';
import { startQuire } from './quire.js';

/** @import { DialectName } from './dialects.js' */
/** @import { Memory } from './process.js' */

/**
 * A server in a process of its own.
 * @typedef {object} MeasuredServer
 * @property {DialectName} dialect
 * @property {number} port
 * @property {number} pid
 * @property {readonly string[]} documentIds
 * @property {readonly string[]} tokens Of the readers, who may read every document.
 * @property {readonly number[]} revisions Of each document, with everything that was asked to be published.
 * @property {(document: number, count: number) => Promise<void>} publish That many events of a document at once. Resolves
 * when they are durable, where there is something to wait for. A document's events are published one call at a time.
 * @property {() => Promise<Memory>} memory
 * @property {() => Promise<void>} stop
 */

/** Every server, in the order in which they are shown. */
export const SERVERS = /** @type {const} */ (['quire', 'ws', 'socket.io', 'mercurius', 'yoga']);

/** @typedef {typeof SERVERS[number]} ServerName */

/** The ones that execute an operation, so that each subscriber can have a selection of its own. */
export const GRAPHQL_SERVERS = /** @type {const} */ (['quire', 'mercurius', 'yoga']);

/** @satisfies {Record<ServerName, string>} */
export const TITLES = {
  quire: 'Quire',
  ws: 'raw ws',
  'socket.io': 'Socket.IO',
  mercurius: 'Mercurius',
  yoga: 'stock Yoga',
};

/** @satisfies {Record<Exclude<ServerName, 'quire'>, { script: string, dialect: DialectName }>} */
const peers = {
  ws: { script: 'peers/raw.js', dialect: 'raw' },
  'socket.io': { script: 'peers/socket-io.js', dialect: 'socket-io' },
  mercurius: { script: 'peers/mercurius.js', dialect: 'graphql' },
  yoga: { script: 'peers/yoga.js', dialect: 'graphql' },
};

/**
 * Starts a server on a free port of 127.0.0.1.
 * @param {ServerName} name
 * @param {{ documents: number, readers: number }} options
 * @returns {Promise<MeasuredServer>}
 */
export async function startServer(name, options) {
  if (name === 'quire') return startQuire(options);
  const { script, dialect } = peers[name];
  const server = startMeasured(new URL(script, import.meta.url));
  const documentIds = Array.from({ length: options.documents }, () => randomUUID());
  const revisions = documentIds.map(() => 0);
  try {
    /** @type {{ port: number }} */
    const { port } = await nextMessage(server, 'ready');
    return {
      ...{ dialect, port, pid: server.pid ?? 0, documentIds, revisions },
      // Peers ask for none; they get some of about the size of a real one.
      tokens: Array.from({ length: options.readers }, () => 'a token that nobody checks '.repeat(8)),
      async publish(document, count) {
        revisions[document] = (revisions[document] ?? 0) + count;
        server.send({ documentId: documentIds[document], count });
      },
      memory: () => memoryOf(server),
      stop: () => stop(server),
    };
  } catch (error) {
    await stop(server);
    throw error;
  }
}
