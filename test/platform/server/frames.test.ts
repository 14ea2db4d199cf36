import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import {
  bytesOf,
  controlFrame,
  nextFrame,
  nextOverhead,
  nextPrefix,
  textFrame,
} from '../../../src/platform/server/frames.ts';
import { Random } from '../../support/random.ts';

/** Lengths at which the head of a frame changes, and their neighbours. */
const LENGTHS = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 3_000_000];

const TEXTS = ['', 'plain', 'ünïcödé', '漢字', '🎈🧵', 'a\u0000b', '\u2028', '"\\', '\ud800', 'x\udc00y'];

describe('frames on the wire', () => {
  let server: Server;
  let client: WebSocket;
  let wire: Duplex;

  beforeAll(async () => {
    const sockets = new WebSocketServer({ noServer: true });
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const upgraded = once(server, 'upgrade') as Promise<
      [Parameters<typeof sockets.handleUpgrade>[0], Duplex, Buffer]
    >;
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const [request, socket, head] = await upgraded;
    sockets.handleUpgrade(request, socket, head, () => {});
    wire = socket;
    await once(client, 'open');
  });
  afterAll(() => {
    client.terminate();
    wire.destroy();
    server.close();
  });

  const write = (frame: string): void => void wire.write(frame, 'latin1');

  /** The next message as a client has it, which checks that it is UTF-8. */
  const received = async (frame: string): Promise<Buffer> => {
    const message = once(client, 'message') as Promise<[RawData, boolean]>;
    write(frame);
    const [data, isBinary] = await message;
    expect(isBinary).toBe(false);
    return data as Buffer;
  };

  it.each(LENGTHS)('a text of %i bytes arrives as it is', async (length) => {
    const text = '0123456789'.repeat(Math.ceil(length / 10)).slice(0, length);
    expect((await received(textFrame(bytesOf(text)))).equals(Buffer.from(text))).toBe(true);
  });

  it.each(LENGTHS)(
    'a next message around a payload makes %i bytes or more, and is one message',
    async (length) => {
      const prefix = nextPrefix('1');
      const shell = prefix.length + 1;
      const text = 'x'.repeat(Math.max(0, length - shell - 2));
      const frame = nextFrame(prefix, JSON.stringify(text));
      const data = await received(frame);
      expect(data.length).toBe(Math.max(length, shell + 2));
      expect(JSON.parse(data.toString()) as unknown).toEqual({ id: '1', type: 'next', payload: text });
    },
  );

  it.each(TEXTS)('the text %j arrives as UTF-8, as an id and as a payload', async (text) => {
    const sent = { id: text, type: 'next', payload: { data: text } };
    const frame = nextFrame(nextPrefix(text), bytesOf(JSON.stringify(sent.payload)));
    expect(JSON.parse((await received(frame)).toString()) as unknown).toEqual(sent);
  });

  it('several in one write are several messages, in order', async () => {
    const texts: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('message', (data: RawData) => {
        if (texts.push((data as Buffer).toString()) === LENGTHS.length) resolve();
      });
    });
    write(LENGTHS.map((length) => textFrame('y'.repeat(length))).join(''));
    await all;
    client.removeAllListeners('message');
    expect(texts.map(({ length }) => length)).toEqual(LENGTHS);
  });

  it.each(['', '17', '\u00ff\u0000\u0080', 'p'.repeat(125)])(
    'a ping with %j is answered with the same',
    async (bytes) => {
      const ping = once(client, 'ping') as Promise<[Buffer]>;
      write(controlFrame('ping', bytes));
      expect((await ping)[0].toString('latin1')).toBe(bytes);
      const pong = once(client, 'pong') as Promise<[Buffer]>;
      write(controlFrame('pong', bytes));
      expect((await pong)[0].toString('latin1')).toBe(bytes);
    },
  );
});

describe('frames as strings', () => {
  it('bytes are one character each: the UTF-8 of the text', () => {
    const random = new Random(7);
    const pieces = [...TEXTS, 'ascii ', '\u0080', '\u07ff', '\u0800', '\uffff'];
    for (let run = 0; run < 500; run += 1) {
      const text = Array.from({ length: random.between(0, 8) }, () => random.pick(pieces)).join('');
      const bytes = bytesOf(text);
      expect(bytes).toBe(Buffer.from(text).toString('latin1'));
      expect(bytes.length).toBe(Buffer.byteLength(text));
    }
  });

  it.each(LENGTHS)('a next message has no more besides its %i bytes of payload than it says', (length) => {
    for (const id of ['', '1', 'ü'.repeat(60)]) {
      const prefix = nextPrefix(id);
      expect(nextFrame(prefix, 'x'.repeat(length)).length - length).toBeLessThanOrEqual(nextOverhead(prefix));
    }
  });
});
