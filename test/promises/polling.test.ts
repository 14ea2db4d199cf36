import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { type Clerk, createClerk, type State } from './clerk.ts';
import { must } from './guest.ts';

const SHARE =
  'mutation ($id: ID!, $user: ID!) { addCollaborator(documentId: $id, userId: $user, role: VIEWER) { id } }';

let server: TestServer;
let ada: Clerk;
/** May read what ada shares with him. */
let vic: Clerk;
let strangers: readonly Clerk[];

beforeAll(async () => {
  server = await startServer({ env: { WORKERS: '1' } });
  ada = createClerk(server.url, 'ada', { tenant: 'acme', name: 'Ada' });
  vic = createClerk(server.url, 'vic', { tenant: 'acme' });
  strangers = [
    createClerk(server.url, 'eve', { tenant: 'acme' }),
    createClerk(server.url, 'ada', { tenant: 'globex' }),
  ];
});
afterAll(() => server.stop());

/** Milliseconds between two looks: sooner than a client is asked to come again. */
const LOOK_MS = 20;

interface Look {
  readonly etag: string;
  readonly retryAfter: string | null;
  readonly state: State;
}

/** Polls as a client does that sends the ETag back, until there is no Retry-After; gives what came with 200. */
async function follow(clerk: Clerk, path: string): Promise<{ looks: Look[]; unchanged: number }> {
  const looks: Look[] = [];
  let unchanged = 0;
  for (;;) {
    const known = looks.at(-1)?.etag;
    const response = await clerk.get(path, known === undefined ? {} : { 'if-none-match': known });
    const etag = response.headers.get('etag') ?? '';
    const retryAfter = response.headers.get('retry-after');
    if (response.status === 304) {
      unchanged += 1;
      expect([etag, await response.text()]).toEqual([known, '']);
    } else {
      expect([response.status, etag]).toEqual([200, expect.stringMatching(/^W\/"/)]);
      looks.push({ etag, retryAfter, state: (await response.json()) as State });
    }
    if (retryAfter === null) return { looks, unchanged };
    await sleep(LOOK_MS);
  }
}

/** What the state is but for what moves by itself. */
const stateOf = ({ state }: Look): string => JSON.stringify({ ...state, estimatedCompletion: null });

const codeOf = async (response: Response): Promise<unknown> => {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return [response.status, errors[0]?.extensions.code];
};

const PROSE = 'The cat sat on the warm mat and looked at the small birds in the quiet garden. ';

describe('a job and a batch that are polled', () => {
  it('are followed to their end: another ETag for another state, Retry-After until the last', async () => {
    const documents = await Promise.all(
      Array.from({ length: 7 }, (_, index) => ada.create(PROSE.repeat(100 + index))),
    );
    const batchId = await ada.startBatch(documents.slice(1));
    const jobId = await ada.start(documents[0] ?? '', { priority: 0, steps: ['ANALYZE', 'INDEX'] });
    const followed = await Promise.all([
      follow(ada, `/api/batches/${batchId}`),
      follow(ada, `/api/jobs/${jobId}`),
    ]);
    for (const { looks, unchanged } of followed) {
      expect(looks.map(stateOf)).toEqual([...new Set(looks.map(stateOf))]);
      expect(new Set(looks.map(({ etag }) => etag)).size).toBe(looks.length);
      expect(unchanged).toBeGreaterThan(0);
      expect(looks.map(({ retryAfter }) => retryAfter)).toEqual([...looks.slice(1).map(() => '2'), null]);
      expect(looks.map(({ state }) => state.finishedAt !== null)).toEqual([
        ...looks.slice(1).map(() => false),
        true,
      ]);
    }
    const [batch, job] = followed.map(({ looks }) => looks.at(-1)?.state);
    expect(batch).toMatchObject({ batchId, totalItems: 6, processedItems: 6, status: 'COMPLETED' });
    expect(job).toMatchObject({
      id: jobId,
      document: { id: documents[0], title: 'Notes' },
      status: 'COMPLETED',
      progress: 100,
      result: { revision: 1, statistics: { sentences: 100 }, summary: null, indexed: true },
      requestedBy: { id: 'ada', name: 'Ada' },
    });
  });

  it('are what the API gives, field by field', async () => {
    const documentId = await ada.create(PROSE.repeat(5));
    const jobId = await ada.start(documentId);
    const polled = await ada.ended(`/api/jobs/${jobId}`);
    const { processingJob } = await must(
      ada.ask(
        'query ($id: ID!) { processingJob(id: $id) { status steps { name duration } result { keywords { term score } summary } finishedAt } }',
        { id: jobId },
      ),
    );
    expect(polled).toMatchObject(processingJob as object);
  });

  it('[P9] exist for those alone who may see them by the API', async () => {
    const documentId = await ada.create('text');
    await must(ada.ask(SHARE, { id: documentId, user: 'vic' }));
    const batchId = await ada.startBatch([documentId]);
    await ada.ended(`/api/batches/${batchId}`);
    const jobId = await ada.start(documentId);
    await ada.ended(`/api/jobs/${jobId}`);
    expect(await vic.ended(`/api/jobs/${jobId}`)).toMatchObject({ status: 'COMPLETED' });
    for (const clerk of strangers)
      expect(await codeOf(await clerk.get(`/api/jobs/${jobId}`, { 'if-none-match': '*' }))).toEqual([
        404,
        'NOT_FOUND',
      ]);
    for (const clerk of [vic, ...strangers])
      expect(await codeOf(await clerk.get(`/api/batches/${batchId}`))).toEqual([404, 'NOT_FOUND']);

    await must(
      ada.ask('mutation ($id: ID!) { removeCollaborator(documentId: $id, userId: "vic") { id } }', {
        id: documentId,
      }),
    );
    expect(await codeOf(await vic.get(`/api/jobs/${jobId}`, { 'if-none-match': '*' }))).toEqual([
      404,
      'NOT_FOUND',
    ]);
    await must(ada.ask('mutation ($id: ID!) { deleteDocument(id: $id) }', { id: documentId }));
    expect(await codeOf(await ada.get(`/api/jobs/${jobId}`))).toEqual([404, 'NOT_FOUND']);
  });

  it('are UNAUTHENTICATED without a token, and with one that has expired or is not valid', async () => {
    const jobId = await ada.start(await ada.create('text'));
    const expired = createClerk(server.url, 'ada', { tenant: 'acme', expiresIn: -60_000 });
    const path = `/api/jobs/${jobId}`;
    const wrong = { authorization: 'Bearer sesame' };
    for (const answer of [expired.get(path), ada.get(path, wrong), fetch(`${server.url}${path}`)])
      expect(await codeOf(await answer)).toEqual([401, 'UNAUTHENTICATED']);
  });
});
