import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sniffType } from '../../../src/processing/formats/file-type.ts';
import { refusal } from '../work.ts';
import { docxOf, htmlOf, pdfOf, zipOf } from './files.ts';
import { PROSE, proseOf } from './prose.ts';

const bytesOf = (text: string, encoding: BufferEncoding = 'utf8'): Uint8Array => Buffer.from(text, encoding);
const sniffing = (bytes: Uint8Array) => () => sniffType(bytes);

describe('the type of a file, from its bytes', () => {
  it('knows the files that libraries make', async () => {
    expect(sniffType(await pdfOf(PROSE.en))).toBe('pdf');
    expect(sniffType(await docxOf(PROSE.de))).toBe('docx');
    expect(sniffType(bytesOf(htmlOf(PROSE.fr)))).toBe('html');
    for (const language of ['en', 'de', 'fr'] as const)
      expect(sniffType(bytesOf(proseOf(language)))).toBe('txt');
  });

  it('tells Markdown from plain text by lines that only Markdown has', () => {
    for (const text of [
      '# Title\n\nText.',
      'Intro\n\n- one\n- two',
      'See [the docs](https://example.org).',
      '```js\n1\n```',
    ]) {
      expect(sniffType(bytesOf(text))).toBe('md');
    }
    expect(sniffType(bytesOf('A #hashtag and an array[0] (really).'))).toBe('txt');
  });

  it('knows HTML with a comment, an XML prolog, a mark or no head, and leaves Markdown that begins with a tag alone', () => {
    for (const text of [
      '<!-- saved -->\n<html><body>x</body></html>',
      '<?xml version="1.0"?>\n<!DOCTYPE html><html></html>',
      '\ufeff  <HTML><body>x',
      '<div>only <b>a</b> fragment</div>',
    ]) {
      expect(sniffType(bytesOf(text))).toBe('html');
    }
    expect(sniffType(bytesOf('<p align="center">Logo</p>\n\n# Project\n\nText.'))).toBe('md');
  });

  it('knows UTF-16 with a mark, and text of an older encoding', () => {
    expect(sniffType(bytesOf('\ufeffHello wide world', 'utf16le'))).toBe('txt');
    expect(sniffType(bytesOf('Gr\xfc\xdfe aus K\xf6ln', 'latin1'))).toBe('txt');
  });

  it('does not take a text about PDFs for one', () => {
    expect(sniffType(bytesOf('A PDF begins with %PDF-1.7 in its first line.'))).toBe('txt');
  });

  it('refuses 0 bytes', () => {
    expect(sniffing(new Uint8Array())).toThrow(refusal('EMPTY', /0 bytes/));
  });

  it('refuses a program, whatever it is called', async () => {
    const node = (await readFile(process.execPath)).subarray(0, 100_000);
    expect(sniffing(node)).toThrow(refusal('UNKNOWN_TYPE', /program.*Word \(\.docx\) files are read/));
    const windows = Buffer.concat([
      Buffer.from('MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff', 'latin1'),
      Buffer.alloc(200, 0xcc),
    ]);
    expect(sniffing(windows)).toThrow(refusal('UNKNOWN_TYPE', /Windows program/));
  });

  it('names other files, and says so of those that it does not know', async () => {
    expect(sniffing(gzipSync('x'))).toThrow(refusal('UNKNOWN_TYPE', /gzip archive/));
    expect(sniffing(bytesOf('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'))).toThrow(
      refusal('UNKNOWN_TYPE', /PNG/),
    );
    expect(sniffing(await zipOf({ 'xl/workbook.xml': '<x/>' }))).toThrow(refusal('UNKNOWN_TYPE', /Excel/));
    expect(sniffing(await zipOf({ 'a.txt': 'x' }))).toThrow(refusal('UNKNOWN_TYPE', /zip archive/));
    expect(sniffing(bytesOf('{\\rtf1 Hello}'))).toThrow(refusal('UNKNOWN_TYPE', /RTF/));
    const noise = Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7919) % 256);
    expect(sniffing(noise)).toThrow(refusal('UNKNOWN_TYPE', /no known type/));
  });

  it('tells a Word document with a password from a file of an old Office', () => {
    const container = (text: string) =>
      Buffer.concat([
        Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
        Buffer.from(text, 'utf16le'),
      ]);
    expect(sniffing(container('EncryptedPackage'))).toThrow(refusal('PROTECTED', /protected by a password/));
    expect(sniffing(container('WordDocument'))).toThrow(refusal('UNKNOWN_TYPE', /save it as \.docx/));
  });

  it('knows a Word document that is cut off, so that the message can say that', async () => {
    const docx = await docxOf(PROSE.en);
    expect(sniffType(docx.subarray(0, docx.length / 2))).toBe('docx');
  });
});
