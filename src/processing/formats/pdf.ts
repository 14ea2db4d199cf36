import { getDocumentProxy } from 'unpdf';
import { StepError } from '../step-error.ts';
import { createPace, type Work } from '../work.ts';
import { storableText } from './text-encoding.ts';

/** Pages of a PDF that is read; about so many take the time that a step has. */
export const MAX_PAGES = 5_000;
/** A gap between two lines of so many times their height begins a paragraph. */
const PARAGRAPH_GAP = 1.8;

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;
type TextContent = Awaited<ReturnType<Awaited<ReturnType<PdfDocument['getPage']>>['getTextContent']>>;

/**
 * The text of a PDF, page by page with an empty line between, lines and paragraphs as they are set; reported in pages.
 * Throws a StepError PROTECTED, BROKEN or TOO_LARGE, the last also for more than `maxUnits` UTF-16 code units.
 */
export async function pdfText(bytes: Uint8Array, work: Work, maxUnits: number): Promise<string> {
  const pace = createPace(work);
  const pdf = await open(bytes);
  try {
    const total = pdf.numPages;
    if (total > MAX_PAGES) {
      throw new StepError('TOO_LARGE', `The PDF has ${total} pages; at most ${MAX_PAGES} are read.`);
    }
    const pages: string[] = [];
    let units = 0;
    for (let number = 1; number <= total; number += 1) {
      await pace.at(number - 1, total);
      const text = await pageText(pdf, number);
      units += text.length;
      if (units > maxUnits)
        throw new StepError('TOO_LARGE', `The PDF holds more than ${maxUnits} characters of text.`);
      if (text !== '') pages.push(text);
    }
    await pace.at(total, total);
    return storableText(pages.join('\n\n'));
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array): Promise<PdfDocument> {
  try {
    // a copy: the parser keeps the buffer for itself
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0, isEvalSupported: false });
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') {
      throw new StepError('PROTECTED', 'The PDF is protected by a password.', { cause: error });
    }
    throw new StepError('BROKEN', 'The PDF is cut off or damaged and cannot be opened.', { cause: error });
  }
}

async function pageText(pdf: PdfDocument, number: number): Promise<string> {
  try {
    const page = await pdf.getPage(number);
    const content = await page.getTextContent();
    page.cleanup();
    return linesOf(content);
  } catch (error) {
    throw new StepError('BROKEN', `Page ${number} of the PDF is damaged and cannot be read.`, {
      cause: error,
    });
  }
}

function linesOf({ items }: TextContent): string {
  let text = '';
  let lastLine: number | null = null;
  for (const item of items) {
    if (!('str' in item)) continue;
    const y = Number(item.transform[5]);
    const lineBegins = text === '' || text.endsWith('\n');
    if (lineBegins && item.str.trim() !== '') {
      if (lastLine !== null && item.height > 0 && lastLine - y > item.height * PARAGRAPH_GAP) text += '\n';
      lastLine = y;
    }
    text += item.hasEOL ? `${item.str}\n` : item.str;
  }
  return text.trim();
}
