import type { IncomingMessage } from 'node:http';
import { badInput, QuireError } from '../errors.ts';
import type { Viewer } from '../graphql/context.ts';
import { Upload } from '../graphql/upload.ts';
import { readMap, readOperation } from './form-map.ts';
import { type FormLimits, type Part, partsOf } from './form-parts.ts';
import { SpooledFile } from './spooled-file.ts';

/** Forms that one user, and all, may be sending at a time: each may hold MAX_FILES files on the disk. */
export const MAX_FORMS_PER_USER = 10;
export const MAX_FORMS = 50;
/** Milliseconds after which it makes sense to try again. */
const RETRY_MS = 1_000;
/** Bytes of the part `map`. */
const MAX_MAP_BYTES = 4_096;

/** A request that brings files along: https://github.com/jaydenseric/graphql-multipart-request-spec. */
export interface Form {
  /** Reads all of it: the operation, with the files in its variables. To be called once; rejects with a QuireError. */
  read(viewer: Viewer): Promise<Record<string, unknown>>;
  /** Gives back what the files hold. To be called when the request is answered, whatever came of it. */
  discard(): Promise<void>;
}

const textOf = async (part: Part, maxBytes: number): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of part.content) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new QuireError(
        'PAYLOAD_TOO_LARGE',
        `The part "${part.name}" may have at most ${maxBytes} bytes.`,
      );
    chunks.push(chunk);
  }
  try {
    // Whatever charset the part claims: JSON is UTF-8.
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw badInput(String(part.name), `The part "${part.name}" is not UTF-8.`);
  }
};

/**
 * Reads forms. Files are written to the disk as they come, and the operation runs when all are there. So memory is
 * bounded and no order of files can deadlock: what an operation reads first may come last, and to wait for it would be
 * to keep what comes before it somewhere anyhow. Nor does anything come into the database before the operation is
 * known to be good, and nobody's connection holds up a transaction.
 */
export const createForms = (limits: FormLimits) => {
  /** How many each user is sending; those who send none have no entry. */
  const sending = new Map<string, number>();
  let total = 0;

  /** Takes a place for a form; the returned function gives it back. Throws RATE_LIMITED or UNAVAILABLE. */
  const enter = ({ tenantId, userId }: Viewer): (() => void) => {
    const user = JSON.stringify([tenantId, userId]);
    const own = sending.get(user) ?? 0;
    if (own >= MAX_FORMS_PER_USER) {
      const message = `At most ${MAX_FORMS_PER_USER} uploads of a user may be under way at a time.`;
      throw new QuireError('RATE_LIMITED', message, { retryAfterMs: RETRY_MS });
    }
    if (total >= MAX_FORMS) throw new QuireError('UNAVAILABLE', 'Too many uploads are under way: try again.');
    sending.set(user, own + 1);
    total += 1;
    return () => {
      total -= 1;
      const left = (sending.get(user) ?? 1) - 1;
      if (left > 0) sending.set(user, left);
      else sending.delete(user);
    };
  };

  const readParts = async (
    parts: AsyncGenerator<Part, void, undefined>,
    spooled: SpooledFile[],
  ): Promise<Record<string, unknown>> => {
    const textOfNext = async (name: string, maxBytes: number): Promise<string> => {
      const { value: part } = await parts.next();
      if (part?.name === name) return textOf(part, maxBytes);
      throw badInput(name, 'The form must begin with the parts "operations" and "map", in this order.');
    };
    const operation = readOperation(await textOfNext('operations', limits.messageBytes));
    const places = readMap(await textOfNext('map', MAX_MAP_BYTES), operation);
    for await (const part of parts) {
      const { name = '' } = part;
      const wanted = places.get(name);
      if (!wanted)
        throw badInput(
          'map',
          `The map has no place, or none any more, for the part ${JSON.stringify(name)}.`,
        );
      places.delete(name);
      const file = await SpooledFile.of(part.content);
      spooled.push(file);
      const upload = new Upload({ name: part.fileName, type: part.type }, () => file.read());
      for (const put of wanted) put(upload);
    }
    const [missing] = places.keys();
    if (missing === undefined) return operation;
    throw badInput('map', `The map names the part ${JSON.stringify(missing)}, but it did not come.`);
  };

  return {
    open(request: IncomingMessage): Form {
      const spooled: SpooledFile[] = [];
      let leave = (): void => {};
      return {
        async read(viewer) {
          leave = enter(viewer);
          const parts = partsOf(request, limits);
          try {
            return await readParts(parts, spooled);
          } finally {
            await parts.return();
          }
        },
        async discard() {
          leave();
          await Promise.all(spooled.map((file) => file.close()));
        },
      };
    },
  };
};

export type Forms = ReturnType<typeof createForms>;
