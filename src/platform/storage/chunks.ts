import { QuireError } from '../errors.ts';

/**
 * A stream's bytes in pieces of `size`, the last one shorter. Throws PAYLOAD_TOO_LARGE as soon as more than `maxBytes`
 * have come.
 */
export async function* chunksOf(
  stream: AsyncIterable<Uint8Array>,
  size: number,
  maxBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  // Memory of its own for each: what is sent to another thread is copied with all of the memory that it is a part of.
  let chunk = new Uint8Array(size);
  let filled = 0;
  let total = 0;
  for await (const piece of stream) {
    total += piece.length;
    if (total > maxBytes)
      throw new QuireError('PAYLOAD_TOO_LARGE', `A file may have at most ${maxBytes} bytes.`);
    for (let taken = 0; taken < piece.length; ) {
      const part = piece.subarray(taken, taken + size - filled);
      chunk.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < size) continue;
      yield chunk;
      chunk = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.slice(0, filled);
}
