import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CollaborationUpdatesDocument,
  DocumentChangesDocument,
  ViewerDocument,
} from '../../src/sdk/generated.ts';
import { type InProcess, openInProcess } from '../promises/in-process.ts';
import { until } from '../support/raw-socket.ts';
import { tokenFor } from '../support/tokens.ts';
import { openDesk, readLog, visit } from './visitor.ts';

const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;
const enough = new Error('enough');

let server: InProcess;
let desk: Awaited<ReturnType<typeof openDesk>>;

beforeAll(async () => {
  server = await openInProcess();
  desk = await openDesk(server.url, 'endings');
  await desk.write();
});
afterAll(async () => {
  await desk.close();
  await server.close();
});

/** A server that takes everything and says nothing. */
const silent: { server?: Server; sockets: Set<Socket> } = { sockets: new Set() };
async function startSilent(): Promise<string> {
  const listening = createServer(() => {}).listen(0, '127.0.0.1');
  listening.on('upgrade', (_request, socket) => {
    socket.resume().on('end', () => socket.end());
  });
  listening.on('connection', (socket) => {
    silent.sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => silent.sockets.delete(socket));
  });
  silent.server = listening;
  await once(listening, 'listening');
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}
afterEach(() => {
  silent.server?.close();
  for (const socket of silent.sockets) socket.destroy();
});

/** What the server still holds of those who read. */
const held = (): number => {
  const { eventStreams, subscriptions } = server.counts();
  return eventStreams + subscriptions;
};

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('a signal ends a stream, here and at the server', async () => {
    const bob = visit(server.url, { transports: [transport] });
    const controller = new AbortController();
    const variables = { documentId: desk.documentId, after: 0, echo: true };
    const stream = bob.client.subscribe(DocumentChangesDocument, variables, { signal: controller.signal });
    expect(await stream.next()).toMatchObject({ value: { documentChanges: { revision: 1 } } });
    const next = stream.next();
    controller.abort(enough);
    await expect(next).rejects.toBe(enough);
    await until(() => server.counts().subscriptions === 0, 'the server has ended it');
    await bob.client.close();
    await until(() => held() === 0, 'the server holds nothing of it');
    expect(bob.clock.pending).toBe(0);
  });

  it('who leaves a stream ends it', async () => {
    const bob = visit(server.url, { transports: [transport] });
    const variables = { documentId: desk.documentId, after: 0, echo: true };
    for await (const { documentChanges } of bob.client.operations.DocumentChanges(variables))
      if (documentChanges.revision === 1) break;
    await until(() => server.counts().subscriptions === 0, 'the server has ended it');
    await bob.client.close();
    expect(bob.clock.pending).toBe(0);
  });

  it('closing ends everything, and leaves no timer and no socket', async () => {
    const bob = visit(server.url, { transports: [transport] });
    const log = readLog(bob, desk.documentId);
    await log.reaches(1);
    const session = bob.client.subscribe(CollaborationUpdatesDocument, { documentId: desk.documentId });
    await session.next();
    await bob.client.close();
    await log.reading;
    expect(log.failure()).toBeUndefined();
    for (let end = await session.next(); end.done !== true; end = await session.next());
    await expect(bob.client.query(ViewerDocument, {})).rejects.toMatchObject({
      name: 'ConnectionLost',
      code: 1000,
    });
    await bob.client.close();
    expect(bob.client.connection.current).toEqual({ state: 'closed', transport: null, reason: null });
    await until(() => held() === 0, 'the server holds nothing of it');
    expect([bob.clock.pending, bob.sockets.size]).toEqual([0, 0]);
  });

  it('a signal, or closing, ends what waits for a server that says nothing', async () => {
    const url = await startSilent();
    const bob = visit(url, { transports: [transport] });
    const controller = new AbortController();
    const question = bob.client.query(ViewerDocument, {}, { signal: controller.signal });
    const other = bob.client.query(ViewerDocument, {});
    const stream = bob.client.subscribe(CollaborationUpdatesDocument, { documentId: 'a' }).next();
    await until(() => silent.sockets.size > 0, 'it is being connected');
    controller.abort(enough);
    await expect(question).rejects.toBe(enough);
    const ends = Promise.all([expect(other).rejects.toMatchObject({ code: 1000 }), stream]);
    await bob.client.close();
    expect((await ends)[1]).toEqual({ done: true, value: undefined });
    // Those of `fetch` are its own to keep.
    if (transport === 'websocket') await until(() => silent.sockets.size === 0, 'the socket is gone');
    expect([bob.clock.pending, bob.sockets.size]).toEqual([0, 0]);
  });
});

describe('a client that waits', () => {
  it.each(TRANSPORTS)('for a token that never comes is closed all the same, over %s', async (transport) => {
    const bob = visit(server.url, { transports: [transport], token: () => new Promise(() => {}) });
    const controller = new AbortController();
    const aborted = bob.client.query(ViewerDocument, {}, { signal: controller.signal });
    const asked = bob.client.query(ViewerDocument, {});
    controller.abort(enough);
    await expect(aborted).rejects.toBe(enough);
    const ends = expect(asked).rejects.toMatchObject({ code: 1000 });
    await bob.client.close();
    await ends;
    expect([bob.clock.pending, bob.sockets.size]).toEqual([0, 0]);
  });

  it('for a token that cannot be had is told why, and asks again', async () => {
    let fails = true;
    const bob = visit(server.url, {
      token: () => (fails ? Promise.reject(new Error('no sign-in')) : tokenFor('bob')),
    });
    await expect(bob.client.query(ViewerDocument, {})).rejects.toThrow('no sign-in');
    expect(bob.client.connection.current).toMatchObject({
      state: 'offline',
      reason: { message: 'no sign-in' },
    });
    fails = false;
    const asked = bob.client.query(ViewerDocument, {});
    bob.clock.advance(1_000);
    expect(await asked).toMatchObject({ viewer: { user: { id: 'bob' } } });
    await bob.client.close();
  });

  it('for a job or an upload ends with its signal', async () => {
    const bob = visit(server.url, { userId: 'ada' });
    const { startProcessing } = await bob.client.operations.StartProcessing({ documentId: desk.documentId });
    const controller = new AbortController();
    const { signal } = controller;
    // The server's clock stands still, and so does the job.
    const tracking = bob.client.jobs.track(startProcessing.id, { signal });
    expect(await tracking.next()).toMatchObject({ value: { id: startProcessing.id } });
    const waiting = (async () => {
      for await (const job of tracking) expect(job.id).toBe(startProcessing.id);
    })();
    const url = await startSilent();
    const far = visit(url);
    const sending = far.client.uploads.send(new File(['text'], 'a.txt'), { signal });
    const closing = far.client.uploads.send(new File(['text'], 'a.txt'));
    await until(() => silent.sockets.size === 2, 'both are being uploaded');
    controller.abort(enough);
    await Promise.allSettled([waiting]);
    await expect(sending).rejects.toBe(enough);
    const ends = expect(closing).rejects.toMatchObject({ name: 'ConnectionLost', code: 1000 });
    await far.client.close();
    await ends;
    await bob.client.close();
    expect([bob.clock.pending, far.clock.pending]).toEqual([0, 0]);
  });

  it('does not keep a socket that nobody uses', async () => {
    const bob = visit(server.url);
    await bob.client.query(ViewerDocument, {});
    expect(bob.sockets.size).toBe(1);
    bob.clock.advance(10_000);
    await until(() => bob.sockets.size === 0, 'the idle socket is closed');
    expect(bob.client.connection.current.state).toBe('connected');
    await bob.client.query(ViewerDocument, {});
    expect(bob.sockets.size).toBe(1);
    await bob.client.close();
    expect(bob.clock.pending).toBe(0);
  });

  it('gives a socket up that is not acknowledged within 10 s, and one that is silent', async () => {
    const url = await startSilent();
    const bob = visit(url, { transports: ['websocket'] });
    const stream = bob.client.subscribe(CollaborationUpdatesDocument, { documentId: 'a' }).next();
    await until(() => bob.sockets.size === 1, 'a socket is being opened');
    bob.clock.advance(10_000);
    await until(() => bob.states.length > 1, 'it is given up');
    expect(bob.states[1]?.reason?.message).toBe('The server did not acknowledge the socket.');
    await bob.client.close();
    expect((await stream).done).toBe(true);
    expect(bob.clock.pending).toBe(0);
  });
});
