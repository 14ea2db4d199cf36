import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Closing, type Message, soon, until } from './raw-socket.ts';
import { tokenFor } from './tokens.ts';

const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const FINAL = 0x80;
const MASKED = 0x80;
const END_OF_HEAD = '\r\n\r\n';

export interface WireOptions {
  readonly clientId?: string;
  /** Told of each message after `connection_ack` at once, while the ones behind it are not read yet. */
  readonly onMessage?: (message: Message) => void;
  /** False: a close frame is not answered, as if the answer were long on its way. */
  readonly answersClose?: boolean;
}

/** A socket whose packets, reading and breaking are in the hands of a test; cheap enough for a thousand of them. */
export interface Wire {
  /** Of this end; a server finds the connection by it. */
  readonly localPort: number;
  /** The server's close frame. */
  readonly closing: Closing | null;
  /** Frames that came behind the server's close frame: there may be none. */
  readonly late: readonly string[];
  /** True when the connection is gone, however it went. */
  readonly gone: boolean;
  /** Puts all of these into one write, and so into one packet as long as they are short. */
  readonly send: (...messages: readonly object[]) => void;
  /** Takes nothing from the connection until `resume`: the system's buffers fill, and the server has to wait. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Says goodbye with a close frame. */
  readonly close: () => void;
  /** Ends its side of the TCP connection without a close frame. */
  readonly end: () => void;
  /** Breaks the connection: a reset, and what is on its way is lost. */
  readonly reset: () => void;
  /** Resolves with the server's close frame, or null where the connection went without one. */
  ended(): Promise<Closing | null>;
}

const frameOf = (opcode: number, payload: Buffer): Buffer => {
  const mask = randomBytes(4);
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10);
  head[0] = FINAL | opcode;
  head[1] = MASKED | (length < 126 ? length : length < 0x10000 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const masked = Buffer.from(payload);
  for (let index = 0; index < length; index += 1) masked[index]! ^= mask[index % 4]!;
  return Buffer.concat([head, mask, masked]);
};

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly end: number;
}

/** The frame that begins at a place; null when it is not all here. Throws for what a server must not send. */
const frameAt = (bytes: Buffer, at: number): Frame | null => {
  if (bytes.length - at < 2) return null;
  const [first, short] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
  if ((first & 0xf0) !== FINAL || short >= MASKED)
    throw new Error(`not a whole unmasked frame: ${first} ${short}`);
  const from = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (from > bytes.length) return null;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const end = from + length;
  return end > bytes.length ? null : { opcode: first & 0x0f, payload: bytes.subarray(from, end), end };
};

const closingOf = (payload: Buffer): Closing => ({
  code: payload.length < 2 ? 1005 : payload.readUInt16BE(0),
  reason: payload.toString('utf8', 2),
});

/** Reads the answer to the upgrade. Resolves with what came behind it. */
const upgraded = async (socket: Socket): Promise<Buffer> => {
  let bytes = Buffer.alloc(0);
  while (!bytes.includes(END_OF_HEAD)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
  const head = bytes.toString('latin1', 0, bytes.indexOf(END_OF_HEAD));
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`not upgraded: ${head}`);
  return bytes.subarray(head.length + END_OF_HEAD.length);
};

/** Connects a user to a server at 127.0.0.1 and signs them in. Rejects when it is refused. */
export const openWire = async (
  url: string,
  userId: string,
  { clientId, onMessage = () => {}, answersClose = true }: WireOptions = {},
): Promise<Wire> => {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const late: string[] = [];
  let closing: Closing | null = null;
  let gone = false;
  let acknowledged = false;
  let kept: Buffer = Buffer.alloc(0);
  // A broken connection is what some tests are about; they see it by `gone`.
  socket.on('error', () => {});
  const closed = once(socket, 'close').then(() => {
    gone = true;
  });

  const write = (frames: readonly Buffer[]): void => void (gone || socket.write(Buffer.concat(frames)));

  const take = ({ opcode, payload }: Frame): void => {
    if (closing) {
      late.push(payload.toString());
    } else if (opcode === TEXT) {
      const message = JSON.parse(payload.toString()) as Message;
      if (acknowledged) onMessage(message);
      else acknowledged = message.type === 'connection_ack';
    } else if (opcode === PING) {
      write([frameOf(PONG, payload)]);
    } else if (opcode === CLOSE) {
      closing = closingOf(payload);
      if (answersClose) socket.end(frameOf(CLOSE, payload));
    }
  };

  const read = (chunk: Buffer): void => {
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let at = 0;
    for (let frame = frameAt(bytes, at); frame; frame = frameAt(bytes, at)) {
      at = frame.end;
      take(frame);
    }
    kept = bytes.subarray(at);
  };

  const lines = [
    'GET /graphql HTTP/1.1',
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: graphql-transport-ws',
  ];
  socket.write(lines.join('\r\n') + END_OF_HEAD);
  const rest = await soon(upgraded(socket), 'an upgrade');
  socket.on('data', read);
  if (rest.length > 0) read(rest);

  const wire: Wire = {
    localPort: socket.localPort ?? 0,
    get closing() {
      return closing;
    },
    late,
    get gone() {
      return gone;
    },
    send: (...messages) =>
      write(messages.map((message) => frameOf(TEXT, Buffer.from(JSON.stringify(message))))),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => write([frameOf(CLOSE, Buffer.from([0x03, 0xe8]))]),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    ended: () => soon(closed, 'the end of a connection').then(() => closing),
  };
  const token = await tokenFor(userId);
  wire.send({ type: 'connection_init', payload: { token, ...(clientId !== undefined && { clientId }) } });
  await until(() => acknowledged || gone, 'a socket is acknowledged');
  if (!acknowledged) throw new Error(`not acknowledged: ${JSON.stringify(closing)}`);
  return wire;
};
