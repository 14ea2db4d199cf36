/** First bytes of WebSocket frames that are whole messages (RFC 6455, 5.2). */
const TEXT_FRAME = 0x81;
const PING_FRAME = 0x89;
const PONG_FRAME = 0x8a;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;

/** UTF-8 as a string of bytes: one character for each. Texts in ASCII, as most JSON is, are that already. */
export const bytesOf = (text: string): string =>
  Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');

/** The head of an unmasked text frame with so many bytes. */
const frameHead = (bytes: number): string => {
  if (bytes < LENGTH_IN_16_BITS) return String.fromCharCode(TEXT_FRAME, bytes);
  if (bytes < 0x10000) return String.fromCharCode(TEXT_FRAME, LENGTH_IN_16_BITS, bytes >> 8, bytes & 0xff);
  const high = [0, 0, 0, 0];
  const low = [bytes >>> 24, (bytes >> 16) & 0xff, (bytes >> 8) & 0xff, bytes & 0xff];
  return String.fromCharCode(TEXT_FRAME, LENGTH_IN_64_BITS, ...high, ...low);
};

/** A ping or pong with at most 125 bytes. */
export const controlFrame = (kind: 'ping' | 'pong', bytes: string): string =>
  String.fromCharCode(kind === 'ping' ? PING_FRAME : PONG_FRAME, bytes.length) + bytes;

/** A WebSocket text message as bytes. `ws` would write the same in two pieces, for each socket anew. */
export const textFrame = (bytes: string): string => frameHead(bytes.length) + bytes;

/** What stands before the payload in the `next` messages of an operation. */
export const nextPrefix = (id: string): string =>
  bytesOf(`{"id":${JSON.stringify(id)},"type":"next","payload":`);

/** A `next` message; the payload's string is shared by all who get it. */
export const nextFrame = (prefix: string, payload: string): string =>
  `${frameHead(prefix.length + payload.length + 1)}${prefix}${payload}}`;

/** The bytes that a `next` message has besides its payload, at most. */
export const nextOverhead = (prefix: string): number => prefix.length + 11;
