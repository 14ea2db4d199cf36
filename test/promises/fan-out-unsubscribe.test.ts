import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../support/random.ts';
import { until } from '../support/raw-socket.ts';
import { begin, createLedger, type LedgerOperation } from './fan-out-ledger.ts';
import { createField, openStage, READER, rewrite, type Stage, writeUntilFull } from './fan-out-stage.ts';
import type { Guest } from './guest.ts';

/** Revisions of each commit. */
const WIDTH = 50;
/** How often an id is used again. */
const GENERATIONS = 80;

let stage: Stage;
let ada: Guest;

// In this process, because what the server holds is looked at.
beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.leaveAll());
afterAll(() => stage.close());

/** Commits one after the other until it is told to stop. Resolves with the newest revision. */
function keepWriting(id: string): { newest(): number; stop(): Promise<number> } {
  let newest = 1;
  let writing = true;
  const run = async (): Promise<void> => {
    while (writing) newest = await rewrite(ada, id, { count: WIDTH, content: 'x' });
  };
  const done = run();
  // It is awaited in the end.
  done.catch(() => {});
  return {
    newest: () => newest,
    async stop() {
      writing = false;
      await done;
      return newest;
    },
  };
}

describe('[P4] an id that is used again at once', () => {
  it.each([1, 2, 3, 4])(
    'gives the new operation’s messages alone, from where it begins: seed %i',
    async (seed) => {
      const random = new Random(seed);
      ada = await stage.enter('ada');
      const documentId = `again-${seed}`;
      await createField(ada, documentId, { width: WIDTH });
      const ledger = createLedger();
      const wire = await stage.wire(READER, { onMessage: ledger.take });
      const writer = keepWriting(documentId);
      const optionsOf = () => ({
        id: 'again',
        documentId,
        after: random.chance(0.3) ? null : random.between(0, writer.newest()),
        isRich: random.chance(0.5),
      });
      let operation = begin(ledger, wire, optionsOf());
      for (let generation = 0; generation < GENERATIONS; generation += 1) {
        const wanted = random.pick([0, 0, 1, 10, WIDTH + 10]);
        await until(() => operation.revisions.length >= wanted, 'some messages');
        // All of it is one packet: the new operation is asked for before the end of the old one is known.
        const [complete, fence] = ledger.complete(operation) as [object, object];
        const started = ledger.subscribe(optionsOf());
        wire.send(
          ...(random.chance(0.5) ? [complete, started.message, fence] : [complete, fence, started.message]),
        );
        operation = started.operation;
      }
      const newest = await writer.stop();
      await until(() => ledger.settled, 'everything is answered');
      const last = await rewrite(ada, documentId, { count: WIDTH, content: 'y' });
      expect(last).toBe(newest + WIDTH);
      await until(() => operation.revisions.at(-1) === last, 'the last operation has everything');
      expect(ledger.faults).toEqual([]);
      expect(operation.completed).toBe(false);
      expect(stage.counts()).toMatchObject({ subscribers: 1, groups: 1, audiences: 1, feeds: 1 });
    },
  );

  it('starts and ends as often as one packet says, and only the last one stays', async () => {
    ada = await stage.enter('ada');
    await createField(ada, 'packet', { width: WIDTH });
    const ledger = createLedger();
    const wire = await stage.wire(READER, { onMessage: ledger.take });
    const operations: LedgerOperation[] = [];
    const packet: object[] = [];
    for (let index = 0; index < 20; index += 1) {
      const { operation, message } = ledger.subscribe({
        id: 'one',
        documentId: 'packet',
        after: 0,
        isRich: index % 2 === 0,
      });
      const last = operations.at(-1);
      if (last) packet.push(...ledger.complete(last));
      packet.push(message);
      operations.push(operation);
    }
    wire.send(...packet);
    const newest = await rewrite(ada, 'packet', { count: WIDTH, content: 'x' });
    await until(
      () => operations.at(-1)?.revisions.at(-1) === newest && ledger.settled,
      'the last one has everything',
    );
    expect(ledger.faults).toEqual([]);
    for (const { revisions: got } of operations.slice(0, -1)) expect(got).toEqual([]);
    expect(stage.counts()).toMatchObject({ subscribers: 1, groups: 1, audiences: 1 });
  });
});

describe('[P4] a complete between an event’s execution and its write', () => {
  it('drops what waits: a reader that had stopped gets what was on its way, the answers, and nothing else', async () => {
    ada = await stage.enter('ada');
    const chars = 1_000;
    await createField(ada, 'dropped', { width: WIDTH, chars });
    const ledger = createLedger();
    const wire = await stage.wire(READER, { onMessage: ledger.take });
    const staying = begin(ledger, wire, { id: 'staying', documentId: 'dropped', after: null });
    const leaving = Array.from({ length: 4 }, (_, index) =>
      begin(ledger, wire, { id: String(index), documentId: 'dropped', after: 0, isRich: index % 2 === 0 }),
    );
    await until(() => leaving.every(({ revisions: got }) => got.length > 0), 'the first messages');
    wire.pause();
    const newest = await writeUntilFull(stage.serverSocket(wire), () =>
      rewrite(ada, 'dropped', { count: WIDTH, content: 'x'.repeat(chars) }),
    );
    wire.send(...leaving.flatMap((operation) => ledger.complete(operation)), ...ledger.complete(staying));
    await until(() => stage.counts().subscribers === 0, 'the server has heard it');
    const { bytesWritten } = stage.serverSocket(wire);
    wire.resume();
    await until(() => ledger.settled, 'what was asked later is answered');
    expect(ledger.faults).toEqual([]);
    for (const { revisions: got } of leaving) expect(got.at(-1)).toBeLessThan(newest);
    // The rest of a message that was begun, and five short answers; a quarter of a megabyte waited.
    expect(stage.serverSocket(wire).bytesWritten - bytesWritten).toBeLessThan(2 * chars + 2_000);
  });
});
