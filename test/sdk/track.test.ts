import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CancelProcessingDocument,
  ComplianceAlertsRaisedDocument,
  CreateDocumentDocument,
  StartBatchDocument,
  StartProcessingDocument,
} from '../../src/sdk/generated.ts';
import { until } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type Visitor, visit } from './visitor.ts';

const PROSE = 'The cat sat on the warm mat and looked at the small birds in the quiet garden. ';

let server: TestServer;
let documents = 0;

beforeAll(async () => {
  server = await startServer({ env: { WORKERS: '1' } });
});
afterAll(() => server.stop());

/** Makes a document with a text; gives its id. */
async function create({ client }: Visitor, content = PROSE.repeat(50)): Promise<string> {
  documents += 1;
  const id = `tracked-${documents}`;
  await client.mutate(CreateDocumentDocument, { input: { id, title: 'Notes', content } });
  return id;
}

const start = async ({ client }: Visitor, documentId: string, priority = 5): Promise<string> =>
  (await client.mutate(StartProcessingDocument, { documentId, request: { priority } })).startProcessing.id;

/** All that a stream has to tell. */
async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  it('a job is tracked to its end, with its result, and again when it has ended', async () => {
    const bob = visit(server.url, { transports: [transport] });
    const documentId = await create(bob);
    const id = await start(bob, documentId);
    const following = all(bob.client.jobs.track(id));
    // The clock of one who polls.
    const turning = setInterval(() => bob.clock.advance(500), 20);
    const states = await following;
    clearInterval(turning);
    expect(states.at(-1)).toMatchObject({
      id,
      status: 'COMPLETED',
      progress: 100,
      document: { id: documentId },
      result: { statistics: { sentences: 50 } },
    });
    expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(states.length);
    expect(await all(bob.client.jobs.track(id))).toEqual(states.slice(-1));
    await bob.client.close();
    expect(bob.clock.pending).toBe(0);
  });

  it('a batch is tracked to its end, and again when it has ended', async () => {
    const bob = visit(server.url, { transports: [transport] });
    const documentIds = await Promise.all([create(bob), create(bob), create(bob)]);
    const { startBatch } = await bob.client.mutate(StartBatchDocument, { documentIds });
    const following = all(bob.client.batches.track(startBatch.batchId));
    const turning = setInterval(() => bob.clock.advance(500), 20);
    const states = await following;
    clearInterval(turning);
    const counts = states.map(({ processedItems }) => processedItems);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(states.at(-1)).toMatchObject({ status: 'COMPLETED', totalItems: 3, processedItems: 3 });
    expect(await all(bob.client.batches.track(startBatch.batchId))).toMatchObject([{ status: 'COMPLETED' }]);
    await bob.client.close();
    expect(bob.clock.pending).toBe(0);
  });
});

describe('a job that is tracked', () => {
  it('[P9] and is not one is NOT_FOUND', async () => {
    const bob = visit(server.url);
    const eve = visit(server.url, { userId: 'eve' });
    const id = await start(bob, await create(bob));
    await expect(all(eve.client.jobs.track(id))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(all(bob.client.jobs.track('none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(all(bob.client.batches.track('none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await Promise.all([bob.client.close(), eve.client.close()]);
  });

  it('comes to its end also when a newer job of the same document is what the document tells of', async () => {
    const bob = visit(server.url);
    const busy = await Promise.all(
      [1, 2, 3].map(async () => start(bob, await create(bob, PROSE.repeat(500)), 9)),
    );
    const documentId = await create(bob);
    const older = await bob.client.operations.StartProcessing({
      documentId,
      request: { steps: ['ANALYZE'] },
    });
    const newer = await bob.client.operations.StartProcessing({
      documentId,
      request: { steps: ['SUMMARIZE'] },
    });
    const [one, other] = [older.startProcessing.id, newer.startProcessing.id];
    expect(new Set([one, other, ...busy]).size).toBe(5);
    const following = Promise.all([all(bob.client.jobs.track(one)), all(bob.client.jobs.track(other))]);
    const turning = setInterval(() => bob.clock.advance(500), 20);
    const ends = (await following).map((states) => states.at(-1));
    clearInterval(turning);
    expect(ends).toMatchObject([
      { id: one, status: 'COMPLETED', result: { summary: null } },
      { id: other, status: 'COMPLETED', result: { statistics: null } },
    ]);
    await bob.client.close();
    expect(bob.clock.pending).toBe(0);
  });

  it('is told of when it was cancelled, and across a socket that is cut', async () => {
    const bob = visit(server.url);
    const ids = await Promise.all([1, 2, 3, 4].map(async () => start(bob, await create(bob), 0)));
    const [id = ''] = ids.slice(-1);
    const following = all(bob.client.jobs.track(id));
    await until(() => bob.sockets.size === 1, 'there is a socket');
    bob.drop();
    await until(() => bob.client.connection.current.state === 'reconnecting', 'it is lost');
    const turning = setInterval(() => bob.clock.advance(500), 20);
    await until(() => bob.client.connection.current.state === 'connected', 'there is another');
    await bob.client.mutate(CancelProcessingDocument, { jobId: id });
    const states = await following;
    clearInterval(turning);
    expect(['CANCELLED', 'COMPLETED']).toContain(states.at(-1)?.status);
    expect(states.at(-1)?.finishedAt).not.toBeNull();
    await bob.client.close();
  });
});

describe('the log of alerts', () => {
  it('[P4] goes on behind the last alert, also when it began from now on', async () => {
    const bob = visit(server.url);
    const raise = async (card: string): Promise<void> => {
      documents += 1;
      const id = `alert-${documents}`;
      const content = `The card number is ${card}.`;
      await bob.client.mutate(CreateDocumentDocument, { input: { id, title: 'Card', content } });
      await bob.client.mutate(StartProcessingDocument, { documentId: id });
    };
    const messages: string[] = [];
    const stream = bob.client.subscribe(ComplianceAlertsRaisedDocument, {});
    const reading = (async () => {
      for await (const { complianceAlerts } of stream) messages.push(complianceAlerts.documentId);
    })();
    await raise('4111 1111 1111 1111');
    await until(() => messages.length === 1, 'the first alert is there');
    await raise('5500 0055 5555 5559');
    bob.drop();
    await until(() => messages.length === 2, 'the second alert is there');
    expect(new Set(messages).size).toBe(2);
    await bob.client.close();
    await reading;
  });
});
