import { isUtf8 } from 'node:buffer';
import { StepError } from '../step-error.ts';
import { encodingOfMark } from './text-encoding.ts';
import { readZipDirectory } from './zip.ts';

/** The types that are read. md and txt differ in name only: both are their own text. */
export type FileType = 'txt' | 'md' | 'html' | 'pdf' | 'docx';

/** Bytes at the beginning that decide about text. */
const HEAD_BYTES = 4096;
/** Bytes at the beginning within which a PDF's header may stand, as PDF readers have it. */
const PDF_HEADER_BYTES = 1024;

const READ = 'Text, Markdown, HTML, PDF and Word (.docx) files are read.';
const unknown = (what: string) => new StepError('UNKNOWN_TYPE', `${what} ${READ}`);

/** How other files begin, as latin1, and what to call them. */
const OTHERS: readonly (readonly [start: string, name: string])[] = [
  ['MZ', 'a Windows program'],
  ['\x7fELF', 'a Linux program'],
  ['\xfe\xed\xfa\xce', 'a macOS program'],
  ['\xfe\xed\xfa\xcf', 'a macOS program'],
  ['\xce\xfa\xed\xfe', 'a macOS program'],
  ['\xcf\xfa\xed\xfe', 'a macOS program'],
  ['\xca\xfe\xba\xbe', 'a Java class or a macOS program'],
  ['\x00asm', 'a WebAssembly program'],
  ['\x89PNG', 'a picture (PNG)'],
  ['\xff\xd8\xff', 'a picture (JPEG)'],
  ['GIF8', 'a picture (GIF)'],
  ['RIFF', 'a picture, sound or film (RIFF)'],
  ['\x1f\x8b', 'a gzip archive'],
  ['7z\xbc\xaf', 'a 7-Zip archive'],
  ['Rar!', 'a RAR archive'],
  ['SQLite format 3\0', 'a SQLite database'],
];

/** What the parts of a zip archive say that it is. */
const ZIP_KINDS: readonly (readonly [part: string, name: string])[] = [
  ['xl/', 'an Excel workbook'],
  ['ppt/', 'a PowerPoint presentation'],
  ['content.xml', 'an OpenDocument file; save it as .docx'],
  ['META-INF/container.xml', 'an e-book (EPUB)'],
  ['META-INF/MANIFEST.MF', 'a Java program'],
];

/** The type of a file from its bytes; its name has no say. Throws a StepError EMPTY, PROTECTED or UNKNOWN_TYPE. */
export function sniffType(bytes: Uint8Array): FileType {
  if (bytes.length === 0) throw new StepError('EMPTY', 'The file is empty (0 bytes).');
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = file.toString('latin1', 0, HEAD_BYTES);
  if (isPdf(head)) return 'pdf';
  if (head.startsWith('PK\x03\x04')) return typeOfZip(file);
  if (head.startsWith('\xd0\xcf\x11\xe0')) throw oldOffice(file);
  if (encodingOfMark(bytes)?.startsWith('utf-16')) return typeOfText(decodedHead(bytes));
  const binary = isBinary(head);
  const utf8 = isUtf8(bytes);
  if (binary || !utf8) {
    const other = OTHERS.find(([start]) => head.startsWith(start));
    if (other) throw unknown(`This is ${other[1]}, not a document.`);
  }
  // bytes that are no UTF-8 may be text of an older encoding: decoding says so more precisely than this could
  if (binary && !utf8) throw unknown('The file is of no known type.');
  if (head.startsWith('{\\rtf')) throw unknown('This is a rich text file (RTF).');
  return typeOfText(decodedHead(bytes));
}

/** A PDF's header may come late, but then not in the middle of a line: that would be a text about PDFs. */
const isPdf = (head: string): boolean => /^%PDF-\d\.\d/m.test(head.slice(0, PDF_HEADER_BYTES));

/** Text has no NUL and hardly a control character; bytes above 0x7f may be of any encoding. */
function isBinary(head: string): boolean {
  if (head.includes('\0')) return true;
  let controls = 0;
  for (let at = 0; at < head.length; at += 1) {
    const code = head.charCodeAt(at);
    if (code === 0x7f || (code < 0x20 && (code < 0x08 || code > 0x0d) && code !== 0x1b)) controls += 1;
  }
  return controls * 100 > head.length;
}

/** The beginning as text, whatever its bytes; decoding the whole strictly is the extraction's matter. */
const decodedHead = (bytes: Uint8Array): string =>
  new TextDecoder(encodingOfMark(bytes) ?? 'utf-8').decode(bytes.subarray(0, HEAD_BYTES)).trimStart();

const HTML_START =
  /^(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--[^]{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body)[\s>]/i;
/** Tags that begin HTML without a head, from the WHATWG's MIME sniffing standard. */
const FRAGMENT_START = /^<(?:title|style|script|table|div|h1|p|ul|ol|br|b|a|font|iframe)[\s>]/i;
/** Lines that only Markdown has. */
const MARKDOWN_LINE = /^(?:#{1,6} \S|```|[-*] \S|\[[^\]\n]{1,200}\]: \S|\|(?: ?:?-{3,}:? ?\|)+)/m;
const MARKDOWN_LINK = /\[[^\]\n]{1,200}\]\([^)\s]{1,500}\)/;

function typeOfText(head: string): FileType {
  if (HTML_START.test(head)) return 'html';
  const markdown = MARKDOWN_LINE.test(head) || MARKDOWN_LINK.test(head);
  if (FRAGMENT_START.test(head) && !markdown) return 'html';
  return markdown ? 'md' : 'txt';
}

function typeOfZip(file: Buffer): FileType {
  const parts = readZipDirectory(file);
  // without its end an archive has no directory: the local headers at its beginning still name their parts
  const names = parts?.map(({ name }) => name) ?? localNames(file);
  if (names.some((name) => name.startsWith('word/'))) return 'docx';
  const kind = ZIP_KINDS.find(([part]) => names.some((name) => name.startsWith(part)));
  if (kind) throw unknown(`This is ${kind[1]}.`);
  if (!parts && names.some((name) => name === '[Content_Types].xml' || name.startsWith('_rels/')))
    return 'docx';
  throw unknown('This is a zip archive, not a document.');
}

/** The names of the parts whose local headers stand in the first bytes. */
function localNames(file: Buffer): string[] {
  const head = file.subarray(0, HEAD_BYTES * 4);
  const names: string[] = [];
  let at = 0;
  while (at >= 0 && at + 30 <= head.length) {
    names.push(head.toString('utf8', at + 30, at + 30 + head.readUInt16LE(at + 26)));
    at = head.indexOf('PK\x03\x04', at + 30, 'latin1');
  }
  return names;
}

/** Word puts a document with a password into the container of its old format. */
function oldOffice(file: Buffer): StepError {
  if (file.includes(Buffer.from('EncryptedPackage', 'utf16le'))) {
    return new StepError('PROTECTED', 'The Word document is protected by a password.');
  }
  return unknown('This is a file of an old Office version (.doc, .xls, .ppt); save it as .docx.');
}
