import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BODY_TIMEOUT_MS, MIN_FORM_BYTES } from '../../../src/platform/server/body-time.ts';
import { beginOf, FORM_END, FORM_HEADERS, file, map, operations } from '../../support/form.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { soon } from '../../support/raw-socket.ts';
import { spooledFiles } from '../../support/spooled.ts';
import { type Edge, startEdge } from './edge.ts';

const MB = 1_000_000;

let clock: ManualClock;
let edge: Edge;
const sockets: Socket[] = [];

beforeEach(async () => {
  clock = createManualClock();
  edge = await startEdge({ clock });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await edge.server.close();
  await expect.poll(spooledFiles, { timeout: 10_000 }).toBe(0);
});

/** A connection, with what has come by it and whether it is closed. */
function open() {
  const socket = connect(edge.port, '127.0.0.1');
  sockets.push(socket);
  let close = (): void => {};
  const end = new Promise<void>((resolve) => (close = resolve));
  const line = { socket, text: '', closed: false, end };
  socket.on('error', () => {});
  socket.on('data', (data) => (line.text += data.toString()));
  socket.on('close', () => {
    line.closed = true;
    close();
  });
  return line;
}

/** The server's end of the last connection on which a request has begun. */
let serverSide: Socket | undefined;
const noteServerSide = (message: unknown): void => {
  serverSide = (message as { socket: Socket }).socket;
};
beforeAll(() => subscribe('http.server.request.start', noteServerSide));
afterAll(() => unsubscribe('http.server.request.start', noteServerSide));

const begin = (headers: Readonly<Record<string, string | number>>): string =>
  `POST /graphql HTTP/1.1\r\n${Object.entries({ Host: 'localhost', Authorization: 'Bearer ada', ...headers })
    .map(([name, value]) => `${name}: ${value}`)
    .join('\r\n')}\r\n\r\n`;

/** Waits until a request has come so far that its time runs. */
const runs = (count = 1) => expect.poll(() => clock.pending, { timeout: 10_000 }).toBe(count);

const PARTS = beginOf([
  operations({ query: 'mutation ($file: File) { read(file: $file) }', variables: { file: null } }),
  map({ 0: ['variables.file'] }),
  file('0', ''),
]);

describe('the body of a request', () => {
  it('has 30 s: then the connection is closed with 408', async () => {
    const line = open();
    line.socket.write(begin({ 'Content-Type': 'application/json', 'Content-Length': 100 }));
    line.socket.write('{"query":');
    await runs();
    clock.advance(BODY_TIMEOUT_MS - 1);
    expect(line.closed).toBe(false);
    clock.advance(1);
    await soon(line.end, 'the end');
    expect(line.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(edge.calls).toEqual([]);
  });

  it('has no time any more once it has come, or when there is none', async () => {
    const posted = await edge.post({ query: '{ hello }' });
    expect(await posted.json()).toEqual({ data: { hello: 'world' } });
    await runs(0);
    const headers = { authorization: 'Bearer ada', accept: 'text/event-stream' };
    const query = 'subscription { ticks }';
    const byGet = await fetch(`${edge.url}/graphql?query=${encodeURIComponent(query)}`, { headers });
    const byPost = await edge.post({ query }, headers);
    const streams = [byGet, byPost].map(({ body }) => (body as ReadableStream<Uint8Array>).getReader());
    await expect.poll(() => edge.sources.length, { timeout: 10_000 }).toBe(2);
    clock.advance(4 * BODY_TIMEOUT_MS);
    for (const source of edge.sources) source.push(7);
    for (const stream of streams) {
      let text = '';
      while (!text.includes('"ticks":7'))
        text += new TextDecoder().decode((await soon(stream.read(), 'a tick')).value);
      await stream.cancel();
    }
  });

  it('has no time any more once it has come, although nobody reads it', async () => {
    const line = open();
    const path = `/graphql?query=${encodeURIComponent('subscription { ticks }')}`;
    line.socket.write(
      begin({ Accept: 'text/event-stream', 'Content-Length': 2 }).replace('POST /graphql', `GET ${path}`),
    );
    line.socket.write('{}');
    await expect.poll(() => edge.sources.length, { timeout: 10_000 }).toBe(1);
    clock.advance(2 * BODY_TIMEOUT_MS);
    edge.sources[0]?.push(7);
    await expect.poll(() => line.text, { timeout: 10_000 }).toContain('"ticks":7');
    expect(line.closed).toBe(false);
  });
});

describe('a form', () => {
  /** Sends bytes of its file, and waits until the server has read them. */
  async function sendMore(socket: Socket, bytes: number): Promise<void> {
    const sent = socket.bytesWritten + bytes;
    socket.write(Buffer.alloc(bytes));
    await expect.poll(() => serverSide?.bytesRead, { timeout: 10_000 }).toBe(sent);
  }

  it('may take longer, as long as it comes on', async () => {
    const line = open();
    const pieces = 6;
    const length = PARTS.length + pieces * MIN_FORM_BYTES + FORM_END.length;
    line.socket.write(begin({ ...FORM_HEADERS, 'Content-Length': length }));
    line.socket.write(PARTS);
    await runs();
    for (let piece = 0; piece < pieces; piece += 1) {
      await sendMore(line.socket, MIN_FORM_BYTES);
      clock.advance(BODY_TIMEOUT_MS);
      expect([line.closed, line.text]).toEqual([false, '']);
    }
    line.socket.write(FORM_END);
    await expect
      .poll(() => line.text, { timeout: 10_000 })
      .toContain(`\\"bytes\\":${pieces * MIN_FORM_BYTES}`);
    await runs(0);
  });

  it('is closed with 408 when it trickles, and nothing is left of it', async () => {
    const line = open();
    line.socket.write(begin({ ...FORM_HEADERS, 'Content-Length': 10 * MB }));
    line.socket.write(PARTS);
    await runs();
    await sendMore(line.socket, MIN_FORM_BYTES);
    clock.advance(BODY_TIMEOUT_MS);
    await sendMore(line.socket, MIN_FORM_BYTES - 1);
    clock.advance(BODY_TIMEOUT_MS);
    await soon(line.end, 'the end');
    expect(line.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(edge.calls).toEqual([]);
  });

  it.each([
    ['unread', {}, 403],
    ['in the middle', { 'graphql-require-preflight': '1' }, 413],
  ])('that is refused %s is discarded as it comes, for 30 s', async (_when, headers, status) => {
    await edge.server.close();
    edge = await startEdge({ clock, limits: { uploadBytes: 1_000 } });
    const line = open();
    line.socket.write(
      begin({ 'Content-Type': FORM_HEADERS['content-type'], ...headers, 'Content-Length': 100 * MB }),
    );
    line.socket.write(PARTS);
    line.socket.write(Buffer.alloc(2_000));
    await expect.poll(() => line.text, { timeout: 10_000 }).toContain(`HTTP/1.1 ${status} `);
    await sendMore(line.socket, 5 * MB);
    expect(line.closed).toBe(false);
    clock.advance(BODY_TIMEOUT_MS);
    await soon(line.end, 'the end');
    expect(line.text).not.toContain('408');
  });
});
