import { createHash } from 'node:crypto';
import type { Documents } from '../documents/documents.ts';
import type { DocumentKey } from '../documents/store.ts';

/** Characters of a text's digest that name its changes. */
const NAME_CHARS = 22;

export interface Writing {
  readonly signal: AbortSignal;
  /** Told after each change how much is written, up to 1. */
  readonly report: (fraction: number) => void;
}

/** The text of a file, and who gave it. */
export interface ExtractedText {
  /** One after another; none ends within a surrogate pair. */
  readonly pieces: readonly string[];
  readonly userId: string;
  /** UTF-16 code units that one change may insert. */
  readonly changeChars: number;
}

/**
 * Writes the text of a document's file into the document, as ordinary changes of whoever gave the file. Each change has an id
 * that the text determines, and stands behind the one before, wherever others have moved that: so it may be stopped at any
 * moment and called again, and everything is there once. Throws the signal's reason, and what `documents.apply` throws.
 */
export async function writeText(
  documents: Pick<Documents, 'apply'>,
  { tenantId, documentId }: DocumentKey,
  { pieces, userId, changeChars }: ExtractedText,
  { signal, report }: Writing,
): Promise<void> {
  const digest = createHash('sha256');
  for (const piece of pieces) digest.update(piece);
  const name = digest.digest('base64url').slice(0, NAME_CHARS);
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  let position = 0;
  let baseRevision: number | null = null;
  let written = 0;
  for (const content of pieces.flatMap((piece) => [...chunksOf(piece, changeChars)])) {
    signal.throwIfAborted();
    const { changes, revision } = await documents.apply(
      { tenantId, userId },
      {
        documentId,
        changes: [{ changeType: 'INSERT', position, content }],
        argument: 'change',
        baseRevision,
        changeId: `extract:${name}:${written}`,
      },
    );
    position = (changes.at(-1)?.position ?? position) + content.length;
    baseRevision = revision;
    written += content.length;
    report(written / total);
  }
}

/** A text in pieces of at most so many UTF-16 code units, none of which ends within a surrogate pair. */
export function* chunksOf(text: string, most: number): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + most, text.length);
    const last = text.charCodeAt(to - 1);
    if (to < text.length && last >= 0xd800 && last <= 0xdbff) to = Math.max(to - 1, from + 1);
    yield text.slice(from, to);
    from = to;
  }
}
