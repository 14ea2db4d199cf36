import mammoth from 'mammoth';
import { StepError } from '../step-error.ts';
import { createPace, type Work } from '../work.ts';
import { storableText } from './text-encoding.ts';
import { checkDeclaredSizes, readZipDirectory, verifyParts, type ZipPart } from './zip.ts';

/** Unpacked bytes of markup in one document: parsing takes about sixty times as much memory. */
export const MAX_MARKUP_BYTES = 6_000_000;

/**
 * The text of a Word document, paragraphs with an empty line between; reported in packed bytes. The archive is measured
 * before it is opened, so that a bomb costs no memory. Throws a StepError PROTECTED, BROKEN or TOO_LARGE.
 */
export async function docxText(bytes: Uint8Array, work: Work): Promise<string> {
  const pace = createPace(work);
  const parts = readZipDirectory(bytes);
  if (!parts) throw broken();
  if (parts.some(({ encrypted }) => encrypted)) {
    throw new StepError('PROTECTED', 'The Word document is protected by a password.');
  }
  checkDeclaredSizes(parts);
  checkMarkup(parts);
  await verifyParts(bytes, parts, pace);
  const text = await rawText(bytes);
  await pace.at(bytes.length, bytes.length);
  return storableText(text).trim();
}

const broken = (cause?: unknown) =>
  new StepError('BROKEN', 'The Word document is cut off or damaged and cannot be opened.', { cause });

function checkMarkup(parts: readonly ZipPart[]): void {
  const markup = parts.filter(({ name }) => /\.(?:xml|rels)$/i.test(name));
  const size = markup.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
  if (size > MAX_MARKUP_BYTES) {
    throw new StepError(
      'TOO_LARGE',
      `The Word document unpacks to ${Math.ceil(size / 1_000_000)} MB of markup; at most ${MAX_MARKUP_BYTES / 1_000_000} MB are read.`,
    );
  }
}

async function rawText(bytes: Uint8Array): Promise<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const { value } = await mammoth.extractRawText({ buffer });
    return value;
  } catch (error) {
    throw broken(error);
  }
}
