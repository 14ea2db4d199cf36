import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Counts, createApp } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/platform/clock.ts';
import { readConfig } from '../../src/platform/config.ts';
import { until } from '../support/raw-socket.ts';
import { testSecret } from '../support/tokens.ts';
import { openWire, type Wire, type WireOptions } from '../support/wire.ts';
import { createDocument, type Guest, type GuestOptions, must, openGuest } from './guest.ts';

/** Whom everything is shared with. */
export const READER = 'bob';

/** A whole server in the test's process, whose counts and ends of connections can be seen. */
export interface Stage {
  readonly url: string;
  counts(): Counts;
  /** Connects a user; `leaveAll` ends it. */
  enter(userId: string, options?: GuestOptions): Promise<Guest>;
  wire(userId: string, options?: WireOptions): Promise<Wire>;
  /** The server's end of a connection. */
  serverSocket(client: Pick<Wire, 'localPort'>): Socket;
  /** Something to be ended by `leaveAll`. */
  onLeave(end: () => void): void;
  /** Breaks all connections. Resolves when the server holds nothing of them. */
  leaveAll(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it on a disk of its own, with settings besides the ones that every stage has. */
export async function openStage(
  env: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'quire-stage-'));
  const config = readConfig({ AUTH_SECRET: testSecret, DATA_DIR: directory, PORT: '0', ...env });
  const app = await createApp(config, pino({ level: 'silent' }), { clock });
  const { url, port } = await app.listen();
  const ends: (() => void)[] = [];
  const accepted = new Map<number, Socket>();

  const onAccepted = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort === port && socket.remotePort !== undefined) accepted.set(socket.remotePort, socket);
  };
  subscribe('net.server.socket', onAccepted);

  const endAll = (): void => {
    for (const end of ends.splice(0)) end();
    accepted.clear();
  };

  return {
    url,
    counts: () => app.counts(),
    async enter(userId, options) {
      const guest = await openGuest(url, userId, options);
      ends.push(() => guest.socket.ws.terminate());
      return guest;
    },
    async wire(userId, options) {
      const wire = await openWire(url, userId, options);
      ends.push(() => wire.reset());
      return wire;
    },
    serverSocket({ localPort }) {
      const socket = accepted.get(localPort);
      if (!socket) throw new Error('the server has not accepted this connection');
      return socket;
    },
    onLeave: (end) => void ends.push(end),
    async leaveAll() {
      endAll();
      const isEmpty = (): boolean => Object.values(app.counts()).every((count) => count === 0);
      await until(isEmpty, 'the server holds nothing of those who have gone').catch((error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(app.counts())}`);
      });
    },
    async close() {
      unsubscribe('net.server.socket', onAccepted);
      endAll();
      await app.close();
      await rm(directory, { recursive: true });
    },
  };
}

const REWRITE =
  'mutation ($id: ID!, $changes: [DocumentChangeInput!]!) { applyDocumentChanges(documentId: $id, changes: $changes) { revision } }';

/** Creates a document of `width` lines of `chars`: `rewrite` makes as many revisions at once. It is at revision 1. */
export const createField = (
  owner: Guest,
  id: string,
  { width, chars = 1, readers = [READER] }: { width: number; chars?: number; readers?: readonly string[] },
): Promise<void> =>
  createDocument(owner, id, { content: `${'.'.repeat(chars)}\n`.repeat(width), editors: readers });

/** Replaces so many lines of a field: as many revisions in one commit. Resolves with the last one's number. */
export async function rewrite(
  owner: Guest,
  id: string,
  { count, content }: { count: number; content: string },
): Promise<number> {
  const changes = Array.from({ length: count }, (_, index) => ({
    changeType: 'REPLACE',
    position: index * (content.length + 1),
    length: content.length,
    content,
  }));
  const data = await must(owner.ask(REWRITE, { id, changes }));
  return (data['applyDocumentChanges'] as { revision: number }).revision;
}

/**
 * Writes until the buffers to a reader who takes nothing are full: the server holds what it may for it, and hands
 * nothing more to the system. Resolves with the newest revision.
 */
export async function writeUntilFull(socket: Socket, write: () => Promise<number>): Promise<number> {
  let newest = 0;
  let written = -1;
  while (socket.bytesWritten > written || socket.writableLength === 0) {
    written = socket.bytesWritten;
    for (let count = 0; count < 4; count += 1) newest = await write();
  }
  return newest;
}
