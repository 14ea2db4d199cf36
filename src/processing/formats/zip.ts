import { createInflateRaw } from 'node:zlib';
import { StepError } from '../step-error.ts';
import type { Pace } from '../work.ts';

/** Parts a zip archive may have. */
const MAX_PARTS = 10_000;
/** Bytes that all parts may have together when they are unpacked. */
export const MAX_UNPACKED_BYTES = 100_000_000;
/** Unpacked bytes of one part for each packed one; deflate reaches 1,032, prose and markup stay under 100. */
const MAX_RATIO = 200;
/** Unpacked bytes under which the ratio of a part does not matter. */
const MIN_RATIO_BYTES = 1_000_000;
/** Bytes from the end in which the directory's end record must begin: its own 22 and the longest comment. */
const END_RECORD_REACH = 22 + 65_535;
/** Bytes that the inflater gives at a time. */
const INFLATE_CHUNK_BYTES = 256 * 1024;

/** The sizes are those that the directory claims. */
export interface ZipPart {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** The parts that a zip archive's central directory lists; null when the archive is cut off or damaged. */
export function readZipDirectory(bytes: Uint8Array): ZipPart[] | null {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reach = Math.max(0, archive.length - END_RECORD_REACH);
  const end = archive.subarray(reach).lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0 || reach + end + 22 > archive.length) return null;
  const count = archive.readUInt16LE(reach + end + 10);
  let at = archive.readUInt32LE(reach + end + 16);
  const parts: ZipPart[] = [];
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== 0x02014b50) return null;
    const nameLength = archive.readUInt16LE(at + 28);
    parts.push({
      name: archive.toString('utf8', at + 46, at + 46 + nameLength),
      method: archive.readUInt16LE(at + 10),
      encrypted: (archive.readUInt16LE(at + 8) & 1) === 1,
      packedBytes: archive.readUInt32LE(at + 20),
      unpackedBytes: archive.readUInt32LE(at + 24),
      offset: archive.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return parts;
}

const tooLarge = (limit: number) =>
  new StepError(
    'TOO_LARGE',
    `Unpacked, the file would take more than ${limit / 1_000_000} MB; it looks like a zip bomb and was not opened.`,
  );

const broken = (cause?: unknown) =>
  new StepError('BROKEN', 'The file is damaged: a part of its zip archive cannot be unpacked.', { cause });

/** Refuses an archive whose directory alone shows that it is a bomb. Throws a StepError TOO_LARGE. */
export function checkDeclaredSizes(parts: readonly ZipPart[]): void {
  if (parts.length > MAX_PARTS) {
    throw new StepError('TOO_LARGE', `The file has ${parts.length} parts; at most ${MAX_PARTS} are read.`);
  }
  let total = 0;
  for (const { packedBytes, unpackedBytes } of parts) {
    total += unpackedBytes;
    const suspicious = unpackedBytes > MIN_RATIO_BYTES && unpackedBytes > packedBytes * MAX_RATIO;
    if (suspicious || total > MAX_UNPACKED_BYTES) throw tooLarge(MAX_UNPACKED_BYTES);
  }
}

/**
 * Unpacks each part once and keeps nothing of it, because a directory may claim sizes that are not true; reported in packed bytes.
 * Throws a StepError BROKEN when a part does not unpack to just the size that the directory claims.
 */
export async function verifyParts(bytes: Uint8Array, parts: readonly ZipPart[], pace: Pace): Promise<void> {
  let done = 0;
  for (const part of parts) {
    // parts may overlap
    const report = () => pace.at(Math.min(done, bytes.length), bytes.length);
    await report();
    const size = await unpackedSize(packedBytesOf(bytes, part), part, report);
    if (size !== part.unpackedBytes) throw broken();
    done += part.packedBytes;
  }
}

function packedBytesOf(bytes: Uint8Array, { offset, packedBytes }: ZipPart): Uint8Array {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + 30 > archive.length || archive.readUInt32LE(offset) !== 0x04034b50) throw broken();
  const from = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
  if (from + packedBytes > archive.length) throw broken();
  return archive.subarray(from, from + packedBytes);
}

/** Bytes that a part really unpacks to; it stops counting soon after the size that is claimed. */
async function unpackedSize(
  packed: Uint8Array,
  part: ZipPart,
  between: () => Promise<void>,
): Promise<number> {
  if (part.method === 0) return packed.length;
  if (part.method !== 8) throw broken();
  const inflate = createInflateRaw({ chunkSize: INFLATE_CHUNK_BYTES });
  inflate.end(packed);
  let size = 0;
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > part.unpackedBytes) return size;
      await between();
    }
  } catch (error) {
    if (isZlibError(error)) throw broken(error);
    throw error;
  }
  return size;
}

const isZlibError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
