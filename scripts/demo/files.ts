import { once } from 'node:events';
import { Document, Packer, Paragraph } from 'docx';
import PDFDocument from 'pdfkit';
import * as texts from './texts.ts';

const LOG_DAYS = 60;

async function pdf(pages: readonly string[]): Promise<Uint8Array> {
  const document = new PDFDocument({ autoFirstPage: false });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(document, 'end');
  for (const page of pages) document.addPage().fontSize(12).text(page);
  document.end();
  await ended;
  return Buffer.concat(chunks);
}

const docx = (paragraphs: readonly string[]): Promise<Uint8Array> =>
  Packer.toBuffer(new Document({ sections: [{ children: paragraphs.map((text) => new Paragraph(text)) }] }));

const html = (title: string, language: string, paragraphs: readonly string[]): string =>
  `<!DOCTYPE html>
<html lang="${language}"><head><meta charset="utf-8"><title>${title}</title><style>p { margin: 1em }</style></head>
<body><h1>${title}</h1>${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}</body></html>`;

const markdown = (title: string, paragraphs: readonly string[]): string =>
  `# ${title}\n\n${paragraphs.join('\n\n')}\n`;

/** What is left of a file whose copying was interrupted. */
const cutOff = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.floor(bytes.length / 2));

/** Ten files of five types in three languages, as programs write them; the last one cannot be read. */
export async function makeFiles(): Promise<File[]> {
  const files: readonly (readonly [name: string, content: string | Uint8Array])[] = [
    ['lighthouse-log.pdf', await pdf(texts.lighthouseLog(LOG_DAYS))],
    ['bookings.docx', await docx(texts.BOOKINGS)],
    ['opening-hours.html', html('Opening hours', 'en', texts.OPENING_HOURS)],
    ['clinic-note.txt', texts.CLINIC_NOTE],
    ['rechnung.pdf', await pdf([texts.INVOICE.join('\n\n')])],
    ['wanderung.docx', await docx(texts.HIKE)],
    ['vereinsordnung.md', markdown('Vereinsordnung', texts.RULES_OF_THE_CLUB)],
    ['verger.html', html('Le verger', 'fr', texts.ORCHARD)],
    ['soupe.md', markdown('Soupe de poisson', texts.RECIPE)],
    ['bail.docx', cutOff(await docx(texts.LEASE))],
  ];
  return files.map(([name, content]) => new File([content as BlobPart], name));
}
