import { describe, expect, it } from 'vitest';
import { MAX_PAGES, pdfText } from '../../../src/processing/formats/pdf.ts';
import { quiet, refusal } from '../work.ts';
import { pdfOf } from './files.ts';
import { PROSE } from './prose.ts';

const MANY = 1_000_000;
const reading = (bytes: Uint8Array) => pdfText(bytes, quiet(), MANY);

describe('the text of a PDF', () => {
  it('is refused when a password protects it', async () => {
    const file = await pdfOf(PROSE.en, { userPassword: 'secret' });
    await expect(reading(file)).rejects.toThrow(
      refusal('PROTECTED', /^The PDF is protected by a password\.$/),
    );
  });

  it('is refused when nothing but the header is left', async () => {
    const file = await pdfOf(PROSE.en);
    await expect(reading(file.subarray(0, 20))).rejects.toThrow(refusal('BROKEN', /cut off or damaged/));
  });

  it('of a file that is cut off anywhere is refused or a beginning, and never hangs', async () => {
    const file = await pdfOf(PROSE.en);
    const whole = await reading(file);
    for (let share = 1; share < 10; share += 1) {
      const cut = file.subarray(0, Math.floor((file.length * share) / 10));
      const text = await reading(cut).catch((error: unknown) => {
        expect(error).toEqual(refusal('BROKEN', /damaged/));
        return '';
      });
      expect(whole.startsWith(text)).toBe(true);
    }
  });

  it('does not need the outline, however long', async () => {
    const file = await pdfOf(['One page.'], { outline: 20_000 });
    expect(await reading(file)).toBe('One page.');
  });

  it('is refused for more pages than can be read in time', async () => {
    const file = await pdfOf(Array.from({ length: MAX_PAGES + 1 }, () => ''));
    await expect(reading(file)).rejects.toThrow(refusal('TOO_LARGE', /5001 pages; at most 5000/));
  });

  it('has the pages that are there, whatever their number is said to be', async () => {
    const text = Buffer.from(await pdfOf(['a', 'b'])).toString('latin1');
    const claimed = text.replace('/Count 2', '/Count 100000');
    expect(claimed).not.toBe(text);
    expect(await reading(Buffer.from(claimed, 'latin1'))).toBe('a\n\nb');
  });

  it('has an empty line where the page has a gap', async () => {
    const text = await reading(await pdfOf(['First line.\nSecond line.\n\n\nAfter a gap.']));
    expect(text).toBe('First line.\nSecond line.\n\nAfter a gap.');
  });
});
