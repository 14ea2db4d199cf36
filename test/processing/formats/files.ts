import { once } from 'node:events';
import { Document, Packer, Paragraph } from 'docx';
import JSZip from 'jszip';
import PDFDocument from 'pdfkit';

export interface PdfOptions {
  /** Without it nobody opens the file. */
  readonly userPassword?: string;
  /** Entries in the table of contents that readers show beside the pages. */
  readonly outline?: number;
}

/** A real PDF with these pages. */
export async function pdfOf(pages: readonly string[], { userPassword, outline = 0 }: PdfOptions = {}) {
  const pdf = new PDFDocument({ autoFirstPage: false, ...(userPassword ? { userPassword } : {}) });
  const chunks: Buffer[] = [];
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(pdf, 'end');
  for (const page of pages) pdf.addPage().fontSize(11).text(page);
  for (let entry = 1; entry <= outline; entry += 1) pdf.outline.addItem(`Chapter ${entry}`);
  pdf.end();
  await ended;
  return new Uint8Array(Buffer.concat(chunks));
}

/** A real Word document with these paragraphs. */
export async function docxOf(paragraphs: readonly string[]): Promise<Uint8Array> {
  const children = paragraphs.map((text) => new Paragraph(text));
  return new Uint8Array(await Packer.toBuffer(new Document({ sections: [{ children }] })));
}

/** A zip archive with these parts, packed as well as deflate can. */
export function zipOf(parts: Readonly<Record<string, string | Uint8Array>>): Promise<Uint8Array> {
  const zip = new JSZip();
  for (const [name, content] of Object.entries(parts)) zip.file(name, content);
  return zip.generateAsync({ type: 'uint8array', compression: 'DEFLATE', compressionOptions: { level: 9 } });
}

/** A Word document whose main part is replaced; packed as well as deflate can, or not at all. */
export async function docxWith(
  mainPart: string,
  compression: 'DEFLATE' | 'STORE' = 'DEFLATE',
): Promise<Uint8Array> {
  const zip = await JSZip.loadAsync(await docxOf(['']));
  zip.file('word/document.xml', mainPart);
  return zip.generateAsync({ type: 'uint8array', compression, compressionOptions: { level: 9 } });
}

/** A page of a website with its head, navigation and script. */
export const htmlOf = (paragraphs: readonly string[], charset = 'utf-8'): string =>
  `<!DOCTYPE html>
<html><head><meta charset="${charset}"><title>Page</title><style>p { color: red }</style></head>
<body><h1>Heading</h1><script>alert('never text')</script>
${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}
<a href="https://example.org/hidden">Link</a></body></html>`;
