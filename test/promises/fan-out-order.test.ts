import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../support/random.ts';
import { until } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { openWire, type Wire } from '../support/wire.ts';
import { begin, createLedger, type Ledger, type LedgerOperation } from './fan-out-ledger.ts';
import { createField, READER, rewrite } from './fan-out-stage.ts';
import { type Guest, must, openGuest, revisions } from './guest.ts';

const REMOVE =
  'mutation ($id: ID!, $user: ID!) { removeCollaborator(documentId: $id, userId: $user) { id } }';
const DELETE = 'mutation ($id: ID!) { deleteDocument(id: $id) }';

/** Revisions that one commit makes at most, and with them one turn of the server. */
const WIDTH = 40;
/** Operations of one socket. */
const OPERATIONS = 30;
const BURSTS = 30;

let server: TestServer;
let ada: Guest;
const wires: Wire[] = [];

beforeAll(async () => {
  server = await startServer();
  ada = await openGuest(server.url, 'ada');
});
afterAll(async () => {
  ada.socket.ws.terminate();
  for (const wire of wires) wire.reset();
  await server.stop();
});

interface Desk {
  readonly wire: Wire;
  readonly ledger: Ledger;
  readonly operations: LedgerOperation[];
}

/** A socket with many operations on a document: of two selections, from the beginning and from now on. */
async function openDesk(documentId: string, userId: string, onMessage = () => {}): Promise<Desk> {
  const ledger = createLedger();
  const wire = await openWire(server.url, userId, {
    onMessage(message) {
      ledger.take(message);
      onMessage();
    },
  });
  wires.push(wire);
  const operations = Array.from({ length: OPERATIONS }, (_, index) =>
    begin(ledger, wire, {
      id: String(index),
      documentId,
      after: index % 3 === 0 ? null : 0,
      isRich: index % 2 === 0,
    }),
  );
  return { wire, ledger, operations };
}

/** Commits of several revisions each, a few of them under way at a time. Resolves with the newest revision. */
async function burst(id: string, random: Random, bursts = BURSTS): Promise<number> {
  let left = bursts;
  let newest = 0;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const revision = await rewrite(ada, id, { count: random.between(1, WIDTH), content: 'x' });
      newest = Math.max(newest, revision);
    }
  };
  await Promise.all(Array.from({ length: 3 }, lane));
  return newest;
}

const hasEnded = ({ completed }: LedgerOperation): boolean => completed;

/** Everybody has had their last words: an end with this code behind a piece of the log, and then nothing. */
async function expectEnds({ wire, ledger, operations }: Desk, code: string): Promise<void> {
  await until(() => operations.every(hasEnded), 'every operation has ended');
  for (const operation of operations) wire.send(...ledger.complete(operation));
  await until(() => ledger.settled, 'what was asked later is answered');
  expect(ledger.faults).toEqual([]);
  expect(new Set(operations.flatMap(({ codes }) => codes))).toEqual(new Set([code]));
  for (const { codes } of operations) expect(codes).toHaveLength(1);
}

describe('[P4] many operations of one socket, with several events in a turn', () => {
  it.each([1, 2, 3])(
    'get nothing behind a complete of theirs, and else everything in order: seed %i',
    async (seed) => {
      const random = new Random(seed);
      const id = `completed-${seed}`;
      await createField(ada, id, { width: WIDTH });
      const leaving = Array.from({ length: OPERATIONS }, (_, index) => index).filter(() =>
        random.chance(0.5),
      );
      let messages = 0;
      let next = random.between(1, 20);
      // It goes while what was read with the same packet waits behind this message.
      const desk: Desk = await openDesk(id, READER, () => {
        messages += 1;
        if (messages < next) return;
        next = messages + random.between(1, 60);
        const operation = desk.operations[leaving.shift() ?? -1];
        if (operation) desk.wire.send(...desk.ledger.complete(operation));
      });
      const { wire, ledger, operations } = desk;
      const other = await openDesk(id, READER);
      await until(() => operations.some(({ revisions: got }) => got.length > 0), 'the first message');
      const newest = await burst(id, random);
      for (const index of leaving.splice(0)) wire.send(...ledger.complete(operations[index]!));

      const isDone = ({ fenced, revisions: got }: LedgerOperation): boolean =>
        fenced || got.at(-1) === newest;
      await until(() => ledger.settled && operations.every(isDone), 'who has stayed has everything');
      await until(() => other.operations.every(isDone), 'the other socket has everything');
      expect([...ledger.faults, ...other.ledger.faults]).toEqual([]);
      expect(operations.some(({ fenced }) => fenced)).toBe(true);
      for (const { after, fenced, revisions: got } of [...operations, ...other.operations]) {
        // The ledger has seen to it that there is no gap.
        if (after === 0 && !fenced) expect(got).toEqual(revisions(1, newest));
      }
    },
  );

  it('end with one error and one complete each when the document is deleted while events are on their way', async () => {
    await createField(ada, 'gone', { width: WIDTH });
    await createField(ada, 'kept', { width: WIDTH });
    const desk = await openDesk('gone', READER);
    // Another document's operation on the same socket goes on.
    const kept = begin(desk.ledger, desk.wire, { id: 'kept', documentId: 'kept', after: 0 });
    await until(() => desk.operations.some(({ revisions: got }) => got.length > 0), 'the first message');
    const writing = burst('gone', new Random(1)).catch(() => 0);
    await rewrite(ada, 'gone', { count: WIDTH, content: 'y' });
    await must(ada.ask(DELETE, { id: 'gone' }));
    await writing;
    await expectEnds(desk, 'NOT_FOUND');
    const newest = await rewrite(ada, 'kept', { count: WIDTH, content: 'y' });
    await until(() => kept.revisions.at(-1) === newest, 'the other document goes on');
    expect(kept).toMatchObject({ codes: [], completed: false, revisions: revisions(1, newest) });
    expect(desk.ledger.faults).toEqual([]);
  });

  it('end with one error and one complete each when access ends while events are on their way, and others go on', async () => {
    await createField(ada, 'shared', { width: WIDTH, readers: [READER, 'rita'] });
    const [ritas, bobs] = await Promise.all([openDesk('shared', 'rita'), openDesk('shared', READER)]);
    for (const { operations } of [ritas, bobs])
      await until(() => operations.some(({ revisions: got }) => got.length > 0), 'the first message');
    const writing = burst('shared', new Random(2));
    await rewrite(ada, 'shared', { count: WIDTH, content: 'y' });
    await must(ada.ask(REMOVE, { id: 'shared', user: 'rita' }));
    const newest = await writing;
    await expectEnds(ritas, 'FORBIDDEN');
    await until(
      () => bobs.operations.every(({ revisions: got }) => got.at(-1) === newest),
      'the other user has everything',
    );
    expect(bobs.ledger.faults).toEqual([]);
    for (const { after, codes, revisions: got } of bobs.operations) {
      expect(codes).toEqual([]);
      if (after === 0) expect(got).toEqual(revisions(1, newest));
    }
  });
});
