import { docxText } from '../formats/docx.ts';
import { type FileType, sniffType } from '../formats/file-type.ts';
import { htmlText } from '../formats/html.ts';
import { pdfText } from '../formats/pdf.ts';
import { decodeText } from '../formats/text-encoding.ts';
import { StepError } from '../step-error.ts';
import { createPace, type Work } from '../work.ts';

/** UTF-16 code units of text that one file may hold. */
export const MAX_TEXT_UNITS = 16_000_000;

export interface ExtractedText {
  readonly type: FileType;
  /** With \n line ends, without NUL and halves of surrogate pairs. */
  readonly text: string;
}

/**
 * The text of a file whose type is told from its bytes; reported in pages of a PDF, packed bytes of a Word document, bytes
 * of the others. Throws a StepError whose message is for the person who gave the file, or the signal's reason.
 */
export async function extractText(
  bytes: Uint8Array,
  work: Work,
  maxUnits = MAX_TEXT_UNITS,
): Promise<ExtractedText> {
  work.signal.throwIfAborted();
  const type = sniffType(bytes);
  const text = await textOf(type, bytes, work, maxUnits);
  if (text.length > maxUnits) {
    throw new StepError(
      'TOO_LARGE',
      `The file holds ${text.length} characters of text; at most ${maxUnits} are read.`,
    );
  }
  if (text.trim() === '') throw new StepError('EMPTY', emptiness(type));
  return { type, text };
}

async function textOf(type: FileType, bytes: Uint8Array, work: Work, maxUnits: number): Promise<string> {
  switch (type) {
    case 'pdf':
      return pdfText(bytes, work, maxUnits);
    case 'docx':
      return docxText(bytes, work);
    case 'html':
      return inOneGo(bytes, work, htmlText);
    case 'md':
    case 'txt':
      return inOneGo(bytes, work, decodeText);
  }
}

/** Decoders and the HTML parser work through a file in one go: there is nothing to report in between. */
async function inOneGo(bytes: Uint8Array, work: Work, read: (bytes: Uint8Array) => string): Promise<string> {
  const pace = createPace(work);
  await pace.at(0, bytes.length);
  const text = read(bytes);
  await pace.at(bytes.length, bytes.length);
  return text;
}

const emptiness = (type: FileType): string =>
  type === 'pdf' ? 'The PDF holds no text; its pages may be scanned pictures.' : 'The file holds no text.';
