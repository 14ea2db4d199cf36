import { open } from 'node:fs/promises';
import { docxOf, docxWith, pdfOf, zipOf } from '../processing/formats/files.ts';

const READ = 'Text, Markdown, HTML, PDF and Word (.docx) files are read.';

/** Bytes of a real program: of the one that runs this. */
async function program(): Promise<Uint8Array> {
  const file = await open(process.execPath);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1_000_000), 0, 1_000_000, 0);
  await file.close();
  return buffer.subarray(0, bytesRead);
}

/** A PDF that has the same page so many times. */
function pagesOf(count: number): string {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${count} /Kids [${'3 0 R '.repeat(count)}] >>`,
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >>',
  ];
  const parts = ['%PDF-1.7\n'];
  const offsets = objects.map((object, index) => {
    const offset = parts.join('').length;
    parts.push(`${index + 1} 0 obj\n${object}\nendobj\n`);
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const at = parts.join('').length;
  return `${parts.join('')}xref\n0 4\n0000000000 65535 f \n${offsets.join('')}trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`;
}

const OLD_OFFICE = Buffer.from('d0cf11e0a1b11ae1', 'hex');
const half = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length / 2);

/** Files that no step reads, and what the one who sent them is told. */
export const BAD_FILES: readonly [
  what: string,
  name: string,
  file: () => Promise<string | Uint8Array> | string | Uint8Array,
  message: RegExp | string,
][] = [
  [
    'bytes of no known type',
    'notes.txt',
    () => Buffer.alloc(9_000, Buffer.from('81fe00', 'hex')),
    `The file is of no known type. ${READ}`,
  ],
  [
    'a picture',
    'notes.txt',
    () => Buffer.from('89504e470d0a1a0a0000000d49484452000000', 'hex'),
    `This is a picture (PNG), not a document. ${READ}`,
  ],
  [
    'a program with the name of a PDF',
    'report.pdf',
    program,
    new RegExp(`^This is a (Windows|Linux|macOS) program, not a document\\. `),
  ],
  [
    'an archive with the name of a Word document',
    'report.docx',
    () => zipOf({ 'a.txt': 'text' }),
    `This is a zip archive, not a document. ${READ}`,
  ],
  [
    'a workbook',
    'table.docx',
    () => zipOf({ 'xl/workbook.xml': '<workbook/>' }),
    `This is an Excel workbook. ${READ}`,
  ],
  [
    'a document of an old Office',
    'old.doc',
    () => Buffer.concat([OLD_OFFICE, Buffer.alloc(4_000)]),
    `This is a file of an old Office version (.doc, .xls, .ppt); save it as .docx. ${READ}`,
  ],
  [
    'a PDF with a password',
    'secret.pdf',
    () => pdfOf(['Secret.'], { userPassword: 'sesame' }),
    'The PDF is protected by a password.',
  ],
  [
    'a Word document with a password',
    'secret.docx',
    () => Buffer.concat([OLD_OFFICE, Buffer.from('EncryptedPackage', 'utf16le'), Buffer.alloc(4_000)]),
    'The Word document is protected by a password.',
  ],
  [
    'a Word document that is cut off',
    'half.docx',
    async () => half(await docxOf(['A paragraph.'])),
    'The Word document is cut off or damaged and cannot be opened.',
  ],
  [
    'a PDF of which nothing but the beginning is left',
    'half.pdf',
    async () => (await pdfOf(['A page.'])).subarray(0, 100),
    'The PDF is cut off or damaged and cannot be opened.',
  ],
  [
    'a zip bomb in a Word document',
    'bomb.docx',
    () => docxWith(' '.repeat(120_000_000)),
    'Unpacked, the file would take more than 100 MB; it looks like a zip bomb and was not opened.',
  ],
  [
    'a PDF of 100,000 pages',
    'pages.pdf',
    () => pagesOf(100_000),
    'The PDF has 100000 pages; at most 5000 are read.',
  ],
  [
    'text that is not UTF-8',
    'latin1.txt',
    () => Buffer.from('Grüße aus Köln', 'latin1'),
    'The text is not valid UTF-8: byte 2 does not belong. Save it as UTF-8.',
  ],
  [
    'UTF-16 that does not say so',
    'wide.txt',
    () => Buffer.from('wide text', 'utf16le'),
    'The file holds a NUL character at position 1: it is no text, or UTF-16 without a byte-order mark. Save it as UTF-8.',
  ],
  ['blank lines and nothing else', 'blank.txt', () => ' \n\t\n'.repeat(1_000), 'The file holds no text.'],
  [
    'a PDF without a word',
    'blank.pdf',
    () => pdfOf(['']),
    'The PDF holds no text; its pages may be scanned pictures.',
  ],
  [
    'more text than a document holds',
    'long.txt',
    () => 'x'.repeat(10_485_761),
    'The file holds 10485761 characters of text; at most 10485760 are read.',
  ],
];
