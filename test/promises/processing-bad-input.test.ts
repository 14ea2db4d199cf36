import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pdfOf } from '../processing/formats/files.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { BAD_FILES } from './bad-files.ts';
import { type Clerk, createClerk, expectWell } from './clerk.ts';
import { must } from './guest.ts';

/** LIMIT_UPLOAD_BYTES as it is by default. */
const UPLOAD_BYTES = 26_214_400;
/** MB that the server may have more when all of it is over. */
const KEPT_MB = 150;

let server: TestServer;
let ada: Clerk;
let root: Clerk;
let before: number;

const memoryMb = async (): Promise<number> => {
  const { systemStatus } = await must(root.ask('{ systemStatus { metrics } }'));
  return (systemStatus as { metrics: { memory_usage_mb: number } }).metrics.memory_usage_mb;
};

beforeAll(async () => {
  // Longer than the default, because the machine that runs tests may have much else to do.
  server = await startServer({ env: { WORKERS: '1', LIMIT_STEP_MS: '120000' } });
  ada = createClerk(server.url, 'ada');
  root = createClerk(server.url, 'root', { roles: ['admin'] });
  await expectWell(ada);
  before = await memoryMb();
});
afterAll(async () => {
  const log = server.log();
  await server.stop();
  expect(log).not.toMatch(/"level":"(error|fatal)"/);
});

const documentOf = async (id: string): Promise<unknown> =>
  (
    await must(
      ada.ask(
        'query ($id: ID!) { document(id: $id) { contentLength revision analysis { stale } processingJobs { totalCount } } }',
        { id },
      ),
    )
  )['document'];

describe('[P11] a file that cannot be read fails its job at once, says why, and the next one works:', () => {
  it.each(BAD_FILES)(
    '%s',
    async (_what, name, content, message) => {
      const id = await ada.upload(await content(), name);
      const job = await ada.ended(`/api/jobs/${await ada.start(id, { maxAttempts: 5 })}`);
      expect(job).toMatchObject({
        status: 'FAILED',
        attempt: 1,
        error: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
        result: null,
      });
      expect(await documentOf(id)).toEqual({
        contentLength: 0,
        revision: 0,
        analysis: null,
        processingJobs: { totalCount: 1 },
      });
      await expectWell(ada);
    },
    120_000,
  );

  it.each<[what: string, content: () => Uint8Array, code: string, message: string]>([
    ['0 bytes', () => Buffer.alloc(0), 'BAD_USER_INPUT', 'The file is empty.'],
    [
      '25 MB and one byte',
      () => Buffer.alloc(UPLOAD_BYTES + 1),
      'PAYLOAD_TOO_LARGE',
      'A file may have at most 26214400 bytes.',
    ],
  ])('%s are refused before there is a document', async (_what, content, code, message) => {
    const count = async () => must(ada.ask('{ documents { totalCount } }'));
    const documents = await count();
    const { data, errors } = await ada.send(content(), 'notes.txt');
    expect([data ?? null, errors?.map((error) => [error.extensions['code'], error.message])]).toEqual([
      null,
      [[code, message]],
    ]);
    expect(await count()).toEqual(documents);
    await expectWell(ada);
  });
});

describe('[P11] a file that is odd and can be read:', () => {
  it('a PDF whose outline has 100,000 entries is its page', async () => {
    const id = await ada.upload(await pdfOf(['The one page.'], { outline: 100_000 }), 'outline.pdf');
    const job = await ada.ended(`/api/jobs/${await ada.start(id)}`);
    expect(job).toMatchObject({ status: 'COMPLETED', error: null, result: { statistics: { words: 3 } } });
    await expectWell(ada);
  }, 120_000);

  it('10 MB of text without a single space', async () => {
    const text = 'abcdefghij'.repeat(1_000_000);
    const id = await ada.upload(text, 'one-word.txt');
    const job = await ada.ended(`/api/jobs/${await ada.start(id)}`);
    expect(job).toMatchObject({ status: 'COMPLETED', error: null });
    expect(await documentOf(id)).toMatchObject({ contentLength: text.length });
    await expectWell(ada);
  }, 240_000);
});

describe('[P11] after all of this', () => {
  it('the server is the same one, with hardly more memory', async () => {
    expect(server.isRunning()).toBe(true);
    await expect.poll(memoryMb, { timeout: 60_000, interval: 1_000 }).toBeLessThan(before + KEPT_MB);
  }, 90_000);
});
