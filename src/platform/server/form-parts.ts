import { on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { addAbortSignal } from 'node:stream';
import { Busboy, type BusboyEvents, type BusboyFileStream } from '@fastify/busboy';
import { badInput, QuireError } from '../errors.ts';
import { MAX_FILES } from './form-map.ts';

/** Of the headers of a part: a name and a file name, even a long one, have room. */
const MAX_PART_HEADER_BYTES = 8_192;
const MAX_PART_HEADERS = 16;
/** The files, and before them what is to be done with them. */
const MAX_PARTS = MAX_FILES + 2;

export interface FormLimits {
  /** Of what is to be done. */
  readonly messageBytes: number;
  /** Of one file. */
  readonly uploadBytes: number;
}

/** A part of a form. Its content has to be read before the next part comes. */
export interface Part {
  /** As `name=` says; undefined when it does not. */
  readonly name: string | undefined;
  readonly fileName: string;
  readonly type: string;
  /** Throws a QuireError when the part is too long, or the request ends too early. */
  readonly content: AsyncIterable<Uint8Array>;
}

const malformed = (): QuireError =>
  new QuireError('BAD_USER_INPUT', 'The body is no complete multipart/form-data.');

const tooLarge = (bytes: number): QuireError =>
  new QuireError('PAYLOAD_TOO_LARGE', `A file may have at most ${bytes} bytes.`);

/**
 * The parts of a form in the order in which they come, read no faster than they are taken. Throws a QuireError when the
 * body is malformed, ends too early or passes a limit. When it is ended, whichever way, the rest of the body is
 * discarded, so that the client can go on sending until it reads the answer.
 */
export async function* partsOf(
  request: IncomingMessage,
  { messageBytes, uploadBytes }: FormLimits,
): AsyncGenerator<Part, void, undefined> {
  const cut = new AbortController();
  const whyNot = (error: unknown): unknown => {
    if (cut.signal.aborted) return cut.signal.reason;
    return error instanceof QuireError ? error : malformed();
  };

  // Also what is in no part, or in one that is skipped, has an end: headers, and text before, between and behind.
  const maxBytes = MAX_FILES * uploadBytes + 2 * messageBytes;
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) cut.abort(tooLarge(uploadBytes));
  };
  const onClose = (): void => {
    if (!request.complete) cut.abort(malformed());
  };

  async function* contentOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array, void, undefined> {
    addAbortSignal(cut.signal, stream).once('limit', () => stream.destroy(tooLarge(uploadBytes)));
    try {
      // It may have passed the limit before anybody listened.
      if (stream.truncated) throw tooLarge(uploadBytes);
      yield* stream as AsyncIterable<Buffer>;
    } catch (error) {
      throw whyNot(error);
    }
  }

  try {
    const parser = new Busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      // What is no file is read as a stream, too: Busboy would decode it by whatever charset its part names.
      isPartAFile: () => true,
      limits: {
        parts: MAX_PARTS,
        fileSize: uploadBytes,
        headerSize: MAX_PART_HEADER_BYTES,
        headerPairs: MAX_PART_HEADERS,
      },
    });
    // Errors may come when nobody waits for them any more, and would end the process.
    parser.on('error', () => undefined);
    parser.on('file', (_name, stream) => stream.on('error', () => undefined));
    parser.once('partsLimit', () =>
      cut.abort(badInput('map', `One request may have at most ${MAX_FILES} files.`)),
    );
    request.on('data', count).once('close', onClose);
    const files = on(parser, 'file', { close: ['finish'], signal: cut.signal });
    request.pipe(parser);
    try {
      // What `on` gives are the arguments of the event, which its type does not know.
      for await (const event of files as AsyncIterable<Parameters<BusboyEvents['file']>>) {
        const [name, stream, fileName, , type] = event;
        yield { name, fileName: fileName ?? '', type, content: contentOf(stream) };
      }
    } finally {
      request.unpipe(parser);
    }
  } catch (error) {
    throw whyNot(error);
  } finally {
    request.off('data', count).off('close', onClose);
    request.resume();
  }
}
