import { describe, expect, it } from 'vitest';
import { decodeText, storableText } from '../../../src/processing/formats/text-encoding.ts';
import { refusal } from '../work.ts';

const TEXT = 'Grüße, Ελλάδα, 日本 😀';
const decoding = (bytes: Uint8Array, declared?: string) => () => decodeText(bytes, declared);

describe('the text of bytes', () => {
  it('is UTF-8, with a mark or without, or UTF-16 of either order with one', () => {
    const little = Buffer.from(`\ufeff${TEXT}`, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const bytes of [Buffer.from(TEXT), Buffer.from(`\ufeff${TEXT}`), little, big]) {
      expect(decodeText(bytes)).toBe(TEXT);
    }
  });

  it('has one kind of line end', () => {
    expect(decodeText(Buffer.from('a\r\nb\rc\nd\r\r\ne'))).toBe('a\nb\nc\nd\n\ne');
  });

  it('is refused with the first bad byte when it is no UTF-8', () => {
    expect(decoding(Buffer.from('Gr\xfc\xdfe', 'latin1'))).toThrow(
      refusal('BAD_ENCODING', /byte 2 .*Save it as UTF-8/),
    );
    expect(decoding(Buffer.from('fine \ufffd then \xff', 'utf8').subarray(0, -1))).toThrow(
      refusal('BAD_ENCODING', /byte 14/),
    );
  });

  it('is refused with the position of a NUL', () => {
    expect(decoding(Buffer.from('ab\0c'))).toThrow(refusal('BAD_ENCODING', /NUL character at position 2/));
    expect(decoding(Buffer.from('no mark', 'utf16le'))).toThrow(
      refusal('BAD_ENCODING', /UTF-16 without a byte-order mark/),
    );
  });

  it('is refused when UTF-16 ends in mid-character', () => {
    expect(decoding(Buffer.from([0xff, 0xfe, 0x41, 0x00, 0x42]))).toThrow(
      refusal('BAD_ENCODING', /not valid utf-16le/),
    );
    expect(decoding(Buffer.from([0xff, 0xfe, 0x3d, 0xd8, 0x41, 0x00]))).toThrow(
      refusal('BAD_ENCODING', /not valid utf-16le/),
    );
  });

  it('follows the encoding that a format declares, and refuses one that nobody knows', () => {
    expect(decodeText(Buffer.from('\x84Gr\xfc\xdfe\x93 \x80 \x9f', 'latin1'), 'iso-8859-1')).toBe(
      '„Grüße“ € Ÿ',
    );
    expect(decoding(Buffer.from('x'), 'klingon')).toThrow(refusal('BAD_ENCODING', /"klingon" is not known/));
  });

  it('of a parser loses what a document cannot hold', () => {
    expect(storableText('a\0b\ud83dc\r\n')).toBe('ab\ufffdc\n');
  });
});
