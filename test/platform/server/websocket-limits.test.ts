import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createManualClock } from '../../support/manual-clock.ts';
import { openSocket, type RawSocket, soon, until } from '../../support/raw-socket.ts';
import { BRIEF_MS, type Edge, startEdge, type TestSource } from './edge.ts';
import { expectAlive, socketsOf, TICKS } from './sockets.ts';

let edge: Edge;
const { open, openInit, nextSource, closeAll } = socketsOf(() => edge);
afterEach(closeAll);

describe('a socket that asks and does not read', () => {
  beforeAll(async () => {
    edge = await startEdge({ limits: { stallMs: 500 } });
  });
  afterAll(() => edge.server.close());

  /** More than the buffers of both ends of a loopback connection hold, and not more than this. */
  const MOST_BYTES = 64 * 1024 * 1024;
  const PAYLOAD = 'x'.repeat(10_000);
  const FRAME = Buffer.alloc(125, 'x');
  type Sent = (error?: Error) => void;

  it.each([
    [
      'pings of WebSocket',
      FRAME.length,
      (socket: RawSocket, sent: Sent) => socket.ws.ping(FRAME, true, sent),
    ],
    [
      'pings of the protocol',
      PAYLOAD.length,
      (socket: RawSocket, sent: Sent) =>
        socket.ws.send(JSON.stringify({ type: 'ping', payload: { filling: PAYLOAD } }), sent),
    ],
  ])('[P6] is cut off by its %s, and the others are not', { timeout: 60_000 }, async (_name, size, ask) => {
    const other = await openInit();
    const socket = await openInit();
    socket.ws.on('error', () => {});
    socket.ws.pause();
    let failure: Error | undefined;
    for (let bytes = 0; !failure; bytes += size) {
      expect(bytes).toBeLessThan(MOST_BYTES);
      failure = await new Promise((resolve) => ask(socket, resolve));
    }
    await expectAlive(other);
  });
});

describe('a socket that breaks the rules of WebSocket', () => {
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge.server.close());

  const handshake = [
    'GET /graphql HTTP/1.1',
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: graphql-transport-ws',
    'Sec-WebSocket-Extensions: permessage-deflate',
  ].join('\r\n');

  /** A WebSocket of bare bytes, past its handshake. */
  const openBytes = async (): Promise<Socket> => {
    const socket = connect(edge.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`${handshake}\r\n\r\n`);
    const [head] = (await soon(once(socket, 'data'), 'the handshake')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 101 /);
    expect(head.toString()).not.toMatch(/permessage-deflate/i);
    return socket;
  };

  const closeCode = async (socket: Socket): Promise<number> => {
    const [frame] = (await soon(once(socket, 'data'), 'a close frame')) as [Buffer];
    socket.destroy();
    expect(frame[0]).toBe(0x88);
    return frame.readUInt16BE(2);
  };
  const mask = [0, 0, 0, 0];

  it.each([
    ['an unmasked frame', [0x81, 0x01, 0x61], 1002],
    ['a reserved bit', [0xc1, 0x81, ...mask, 0x61], 1002],
    ['a reserved opcode', [0x83, 0x81, ...mask, 0x61], 1002],
    ['text that is not UTF-8', [0x81, 0x82, ...mask, 0xc3, 0x28], 1007],
    ['a frame that says it is too long', [0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, ...mask], 1009],
  ])('by %s is closed with the code for it', async (_what, bytes, code) => {
    const socket = await openBytes();
    socket.write(Buffer.from(bytes));
    expect(await closeCode(socket)).toBe(code);
  });

  it('by endless fragments is closed', async () => {
    const socket = await openBytes();
    const fragment = Buffer.from([0x00, 0x80, ...mask]);
    socket.write(Buffer.from([0x01, 0x80, ...mask]));
    socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => fragment)));
    expect([1008, 1009]).toContain(await closeCode(socket));
  });
});

describe('the limits of a socket', () => {
  afterEach(() => edge.server.close());

  it('an oversize message closes it with 1009', async () => {
    edge = await startEdge({ limits: { messageBytes: 1_000 } });
    const socket = await openInit();
    socket.send({ type: 'ping', payload: { padding: 'x'.repeat(900) } });
    expect((await socket.next()).type).toBe('pong');
    socket.send({ type: 'ping', payload: { padding: 'x'.repeat(1_000) } });
    expect((await socket.closed()).code).toBe(1009);
  });

  it('one operation too many is RATE_LIMITED, the others go on, and ended slots are free again', async () => {
    edge = await startEdge({ limits: { subscriptionsPerSocket: 3 } });
    const socket = await openInit();
    for (let round = 0; round < 50; round += 1) await expectAlive(socket);
    const sources: TestSource[] = [];
    for (const id of ['a', 'b', 'c']) sources.push(await nextSource(() => socket.subscribe(id, TICKS)));
    socket.subscribe('d', TICKS);
    expect(await socket.next()).toMatchObject({
      id: 'd',
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    sources[0]?.push(1);
    expect(await socket.next()).toMatchObject({ id: 'a', payload: { data: { ticks: 1 } } });

    sources[0]?.finish();
    expect(await socket.next()).toEqual({ id: 'a', type: 'complete' });
    const fourth = await nextSource(() => socket.subscribe('d', TICKS));
    const fifth = await nextSource(() => {
      socket.send({ id: 'd', type: 'complete' });
      socket.subscribe('e', TICKS);
    });
    sources[1]?.fail(new Error('broken'));
    expect(await socket.next()).toMatchObject({ id: 'b', type: 'next' });
    expect(await socket.next()).toEqual({ id: 'b', type: 'complete' });
    await nextSource(() => socket.subscribe('f', TICKS));
    socket.subscribe('g', TICKS);
    expect(await socket.next()).toMatchObject({ id: 'g', type: 'error' });
    expect([fourth.returned, fifth.returned]).toEqual([1, 0]);
  });

  it('what is being wound down behind a slow resolver is counted too', async () => {
    edge = await startEdge({ limits: { subscriptionsPerSocket: 2 } });
    const socket = await openInit();
    for (const id of ['1', '2', '3', '4', '5']) {
      socket.subscribe(id, 'subscription { slowTicks }');
      socket.send({ id, type: 'complete' });
    }
    expect(await socket.next()).toMatchObject({
      id: '5',
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    edge.gate.open();
    await until(
      () => edge.sources.length === 4 && edge.sources.every(({ returned }) => returned === 1),
      'all are let go of',
    );
    await expectAlive(socket);
  });
});

describe('the timers of a socket', () => {
  const clock = createManualClock();
  beforeEach(async () => {
    edge = await startEdge({ clock });
  });
  afterEach(() => edge.server.close());

  it.each([false, true])('4408 unless it is acknowledged in time (init sent: %s)', async (sent) => {
    const socket = await open();
    if (sent) socket.send({ type: 'connection_init', payload: { token: 'never' } });
    socket.send({ type: 'ping' });
    await socket.next();
    clock.advance(2_999);
    socket.send({ type: 'ping' });
    await socket.next();
    clock.advance(1);
    expect((await socket.closed()).code).toBe(4408);
  });

  it('4403 once its token expires, and its sources are let go of', async () => {
    const started = clock.now();
    const socket = await openInit({ token: 'brief' });
    const source = await nextSource(() => socket.subscribe('1', TICKS));
    while (clock.now() < started + BRIEF_MS - 6_000) {
      clock.advance(6_000);
      await expectPong(socket);
    }
    clock.advance(6_000 - 1);
    await expectPong(socket);
    clock.advance(1);
    expect(await socket.closed()).toEqual({ code: 4403, reason: 'Token expired' });
    await until(() => source.returned === 1, 'return() is called');
  });

  /** The answer to a ping that was sent after the server's own was answered. */
  const expectPong = async (socket: RawSocket): Promise<void> => {
    socket.send({ type: 'ping' });
    expect((await socket.next()).type).toBe('pong');
  };

  it('it is pinged every 12 s, and dead when it has not answered by the next', async () => {
    const socket = await openInit();
    const silent = await openSocket(edge.socketUrl);
    silent.ws.pong = () => {};
    await silent.init({ token: 'ada' });
    const source = await nextSource(() => silent.subscribe('1', TICKS));
    let pings = 0;
    socket.ws.on('ping', () => {
      pings += 1;
    });
    for (let round = 1; round <= 3; round += 1) {
      await expectPong(socket);
      const seen = pings;
      clock.advance(12_000);
      await until(() => pings > seen, 'the next ping has come');
    }
    expect((await silent.closed()).code).toBe(1006);
    await until(() => source.returned === 1, 'return() is called');
    await expectPong(socket);
  });

  it('none is left behind', async () => {
    const socket = await openInit();
    expect(clock.pending).toBeGreaterThan(0);
    socket.close();
    await until(() => clock.pending === 0, 'all timers are cancelled');
  });
});
