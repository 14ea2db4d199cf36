import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const FINAL = 0x80;
const MASKED = 0x80;
const END_OF_HEAD = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

/** All sockets of the process read into this one: what they read is dealt with before the next one reads. */
const shared = Buffer.alloc(256 * 1024);

/**
 * Just enough of a WebSocket to be sent events by the thousand at little cost, and the same for every server: no
 * extensions, no fragments, messages of at most 64 KB to the server. Answers pings.
 * @typedef {object} Socket
 * @property {(text: string) => void} send
 * @property {() => void} destroy
 */

/**
 * @typedef {object} SocketHandlers
 * @property {() => void} onOpen
 * @property {(frame: Buffer, from: number, to: number) => void} onText The bytes are good only until it returns.
 * @property {(why: string) => void} onFailure Also when the server closes it.
 */

/**
 * @param {{ port: number, path: string, protocol: string | null }} to At 127.0.0.1.
 * @param {SocketHandlers} handlers
 * @returns {Socket}
 */
export function openSocket({ port, path, protocol }, { onOpen, onText, onFailure }) {
  let open = false;
  let destroyed = false;
  /** The beginning of a frame (or of the head) whose rest has not come yet. */
  let kept = NOTHING;

  const write = (/** @type {number} */ opcode, /** @type {Buffer} */ payload) =>
    void socket.write(frameOf(opcode, payload));

  const fail = (/** @type {string} */ why) => {
    if (destroyed) return;
    destroyed = true;
    socket.destroy();
    onFailure(why);
  };

  /** @param {Buffer} bytes @param {number} length @returns {number} how many of them were dealt with */
  const readHead = (bytes, length) => {
    const end = bytes.subarray(0, length).indexOf(END_OF_HEAD);
    if (end === -1) return 0;
    const head = bytes.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101')) {
      fail(`it was not upgraded: ${head.split('\r\n')[0]}`);
      return length;
    }
    open = true;
    onOpen();
    return end + END_OF_HEAD.length;
  };

  /** @param {Buffer} bytes @param {number} from @param {number} to @returns {number} where the unfinished frame begins */
  const readFrames = (bytes, from, to) => {
    let at = from;
    while (to - at >= 2 && !destroyed) {
      const short = bytes.readUInt8(at + 1);
      const headEnd = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
      if (headEnd > to) break;
      const size =
        short < 126
          ? short
          : short === 126
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2));
      const end = headEnd + size;
      if (end > to) break;
      const kind = bytes.readUInt8(at);
      if (kind === (FINAL | TEXT)) onText(bytes, headEnd, end);
      else if (kind === (FINAL | PING)) write(PONG, bytes.subarray(headEnd, end));
      else if (kind === (FINAL | CLOSE))
        fail(`the server closed it: ${closeReason(bytes.subarray(headEnd, end))}`);
      else if (kind !== (FINAL | PONG)) fail(`an unexpected frame: ${kind}`);
      at = end;
    }
    return at;
  };

  /** @param {Buffer} bytes @param {number} length */
  const read = (bytes, length) => {
    const from = open ? 0 : readHead(bytes, length);
    return open ? readFrames(bytes, from, length) : from;
  };

  const socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: {
      buffer: shared,
      callback(read_) {
        const bytes = kept.length === 0 ? shared : Buffer.concat([kept, shared.subarray(0, read_)]);
        const length = kept.length + read_;
        const done = read(bytes, length);
        kept = done < length ? Buffer.from(bytes.subarray(done, length)) : NOTHING;
        return true;
      },
    },
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the server ended it'));
  socket.write(requestOf(port, path, protocol));

  return {
    send: (text) => write(TEXT, Buffer.from(text)),
    destroy() {
      destroyed = true;
      // No TIME_WAIT: the next server may get the same ports.
      socket.resetAndDestroy();
    },
  };
}

/** @param {number} port @param {string} path @param {string | null} protocol */
const requestOf = (port, path, protocol) =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...(protocol === null ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
    END_OF_HEAD.slice(2),
  ].join('\r\n');

/** @param {number} opcode @param {Buffer} payload */
function frameOf(opcode, payload) {
  const mask = randomBytes(4);
  const head =
    payload.length < 126
      ? Buffer.from([FINAL | opcode, MASKED | payload.length])
      : Buffer.from([FINAL | opcode, MASKED | 126, payload.length >> 8, payload.length & 0xff]);
  const masked = Buffer.from(payload);
  for (let index = 0; index < masked.length; index += 1) {
    masked[index] = payload.readUInt8(index) ^ mask.readUInt8(index % 4);
  }
  return Buffer.concat([head, mask, masked]);
}

/** @param {Buffer} payload */
const closeReason = (payload) =>
  payload.length < 2 ? 'no reason given' : `${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`;
