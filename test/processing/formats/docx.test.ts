import { describe, expect, it } from 'vitest';
import { docxText, MAX_MARKUP_BYTES } from '../../../src/processing/formats/docx.ts';
import { quiet, refusal, stoppedAt } from '../work.ts';
import { docxOf, docxWith, zipOf } from './files.ts';
import { PROSE } from './prose.ts';

const reading = (bytes: Uint8Array) => docxText(bytes, quiet());

/** The place of a part's entry in the archive's directory. */
const entryOf = (archive: Buffer, part: string): number => archive.lastIndexOf(part) - 46;

const body = (content: string) =>
  `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${content}</w:body></w:document>`;

describe('the text of a Word document', () => {
  it('[P11] is refused for a document that is cut off anywhere', async () => {
    const file = await docxOf(PROSE.de);
    for (let share = 0; share < 10; share += 1) {
      const cut = file.subarray(0, Math.floor((file.length * share) / 10));
      await expect(reading(cut)).rejects.toThrow(refusal('BROKEN', /cut off or damaged/));
    }
  });

  it('is refused for a zip bomb before anything is unpacked', async () => {
    const bomb = await docxWith(body(`<w:p><w:r><w:t>${'a'.repeat(120_000_000)}</w:t></w:r></w:p>`));
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage().rss;
    await expect(reading(bomb)).rejects.toThrow(refusal('TOO_LARGE', /zip bomb/));
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
  });

  it('is refused for a zip bomb whose directory lies about its size', async () => {
    const bomb = Buffer.from(await docxWith(body('a'.repeat(30_000_000))));
    bomb.writeUInt32LE(1_000, entryOf(bomb, 'word/document.xml') + 24);
    await expect(reading(bomb)).rejects.toThrow(refusal('BROKEN', /damaged/));
  });

  it('is refused for more markup than can be parsed in memory', async () => {
    const file = await docxWith(
      body(`<w:p><w:r><w:t>${'word '.repeat(MAX_MARKUP_BYTES / 5)}</w:t></w:r></w:p>`),
      'STORE',
    );
    await expect(reading(file)).rejects.toThrow(refusal('TOO_LARGE', /MB of markup/));
  });

  it('is refused for parts with a password', async () => {
    const file = Buffer.from(await docxOf(PROSE.en));
    const flags = entryOf(file, 'word/document.xml') + 8;
    file.writeUInt16LE(file.readUInt16LE(flags) | 1, flags);
    await expect(reading(file)).rejects.toThrow(refusal('PROTECTED', /password/));
  });

  it('is refused for more parts than a document has', async () => {
    const parts = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`${index}.xml`, '']));
    await expect(reading(await zipOf(parts))).rejects.toThrow(refusal('TOO_LARGE', /10001 parts/));
  });

  it('is refused for markup that is none, and for an archive without a main part', async () => {
    await expect(reading(await docxWith('<w:document><never closed'))).rejects.toThrow(
      refusal('BROKEN', /Word document/),
    );
    await expect(reading(await zipOf({ 'word/other.txt': 'x' }))).rejects.toThrow(
      refusal('BROKEN', /Word document/),
    );
  });

  it('does not follow entities, inside or outside', async () => {
    const file = await docxWith(
      `<!DOCTYPE d [<!ENTITY inside "bomb"><!ENTITY outside SYSTEM "file:///etc/hostname">]>${body(
        '<w:p><w:r><w:t>before &inside; &outside; after</w:t></w:r></w:p>',
      )}`,
    );
    const text = await reading(file).catch((error: unknown) => {
      expect(error).toEqual(refusal('BROKEN', /Word document/));
      return '';
    });
    expect(text).not.toContain('bomb');
  });

  it('can be stopped while the archive is measured', async () => {
    const { work, reportsAfter } = stoppedAt();
    await expect(docxText(await docxOf(PROSE.fr), work)).rejects.toThrow(/aborted/);
    expect(reportsAfter.length).toBeLessThanOrEqual(1);
  });
});
