import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { type Clerk, createClerk, expectWell, type State } from './clerk.ts';
import { must, type Result } from './guest.ts';

let server: TestServer;
let ada: Clerk;
/** Owns a document in another tenant. */
let stranger: Clerk;

beforeAll(async () => {
  server = await startServer({ env: { WORKERS: '1' } });
  ada = createClerk(server.url, 'ada');
  stranger = createClerk(server.url, 'ada', { tenant: 'globex' });
});
afterAll(async () => {
  const log = server.log();
  await server.stop();
  expect(log).not.toMatch(/"level":"(error|fatal)"/);
});

const errorOf = ({ errors }: Result): unknown =>
  errors?.map(({ message, extensions }) => ({ message, ...extensions }));

describe('[P11] a batch', () => {
  const START = 'mutation ($ids: [ID!]!) { startBatch(documentIds: $ids) { batchId } }';
  const CANCEL = 'mutation ($id: ID!) { cancelBatch(batchId: $id) { status processedItems cancelledItems } }';
  const RETRY = 'mutation ($id: ID!) { retryBatch(batchId: $id) { status } }';
  const DELETE = 'mutation ($id: ID!) { deleteDocument(id: $id) }';

  it('of 10,001 documents, of none, and of what is no id is refused', async () => {
    const many = Array.from({ length: 10_001 }, (_, index) => `document-${index}`);
    const refused = async (ids: readonly string[]) => errorOf(await ada.ask(START, { ids }));
    expect(await refused(many)).toEqual([
      {
        code: 'BAD_USER_INPUT',
        argument: 'documentIds',
        message: 'A batch has 1 to 10000 documents; these are 10001.',
      },
    ]);
    expect(await refused([])).toEqual([
      {
        code: 'BAD_USER_INPUT',
        argument: 'documentIds',
        message: 'A batch has 1 to 10000 documents; these are 0.',
      },
    ]);
    for (const id of ['', 'a\0b', 'x'.repeat(10_000), '\ud83c', "' or 1=1 --"])
      expect(await refused([id])).toMatchObject([{ code: 'NOT_FOUND', argument: 'documentIds' }]);
  });

  it('[P9] with a document of another tenant is refused, whole', async () => {
    const [mine, foreign] = await Promise.all([ada.create('mine'), stranger.create('foreign')]);
    expect(errorOf(await ada.ask(START, { ids: [mine, foreign] }))).toEqual([
      {
        code: 'NOT_FOUND',
        argument: 'documentIds',
        message: `${foreign}: There is no such document.`,
      },
    ]);
    for (const [clerk, id] of [
      [ada, mine],
      [stranger, foreign],
    ] as const)
      expect(await must(clerk.ask(`{ document(id: "${id}") { processingJobs { totalCount } } }`))).toEqual({
        document: { processingJobs: { totalCount: 0 } },
      });
  });

  it('that has ended, and a job that has, is not cancelled any more', async () => {
    const id = await ada.create('done');
    const batchId = await ada.startBatch([id]);
    await ada.ended(`/api/batches/${batchId}`);
    const jobId = await ada.start(id);
    const job = await ada.ended(`/api/jobs/${jobId}`);
    expect(await must(ada.ask(CANCEL, { id: batchId }))).toEqual({
      cancelBatch: { status: 'COMPLETED', processedItems: 1, cancelledItems: 0 },
    });
    expect(
      await must(ada.ask('mutation ($id: ID!) { cancelProcessing(jobId: $id) }', { id: jobId })),
    ).toEqual({ cancelProcessing: false });
    expect(await ada.ended(`/api/jobs/${jobId}`)).toEqual(job);
    expect(
      errorOf(await ada.ask('mutation ($id: ID!) { retryProcessing(jobId: $id) { id } }', { id: jobId })),
    ).toEqual([
      {
        code: 'CONFLICT',
        message: 'This job has completed. Start a new one to process the document again.',
      },
    ]);
    expect(errorOf(await ada.ask(RETRY, { id: batchId }))).toEqual([
      { code: 'CONFLICT', message: 'This batch has no failed or cancelled item to be done again.' },
    ]);
  });

  it('whose documents are deleted meanwhile ends, and counts them as failed', async () => {
    const [kept = '', ...deleted] = await Promise.all(
      Array.from({ length: 6 }, (_, index) => ada.create(`Text ${index}`)),
    );
    // The one worker is busy until they are deleted.
    const blocking = await ada.start(await ada.upload('abcdefghij'.repeat(500_000), 'long.txt'));
    await expect
      .poll(async () =>
        ((await ada.get(`/api/jobs/${blocking}`)).json() as Promise<State>).then(({ status }) => status),
      )
      .toBe('IN_PROGRESS');
    const batchId = await ada.startBatch([kept, ...deleted], { maxAttempts: 5 });
    for (const id of deleted) await must(ada.ask(DELETE, { id }));
    expect(
      await must(ada.ask('mutation ($id: ID!) { cancelProcessing(jobId: $id) }', { id: blocking })),
    ).toEqual({ cancelProcessing: true });
    expect(await ada.ended(`/api/batches/${batchId}`)).toMatchObject({
      status: 'COMPLETED_WITH_FAILURES',
      totalItems: 6,
      processedItems: 1,
      failedItems: 5,
      cancelledItems: 0,
    });
    expect(errorOf(await ada.ask(RETRY, { id: batchId }))).toEqual([
      {
        code: 'CONFLICT',
        message:
          'The documents of the failed and cancelled items were deleted, or you may not have them processed any more.',
      },
    ]);
    await expectWell(ada);
  });
});
