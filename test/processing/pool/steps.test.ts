import { afterAll, describe, expect, it } from 'vitest';
import { scan } from '../../../src/compliance/scanner/scan.ts';
import type { JobWorker } from '../../../src/processing/pool/job-worker.ts';
import type { TextStep } from '../../../src/processing/pool/text-steps.ts';
import { StepError } from '../../../src/processing/step-error.ts';
import { analyze } from '../../../src/processing/steps/analyze.ts';
import { detectLanguage } from '../../../src/processing/steps/detect-language.ts';
import { extractKeywords } from '../../../src/processing/steps/extract-keywords.ts';
import { extractText } from '../../../src/processing/steps/extract-text.ts';
import { summarize } from '../../../src/processing/steps/summarize.ts';
import { docxOf, docxWith, htmlOf, pdfOf } from '../formats/files.ts';
import { PROSE, proseOf } from '../formats/prose.ts';
import { expectWholeProgress, quiet, watched } from '../work.ts';
import { openPool } from './pools.ts';
import { inChunks, never, tenMillion } from './tasks.ts';

const TEXT_STEPS: readonly TextStep[] = [
  'DETECT_LANGUAGE',
  'ANALYZE',
  'EXTRACT_KEYWORDS',
  'SUMMARIZE',
  'SCAN_COMPLIANCE',
];

const { pool, worker: acquire } = openPool({ closeAfter: afterAll });

/** One job's hold on the worker. */
async function holding(use: (worker: JobWorker) => Promise<void>): Promise<void> {
  const worker = await acquire();
  try {
    await use(worker);
  } finally {
    worker.release();
  }
}

describe('a worker gives what the step gives', () => {
  it('for a file of each type', () =>
    holding(async (worker) => {
      const files = [
        await pdfOf(PROSE.de),
        await docxOf(PROSE.fr),
        Buffer.from(htmlOf(PROSE.en)),
        Buffer.from(`# Title\n\n${proseOf('de')}`),
        Buffer.from(proseOf('fr')),
      ];
      for (const file of files) {
        const { type, text, pieces } = await worker.extract(inChunks(file, 1_000), tenMillion, quiet());
        expect({ type, text }).toEqual(await extractText(file, quiet()));
        expect(pieces.join('')).toBe(text);
      }
    }));

  for (const language of ['en', 'de', 'fr'] as const) {
    it(`for a text in ${language}, whose language it finds out`, () =>
      holding(async (worker) => {
        const text = `${proseOf(language)}\n\nCard 4111 1111 1111 1111, mail jane.doe@example.com.`;
        await worker.load(text, never());
        expect(await worker.run('ANALYZE', quiet())).toEqual(await analyze(text, language, quiet()));
        expect(await worker.run('EXTRACT_KEYWORDS', quiet())).toEqual(
          await extractKeywords(text, language, quiet()),
        );
        expect(await worker.run('SUMMARIZE', quiet())).toEqual(await summarize(text, language, quiet()));
        expect(await worker.run('DETECT_LANGUAGE', quiet())).toEqual(await detectLanguage(text, quiet()));
        const findings = await worker.run('SCAN_COMPLIANCE', quiet());
        expect(findings.map(({ rule }) => rule)).toEqual(['card-number', 'email']);
        expect(findings).toEqual(await scan(text));
      }));
  }

  it('for a text in which nothing is found, and for the text that is loaded next', () =>
    holding(async (worker) => {
      await worker.load('12 + 12', never());
      expect(await worker.run('DETECT_LANGUAGE', quiet())).toBeNull();
      expect(await worker.run('SCAN_COMPLIANCE', quiet())).toEqual([]);
      expect(await worker.run('SUMMARIZE', quiet())).toEqual([]);
      await worker.load(proseOf('fr'), never());
      expect(await worker.run('DETECT_LANGUAGE', quiet())).toMatchObject({ code: 'fr' });
      expect(await worker.run('ANALYZE', quiet())).toMatchObject({ characters: proseOf('fr').length });
      await worker.load('', never());
      expect(await worker.run('ANALYZE', quiet())).toMatchObject({ characters: 0 });
    }));

  it('for thousands of findings, which take several messages', () =>
    holding(async (worker) => {
      const text = Array.from({ length: 1_200 }, (_, index) => `Write to person${index}@example.com.`).join(
        '\n',
      );
      await worker.load(text, never());
      const findings = await worker.run('SCAN_COMPLIANCE', quiet());
      expect(findings).toHaveLength(1_000);
      expect(findings).toEqual(await scan(text));
    }));
});

describe('the progress of a worker', () => {
  it('arrives in order, from the beginning to the end, and not a thousand times', () =>
    holding(async (worker) => {
      const file = watched();
      await worker.extract(inChunks(await pdfOf(PROSE.en)), tenMillion, file.work);
      expectWholeProgress(file.reports);
      await worker.load(proseOf('en').repeat(300), never());
      for (const step of TEXT_STEPS) {
        const { work, reports } = watched();
        await worker.run(step, work);
        expectWholeProgress(reports);
        expect(reports.length).toBeLessThan(1_000);
      }
    }));

  it('that cannot be told stops the step', () =>
    holding(async (worker) => {
      await worker.load(proseOf('en').repeat(300), never());
      const report = (): never => {
        throw new Error('nobody listens');
      };
      await expect(worker.run('ANALYZE', { signal: never(), report })).rejects.toThrow('nobody listens');
      expect(await worker.run('DETECT_LANGUAGE', quiet())).toMatchObject({ code: 'en' });
    }));
});

describe('what is large', () => {
  it(
    'comes back whole: a file of 25 MB, and a text of 10 million characters with pairs on every border',
    () =>
      holding(async (worker) => {
        const file = Buffer.from('a𝄞é '.repeat(25_000_000 / 8));
        const { text, pieces } = await worker.extract(
          inChunks(file, 1_000_000),
          { maxUnits: 16_000_000 },
          quiet(),
        );
        expect(pieces.every((piece) => piece.length <= 65_536 && piece.isWellFormed())).toBe(true);
        expect(Buffer.from(text).equals(file)).toBe(true);

        const long = 'x𝄞'.repeat(3_333_333);
        await worker.load(long, never());
        expect(await worker.run('SCAN_COMPLIANCE', quiet())).toEqual([]);
        expect(await worker.run('ANALYZE', quiet())).toMatchObject({ characters: long.length });
      }),
    120_000,
  );

  it(
    '[P11] and has no space in 10 MB goes through each step',
    () =>
      holding(async (worker) => {
        const { type, text } = await worker.extract(
          inChunks(Buffer.alloc(10_000_000, 'abcdefg')),
          tenMillion,
          quiet(),
        );
        expect({ type, length: text.length }).toEqual({ type: 'txt', length: 10_000_000 });
        await worker.load(text, never());
        for (const step of TEXT_STEPS) {
          const { work, reports } = watched();
          await worker.run(step, work);
          expectWholeProgress(reports);
        }
      }),
    120_000,
  );
});

describe('[P11] a file that a step refuses is refused with the same words', () => {
  const refused: Readonly<Record<string, () => Promise<Uint8Array> | Uint8Array>> = {
    'of 0 bytes': () => new Uint8Array(),
    'of no known type': () => Buffer.from([0, 255, 254, 0, 1, 2, 3, 200]),
    'that is a program under another name': () =>
      Buffer.from(`MZ\x90\0\x03\0\0\0${'\0'.repeat(200)}`, 'latin1'),
    'that is a PDF with a password': () => pdfOf(PROSE.en, { userPassword: 'secret' }),
    'that is a Word document cut in half': async () => {
      const whole = await docxOf(PROSE.en);
      return whole.subarray(0, whole.length / 2);
    },
    'that is a zip bomb in a Word document': () => docxWith('a'.repeat(120_000_000)),
    'with more text than is asked for': () => Buffer.from('x'.repeat(10_001)),
  };
  for (const [name, make] of Object.entries(refused)) {
    it(name, async () => {
      const file = await make();
      const error: unknown = await extractText(file, quiet(), 10_000).catch((reason: unknown) => reason);
      if (!(error instanceof StepError)) throw new Error('The step did not refuse it.');
      const { code, message } = error;
      await holding(async (worker) => {
        await expect(worker.extract(inChunks(file), { maxUnits: 10_000 }, quiet())).rejects.toThrow(
          expect.objectContaining({ name: 'StepError', code, message }) as Error,
        );
      });
      expect(pool.state()).toMatchObject({ running: 1, ended: 0, trouble: null });
    });
  }

  it(
    'but a PDF with an outline for 100,000 pages is read',
    () =>
      holding(async (worker) => {
        const file = await pdfOf(['One page.'], { outline: 100_000 });
        expect(await worker.extract(inChunks(file), tenMillion, quiet())).toMatchObject({
          text: 'One page.',
        });
      }),
    60_000,
  );
});

describe('a worker', () => {
  it('rejects with the error of a file that cannot be read, and goes on', () =>
    holding(async (worker) => {
      async function* torn() {
        yield Buffer.from('half of a ');
        throw new Error('the disk is gone');
      }
      await expect(worker.extract(torn(), tenMillion, quiet())).rejects.toThrow('the disk is gone');
      expect(await worker.extract(inChunks(Buffer.from('whole')), tenMillion, quiet())).toMatchObject({
        text: 'whole',
      });
    }));

  it('says so when it is used in a way that cannot be meant', () =>
    holding(async (worker) => {
      await expect(worker.run('ANALYZE', quiet())).rejects.toThrow(/Load a text/);
      const loading = worker.load('text', never());
      await expect(worker.load('another', never())).rejects.toThrow(/one thing at a time/);
      await loading;
      worker.release();
      await expect(worker.load('text', never())).rejects.toThrow(/given back/);
    }));
});
