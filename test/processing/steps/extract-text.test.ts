import { describe, expect, it } from 'vitest';
import { extractText } from '../../../src/processing/steps/extract-text.ts';
import { docxOf, htmlOf, pdfOf } from '../formats/files.ts';
import { PROSE, type ProseLanguage } from '../formats/prose.ts';
import { expectWholeProgress, quiet, refusal, stoppedAt, watched } from '../work.ts';

const LANGUAGES = Object.keys(PROSE) as ProseLanguage[];
/** Lines are where the page has them, so words are compared. */
const wordsOf = (text: string): string[] => text.split(/\s+/u).filter((word) => word !== '');

describe('EXTRACT_TEXT', () => {
  for (const language of LANGUAGES) {
    const paragraphs = PROSE[language];
    const words = wordsOf(paragraphs.join(' '));

    it(`reads a PDF in ${language}, reported page by page`, async () => {
      const { work, reports } = watched();
      const { type, text } = await extractText(await pdfOf(paragraphs), work);
      expect(type).toBe('pdf');
      expect(wordsOf(text)).toEqual(words);
      expect(text.split('\n\n')).toHaveLength(paragraphs.length);
      expectWholeProgress(reports);
      expect(reports).toEqual([0, 1, 2, 3, 4].map((page) => [page, 4]));
    });

    it(`reads a Word document in ${language}, a paragraph for a paragraph`, async () => {
      const { work, reports } = watched();
      const { type, text } = await extractText(await docxOf(paragraphs), work);
      expect(type).toBe('docx');
      expect(text).toBe(paragraphs.join('\n\n'));
      expectWholeProgress(reports);
    });

    it(`reads a web page in ${language} without its script, style and addresses`, async () => {
      const { work, reports } = watched();
      const { type, text } = await extractText(Buffer.from(htmlOf(paragraphs)), work);
      expect(type).toBe('html');
      expect(text).toBe(
        ['Heading', ...paragraphs, 'Link'].join('\n\n').replace('Heading\n\n', 'Heading\n\n'),
      );
      expectWholeProgress(reports);
    });

    it(`reads text and Markdown in ${language} as they are`, async () => {
      const markdown = `# ${language}\n\n${paragraphs.join('\n\n')}\n`;
      expect(await extractText(Buffer.from(markdown), quiet())).toEqual({ type: 'md', text: markdown });
      const plain = paragraphs.join('\r\n');
      expect(await extractText(Buffer.from(plain), quiet())).toEqual({
        type: 'txt',
        text: paragraphs.join('\n'),
      });
    });
  }

  it('follows the encoding that a page names', async () => {
    const page = Buffer.from(htmlOf(['Käse und Brot'], 'windows-1252'), 'latin1');
    expect((await extractText(page, quiet())).text).toContain('Käse und Brot');
  });

  it('gives the same text each time', async () => {
    const file = await pdfOf(PROSE.de);
    expect(await extractText(file, quiet())).toEqual(await extractText(file, quiet()));
  });

  it('leaves the bytes that it is given as they are', async () => {
    const file = await pdfOf(PROSE.en);
    const before = Buffer.from(file);
    await extractText(file, quiet());
    expect(Buffer.compare(file, before)).toBe(0);
  });

  it('stops between two pages of a PDF', async () => {
    const { work, reportsAfter } = stoppedAt((done) => done === 2);
    await expect(
      extractText(await pdfOf(Array.from({ length: 30 }, () => PROSE.en[0])), work),
    ).rejects.toThrow(/aborted/);
    expect(reportsAfter.length).toBeLessThanOrEqual(1);
  });

  it('stops before it begins when it is stopped already', async () => {
    const { work } = watched();
    const stopped = { ...work, signal: AbortSignal.abort() };
    for (const file of [await docxOf(PROSE.en), Buffer.from(htmlOf(PROSE.en)), Buffer.from('text')]) {
      await expect(extractText(file, stopped)).rejects.toThrow(/aborted/);
    }
  });

  it('refuses more text than a document may have, without reading a PDF to its end', async () => {
    await expect(extractText(Buffer.from('x'.repeat(101)), quiet(), 100)).rejects.toThrow(
      refusal('TOO_LARGE', /101 characters.*at most 100/),
    );
    const { work, reports } = watched();
    const pages = Array.from({ length: 5 }, () => 'word '.repeat(15));
    await expect(extractText(await pdfOf(pages), work, 100)).rejects.toThrow(
      refusal('TOO_LARGE', /more than 100/),
    );
    expect(reports.at(-1)).toEqual([1, 5]);
  });

  it('refuses a file without text', async () => {
    await expect(extractText(new Uint8Array(), quiet())).rejects.toThrow(refusal('EMPTY', /0 bytes/));
    await expect(extractText(Buffer.from(' \n\t\n'), quiet())).rejects.toThrow(
      refusal('EMPTY', /holds no text/),
    );
    await expect(extractText(await pdfOf(['', '']), quiet())).rejects.toThrow(
      refusal('EMPTY', /scanned pictures/),
    );
    await expect(extractText(await docxOf(['']), quiet())).rejects.toThrow(refusal('EMPTY', /holds no text/));
  });
});
