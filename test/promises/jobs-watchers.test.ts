import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asker, createAsker, createFrom } from '../fuzz/jobs-world.ts';
import { proseOf } from '../processing/formats/prose.ts';
import type { Message } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { openWire } from '../support/wire.ts';
import type { Result } from './guest.ts';

/** Documents of the batch. */
const COUNT = 40;
/** Names of the same field, so that a state is longer than what may wait unsent for a socket. */
const COPIES = 25;
const PATIENCE = { timeout: 60_000, interval: 20 };

const WATCH_BATCH = `subscription ($id: ID!) { batchProcessingUpdates(batchId: $id) {
  status totalItems processedItems failedItems cancelledItems } }`;
const WATCH_JOB = `subscription ($id: ID!) { processingUpdates(documentId: $id) {
  status jobId result { revision summary } ${Array.from({ length: COPIES }, (_, at) => `m${at}: message`).join(' ')} } }`;

let server: TestServer;
let asker: Asker;

beforeAll(async () => {
  server = await startServer({
    env: { LIMIT_UNSENT_BYTES: '1024', LIMIT_STALL_MS: '600000' },
  });
  asker = await createAsker(server.url, 'ada');
});
afterAll(() => server.stop());

/** Somebody at a socket that can be paused, with what each subscription has told and whether it is over. */
async function openWatcher() {
  const told = new Map<string, Record<string, unknown>[]>();
  const over = new Set<string>();
  const wire = await openWire(server.url, 'ada', {
    onMessage({ id = '', type, payload }: Message) {
      if (type === 'complete') over.add(id);
      if (type !== 'next') return;
      const [value] = Object.values((payload as Result).data ?? {});
      told.set(id, [...(told.get(id) ?? []), value as Record<string, unknown>]);
    },
  });
  return {
    wire,
    over,
    of: (id: string) => told.get(id) ?? [],
    watch: (id: string, query: string, of: string) =>
      wire.send({ id, type: 'subscribe', payload: { query, variables: { id: of } } }),
  };
}

describe('[P10] subscribers of jobs and batches', () => {
  it('see the terminal state: who reads, who is paused meanwhile, and who comes after it', {
    timeout: 120_000,
  }, async () => {
    const ids: string[] = [];
    for (let index = 0; index < COUNT; index += 1)
      ids.push(
        await createFrom(asker, {
          name: `${index}`,
          bytes: null,
          text: proseOf('en').repeat(5),
          fails: false,
        }),
      );
    const [attentive, paused] = [await openWatcher(), await openWatcher()];
    for (const { watch } of [attentive, paused]) for (const id of ids) watch(id, WATCH_JOB, id);
    for (const { of } of [attentive, paused])
      await expect.poll(() => ids.filter((id) => of(id).length > 0).length, PATIENCE).toBe(COUNT);
    const since = performance.now();
    const { batchId } = await asker.ask<{ batchId: string }>(
      'mutation ($ids: [ID!]!) { startBatch(documentIds: $ids) { batchId } }',
      { ids },
    );
    for (const { watch } of [attentive, paused]) watch('batch', WATCH_BATCH, batchId);
    await expect.poll(() => paused.of('batch').length, PATIENCE).toBeGreaterThan(0);
    paused.wire.pause();

    await expect.poll(() => attentive.over.size, PATIENCE).toBe(COUNT + 1);
    const seconds = (performance.now() - since) / 1000;
    expect(paused.over.size).toBeLessThan(COUNT + 1);
    paused.wire.resume();
    await expect.poll(() => paused.over.size, PATIENCE).toBe(COUNT + 1);
    const late = await openWatcher();
    for (const id of ids) late.watch(id, WATCH_JOB, id);
    late.watch('batch', WATCH_BATCH, batchId);
    await expect.poll(() => late.over.size, PATIENCE).toBe(COUNT + 1);

    for (const { of } of [attentive, paused, late]) {
      expect(of('batch').at(-1)).toEqual({
        status: 'COMPLETED',
        totalItems: COUNT,
        processedItems: COUNT,
        failedItems: 0,
        cancelledItems: 0,
      });
      for (const id of ids)
        expect(of(id).at(-1)).toMatchObject({ status: 'COMPLETED', result: { revision: 1 } });
    }
    expect(late.of('batch')).toHaveLength(1);
    expect(attentive.of('batch').length).toBeLessThanOrEqual(10 * seconds + 2);
    for (const { wire } of [attentive, paused, late]) wire.reset();
  });

  it('[P9] see nothing of the batches of others', async () => {
    const id = await createFrom(asker, { name: 'mine', bytes: null, text: 'text', fails: false });
    const { batchId } = await asker.ask<{ batchId: string }>(
      'mutation ($ids: [ID!]!) { startBatch(documentIds: $ids) { batchId } }',
      { ids: [id] },
    );
    const eve = await createAsker(server.url, 'eve');
    const batch = 'query ($id: ID!) { batch(id: $id) { batchId } }';
    expect(await asker.ask(batch, { id: batchId })).toEqual({ batchId });
    expect(await eve.ask(batch, { id: batchId })).toBeNull();
    await expect(
      eve.ask('mutation ($id: ID!) { cancelBatch(batchId: $id) { batchId } }', { id: batchId }),
    ).rejects.toThrow('NOT_FOUND');
  });
});
