import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/platform/clock.ts';
import { Upload } from '../../../src/platform/graphql/upload.ts';
import { createLog } from '../../../src/platform/log.ts';
import { createExecute } from '../../../src/processing/execute.ts';
import { chunksOf, writeText } from '../../../src/processing/extraction.ts';
import type { JobStep, StepName } from '../../../src/processing/job.ts';
import { createWorkerPool, type WorkerPool } from '../../../src/processing/pool/worker-pool.ts';
import type { Execute } from '../../../src/processing/runner.ts';
import { expectContiguous, LIMITS, type Person, type Service } from '../../support/documents.ts';
import { htmlOf } from '../formats/files.ts';
import { proseOf } from '../formats/prose.ts';
import { createWorkshop, eventually, REQUEST, type Shop, start, type Workshop } from './workshop.ts';

/** UTF-16 code units of a change: few, so that a text is many of them. */
const CHANGE_CHARS = 1_000;
const limits = { ...LIMITS, changeChars: CHANGE_CHARS };
const TEXT = Array.from({ length: 8 }, (_, index) => `Part ${index}. ${proseOf('en')}`).join('\n\n');

let pool: WorkerPool;
let workshop: Workshop;
let shop: Shop;
let ada: Person;
let bob: Person;

beforeAll(() => {
  pool = createWorkerPool({
    size: 2,
    memoryMb: 512,
    stepMs: 30_000,
    clock: systemClock,
    log: createLog('fatal'),
  });
});
afterAll(() => pool.close());

/** An instance whose jobs are really worked on. */
async function openWorking(): Promise<Shop> {
  const execute: { current: Execute | null } = { current: null };
  const opened = await workshop.open({
    limits,
    execute: (job, run) => execute.current!(job, run),
  });
  execute.current = createExecute({ documents: opened.service.documents, pool, limits });
  opened.runner.start();
  return opened;
}

beforeEach(async () => {
  workshop = await createWorkshop();
  shop = await openWorking();
  [ada, bob] = [shop.service.as('ada'), shop.service.as('bob')];
});
afterEach(async () => {
  expect(await workshop.faults()).toEqual([]);
  await workshop.close();
});

async function upload(content: string | Uint8Array, name = 'notes.txt'): Promise<string> {
  const bytes = Buffer.from(content);
  const file = new Upload({ name, type: '' }, async function* () {
    yield bytes;
  });
  return (await shop.service.documents.files.upload(ada.viewer, { file })).id;
}

const steps = (...names: StepName[]): { steps: StepName[] } => ({ steps: names });
const extract = async (documentId: string, at: Shop = shop) =>
  at.ended((await start(at, ada.viewer, documentId, steps('EXTRACT_TEXT'))).jobId);
const countIn = (text: string, part: string): number => text.split(part).length - 1;

/** Writes the text of a file as a job does, and stops after so many changes. */
async function writeSome({ documents }: Service, documentId: string, changes: number): Promise<void> {
  const controller = new AbortController();
  let done = 0;
  const writing = writeText(
    documents,
    { tenantId: 'acme', documentId },
    { pieces: [TEXT], userId: 'ada', changeChars: CHANGE_CHARS },
    {
      signal: controller.signal,
      report() {
        done += 1;
        if (done === changes) controller.abort(new Error('stopped'));
      },
    },
  );
  await writing.catch((error: unknown) => expect(error).toMatchObject({ message: 'stopped' }));
}

describe('the text of an uploaded file', () => {
  it('arrives as ordinary changes by the uploader, seen by whoever watches, once', async () => {
    const documentId = await upload(TEXT);
    await shop.service.documents.collaborators.add(ada.viewer, documentId, 'bob', 'VIEWER');
    const seen: number[] = [];
    const source = await shop.service.documents.streams.changes(bob.viewer, {
      documentId,
      echo: true,
      clientId: null,
    });
    const stop = source.deliver<number>(
      { render: ({ revision }) => revision },
      {
        hasRoom: true,
        offer: (revision) => {
          seen.push(revision);
          return true;
        },
        whenRoom: (call) => queueMicrotask(call),
        end: () => {},
      },
    );
    const job = await extract(documentId);
    expect(job).toMatchObject({ status: 'COMPLETED', errors: [] });
    const log = await ada.log(documentId);
    expectContiguous(log);
    expect(log).toHaveLength(Math.ceil(TEXT.length / CHANGE_CHARS));
    expect(new Set(log.map(({ userId }) => userId))).toEqual(new Set(['ada']));
    expect(await ada.text(documentId)).toBe(TEXT);
    expect(await shop.result(job.jobId)).toEqual({ revision: log.length });
    await eventually(() => seen).toEqual(log.map(({ revision }) => revision));
    stop();
    const file = await shop.service.documents.files.find({ tenantId: 'acme', documentId });
    expect(file?.extractedAt).not.toBeNull();
  });

  it('is not written again when the document is processed again', async () => {
    const documentId = await upload(htmlOf(['One paragraph.', 'Another paragraph.']), 'page.html');
    await extract(documentId);
    const text = await ada.text(documentId);
    expect(countIn(text, 'One paragraph.')).toBe(1);
    await ada.erase(documentId, 0, 5);
    const { revision } = await ada.row(documentId);
    await extract(documentId);
    expect((await ada.row(documentId)).revision).toBe(revision);
    expect(await ada.text(documentId)).toBe(text.slice(5));
  });

  for (const changes of [1, 3, Math.ceil(TEXT.length / CHANGE_CHARS)]) {
    it(`is there once when its writing was stopped after ${changes} changes and done again`, async () => {
      const documentId = await upload(TEXT);
      await writeSome(shop.service, documentId, changes);
      expect((await ada.log(documentId)).length).toBe(changes);
      await extract(documentId);
      expect(await ada.text(documentId)).toBe(TEXT);
    });
  }

  it('is whole and in order when others type between its parts, before and behind it', async () => {
    const documentId = await upload(TEXT);
    await shop.service.documents.collaborators.add(ada.viewer, documentId, 'bob', 'EDITOR');
    await writeSome(shop.service, documentId, 2);
    await bob.insert(documentId, 0, '<before>');
    const { length } = await bob.row(documentId);
    await bob.insert(documentId, length, '<behind>');
    await bob.replace(documentId, 20, 3, '<within>');
    await extract(documentId);
    const text = await ada.text(documentId);
    const at = '<before>'.length;
    const whole = text.replace('<before>', '').replace('<behind>', '');
    expect(text.startsWith('<before>')).toBe(true);
    expect(countIn(text, '<behind>')).toBe(1);
    expect(whole).toBe(`${TEXT.slice(0, 20 - at)}<within>${TEXT.slice(23 - at)}`);
  });

  it('is there once when two jobs of two instances bring it at once', async () => {
    const other = await openWorking();
    const documentId = await upload(TEXT);
    const [one, two] = await Promise.all([
      start(shop, ada.viewer, documentId, steps('EXTRACT_TEXT')),
      start(other, ada.viewer, documentId, steps('EXTRACT_TEXT', 'ANALYZE')),
    ]);
    workshop.advance(2_000);
    for (const { jobId } of [one, two]) expect((await shop.ended(jobId)).status).toBe('COMPLETED');
    expect(await ada.text(documentId)).toBe(TEXT);
    expectContiguous(await ada.log(documentId));
  });

  it('is what the steps behind it work on', async () => {
    const documentId = await upload(TEXT);
    const { jobId } = await start(shop, ada.viewer, documentId);
    const job = await shop.ended(jobId);
    expect(
      job.steps.every(({ status, duration }: JobStep) => status === 'COMPLETED' && duration !== null),
    ).toBe(true);
    const result = await shop.result(jobId);
    expect(result).toMatchObject({
      revision: (await ada.row(documentId)).revision,
      language: { code: 'en' },
      statistics: { characters: TEXT.length },
      findings: [],
      indexed: true,
    });
  });

  it('that cannot be read fails its job with what a person understands', async () => {
    const job = await extract(await upload(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]), 'paper.pdf'));
    expect(job).toMatchObject({ status: 'FAILED', attempt: 1 });
    expect(job.errors).toHaveLength(1);
    expect(job.errors[0]?.message).toMatch(/not|none|unknown/i);
  });

  it('is not written for an uploader who may not change the document any more', async () => {
    const documentId = await upload(TEXT);
    const { collaborators } = shop.service.documents;
    await collaborators.add(ada.viewer, documentId, 'bob', 'OWNER');
    await collaborators.remove(bob.viewer, documentId, 'ada');
    const { jobId } = await start(shop, bob.viewer, documentId, steps('EXTRACT_TEXT'));
    expect((await shop.ended(jobId)).errors.map(({ message }) => message)).toEqual([
      'Whoever uploaded the file may not change the document any more.',
    ]);
  });
});

describe('a batch of documents that are deleted meanwhile', () => {
  it('has them failed, each with its message, and the others done', async () => {
    await shop.runner.stop();
    const ids = [
      await upload(TEXT),
      await ada.create('text'),
      await upload('Short.'),
      await ada.create('more'),
    ];
    const batch = await shop.batches.start(ada.viewer, ids, {
      ...REQUEST,
      steps: ['EXTRACT_TEXT', 'ANALYZE'],
    });
    for (const id of ids.slice(0, 2)) await shop.service.documents.delete(ada.viewer, id);
    await openWorking();
    await eventually(
      async () => (await shop.batches.mustFind(ada.viewer, batch.batchId)).finishedAt,
    ).not.toBeNull();
    expect(await shop.batches.find(ada.viewer, batch.batchId)).toMatchObject({ processed: 2, failed: 2 });
    const rows = await shop.query.selectFrom('processing_jobs').selectAll().orderBy('sequence').execute();
    expect(
      rows.map(({ status, errors }) => [status, (JSON.parse(errors) as { message: string }[])[0]?.message]),
    ).toEqual([
      ['FAILED', 'The document was deleted before it was processed.'],
      ['FAILED', 'The document was deleted before it was processed.'],
      ['COMPLETED', undefined],
      ['COMPLETED', undefined],
    ]);
  });
});

describe('the pieces of a text', () => {
  it('are no longer than they may be, and none ends within a surrogate pair', () => {
    const text = 'ab🎈cd🎈🎈';
    for (const most of [1, 2, 3, 4, 100]) {
      const pieces = [...chunksOf(text, most)];
      expect(pieces.join('')).toBe(text);
      if (most === 1) continue;
      for (const piece of pieces) {
        expect(piece.length).toBeLessThanOrEqual(most);
        expect(piece.isWellFormed()).toBe(true);
      }
    }
    expect([...chunksOf('', 5)]).toEqual([]);
  });
});
