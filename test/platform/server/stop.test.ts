import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSocket, type RawSocket, soon, until } from '../../support/raw-socket.ts';
import { type Edge, startEdge } from './edge.ts';

let edge: Edge;
beforeEach(async () => {
  edge = await startEdge();
});
afterEach(() => edge.server.close());

const openInit = async (): Promise<RawSocket> => {
  const socket = await openSocket(edge.socketUrl);
  await socket.init({ token: 'ada' });
  return socket;
};

/** Sends bytes on a connection that was open before, and reads the answer. */
const tell = async (socket: ReturnType<typeof connect>, text: string): Promise<string> => {
  socket.write(text);
  const [data] = (await soon(once(socket, 'data'), 'an answer')) as [Buffer];
  return data.toString();
};

describe('a server that stops', () => {
  it('closes its sockets with 1001 and lets go of their sources', async () => {
    const sockets = await Promise.all(Array.from({ length: 10 }, openInit));
    for (const socket of sockets) socket.subscribe('1', 'subscription { ticks }');
    await until(() => edge.sources.length === 10, 'all have started');
    const stopped = edge.server.close();
    for (const socket of sockets) expect(await socket.closed()).toEqual({ code: 1001, reason: 'Going away' });
    await soon(stopped, 'the end');
    expect(edge.sources.map(({ returned }) => returned)).toEqual(Array(10).fill(1));
  });

  it('lets running mutations finish, on sockets and over HTTP, and takes on no more', async () => {
    const socket = await openInit();
    socket.subscribe('1', 'mutation { slow }');
    const posted = edge.post({ query: 'mutation { slow }' });
    await until(() => edge.calls.length === 2, 'both are running');
    const stopped = edge.server.close();
    socket.subscribe('2', '{ hello }');
    expect(await socket.next()).toMatchObject({
      id: '2',
      type: 'error',
      payload: [{ extensions: { code: 'UNAVAILABLE' } }],
    });
    edge.gate.open();
    expect(await socket.next()).toEqual({ id: '1', type: 'next', payload: { data: { slow: 'done' } } });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    expect(await (await posted).json()).toEqual({ data: { slow: 'done' } });
    expect((await socket.closed()).code).toBe(1001);
    await soon(stopped, 'the end');
    expect(edge.calls).toEqual(['slow', 'slow']);
  });

  it('refuses new connections, requests and upgrades, and is not ready', async () => {
    const lines = ['HTTP/1.1', 'Host: 127.0.0.1'];
    const upgrade = `GET /graphql ${[...lines, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='].join('\r\n')}\r\n\r\n`;
    const early = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const socket = connect(edge.port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      }),
    );
    // The server has accepted them once it answers another.
    await fetch(`${edge.url}/health/live`);
    const running = edge.post({ query: 'mutation { slow }' });
    await edge.gate.entered;
    const stopped = edge.server.close();
    const [ready, query, poll, socket] = early as [Socket, Socket, Socket, Socket];
    expect(await tell(ready, `GET /health/ready ${lines.join('\r\n')}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 503 [^]*stopping/,
    );
    expect(await tell(query, `GET /graphql?query=%7Bhello%7D ${lines.join('\r\n')}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 503 [^]*UNAVAILABLE/,
    );
    expect(await tell(poll, `GET /api/kettles/k ${lines.join('\r\n')}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 503 [^]*UNAVAILABLE/,
    );
    expect(await tell(socket, upgrade)).toMatch(/^HTTP\/1\.1 503 /);
    await expect(fetch(`${edge.url}/health/live`)).rejects.toThrow();
    edge.gate.open();
    await (await running).text();
    await soon(stopped, 'the end');
  });

  it('ends event streams and says that they may be taken up again', async () => {
    const response = await edge.post(
      { query: 'subscription { ticks }' },
      { accept: 'text/event-stream', authorization: 'Bearer ada' },
    );
    await until(() => edge.sources.length === 1, 'it has started');
    const stopped = edge.server.close();
    expect(await soon(response.text(), 'the end of the stream')).toMatch(/UNAVAILABLE[^]*event: complete/);
    await soon(stopped, 'the end');
    expect(edge.sources[0]?.returned).toBe(1);
  });

  it('terminates a socket that does not answer, and does so once however often it is told', async () => {
    const silent = await openInit();
    silent.subscribe('1', 'subscription { ticks }');
    await until(() => edge.sources.length === 1, 'it has started');
    silent.ws.pause();
    const started = Date.now();
    const stopped = edge.server.close();
    expect(edge.server.close()).toBe(stopped);
    await soon(stopped, 'the end');
    await until(() => edge.sources[0]?.returned === 1, 'its source is let go of');
    expect(Date.now() - started).toBeLessThan(4_000);
    silent.ws.terminate();
  });

  it('waits for no more than 5 s for what does not end', async () => {
    const never = edge.post({ query: 'mutation { slow }' }).catch(() => null);
    await edge.gate.entered;
    const started = Date.now();
    await soon(edge.server.close(), 'the end');
    expect(Date.now() - started).toBeGreaterThan(4_500);
    expect(await never).toBeNull();
  });
});
