import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../support/random.ts';
import { until } from '../support/raw-socket.ts';
import type { Wire } from '../support/wire.ts';
import { openEvents } from './fan-out-events.ts';
import { begin, createLedger, type Ledger, type LedgerOperation } from './fan-out-ledger.ts';
import { createField, openStage, READER, rewrite, type Stage } from './fan-out-stage.ts';
import { CHANGES, changeOf, type Guest, revisions } from './guest.ts';

/** Revisions of each commit: events of one turn of the server. */
const WIDTH = 50;
const COMMITS = 12;
const SOCKETS = 24;
const OPERATIONS = 3;

let stage: Stage;
let ada: Guest;

// In this process, because what the server holds afterwards is looked at.
beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.leaveAll());
afterAll(() => stage.close());

interface Desk {
  readonly wire: Wire;
  readonly ledger: Ledger;
  readonly operations: readonly LedgerOperation[];
}

/** A socket with some operations on a document, `onMessage` being told of each message at once. */
async function openDesk(documentId: string, onMessage: (wire: Wire) => void = () => {}): Promise<Desk> {
  const ledger = createLedger();
  const wire: Wire = await stage.wire(READER, {
    onMessage(message) {
      ledger.take(message);
      onMessage(wire);
    },
  });
  const operations = Array.from({ length: OPERATIONS }, (_, index) =>
    begin(ledger, wire, { id: String(index), documentId, after: 0, isRich: index === 1 }),
  );
  return { wire, ledger, operations };
}

/** Each of the ways in which a client may go. */
const WAYS_OUT = {
  reset: (wire: Wire) => wire.reset(),
  end: (wire: Wire) => wire.end(),
  close: (wire: Wire) => wire.close(),
} as const;
type WayOut = keyof typeof WAYS_OUT;

async function expectAll(desks: readonly Desk[], newest: number): Promise<void> {
  const isDone = ({ operations }: Desk): boolean =>
    operations.every(({ revisions: got }) => got.at(-1) === newest);
  await until(() => desks.every(isDone), 'those who have stayed have everything');
  for (const { ledger, operations } of desks) {
    expect(ledger.faults).toEqual([]);
    for (const { revisions: got } of operations) expect(got).toEqual(revisions(1, newest));
  }
}

describe('[P4] sockets that go while events are delivered to them and to others', () => {
  it.each([1, 2, 3])('cost nobody else an event, and leave nothing behind: seed %i', async (seed) => {
    const random = new Random(seed);
    const id = `closing-${seed}`;
    ada = await stage.enter('ada');
    await createField(ada, id, { width: WIDTH });
    const staying: Desk[] = [];
    const leaving: Desk[] = [];
    for (let index = 0; index < SOCKETS; index += 1) {
      if (index % 2 === 0) {
        staying.push(await openDesk(id));
        continue;
      }
      const wayOut = random.pick(Object.keys(WAYS_OUT) as WayOut[]);
      let left = random.between(1, OPERATIONS * WIDTH * COMMITS);
      leaving.push(
        await openDesk(id, (wire) => {
          left -= 1;
          if (left === 0) WAYS_OUT[wayOut](wire);
        }),
      );
    }
    const variables = { id, after: 0, echo: true };
    const events = await openEvents(stage.url, READER, { query: CHANGES, variables });
    let eventsLeft = random.between(1, WIDTH * COMMITS);
    const broken = await openEvents(stage.url, READER, {
      query: CHANGES,
      variables,
      onEvent() {
        eventsLeft -= 1;
        if (eventsLeft === 0) broken.abort();
      },
    });
    stage.onLeave(() => events.abort());

    let newest = 0;
    for (let commit = 0; commit < COMMITS; commit += 1)
      newest = await rewrite(ada, id, { count: WIDTH, content: 'x' });
    await expectAll(staying, newest);
    await until(() => events.all.length === newest, 'the event stream has everything');
    expect(events.all.map(({ result }) => result && changeOf(result)?.revision)).toEqual(
      revisions(1, newest),
    );
    await until(() => broken.gone && leaving.every(({ wire }) => wire.gone), 'those who leave are gone');
    for (const { ledger } of leaving) expect(ledger.faults).toEqual([]);
    const stayingOperations = staying.length * OPERATIONS + 1;
    await until(() => stage.counts().subscribers === stayingOperations, 'they hold nothing any more');
    expect(stage.counts()).toMatchObject({ sockets: staying.length + 1, eventStreams: 1, feeds: 1 });
  });

  it('break between the writes of one turn: the write to one finds the others’ connections gone', async () => {
    ada = await stage.enter('ada');
    await createField(ada, 'turn', { width: WIDTH });
    const desks: Desk[] = [];
    for (let index = 0; index < 8; index += 1) desks.push(await openDesk('turn'));
    const victims = desks.filter((_, index) => index % 4 === 2);
    const staying = desks.filter((desk) => !victims.includes(desk));
    await expectAll(desks, 1);
    // What is written first in the turn of the next events breaks the connections that are written to later.
    const first = stage.serverSocket(desks[0]!.wire);
    const write = first.write.bind(first) as (...given: unknown[]) => boolean;
    first.write = (...given: unknown[]): boolean => {
      for (const { wire } of victims) stage.serverSocket(wire).destroy();
      return write(...given);
    };
    let newest = 0;
    for (let commit = 0; commit < COMMITS; commit += 1)
      newest = await rewrite(ada, 'turn', { count: WIDTH, content: 'x' });
    await expectAll(staying, newest);
    await until(() => victims.every(({ wire }) => wire.gone), 'the broken connections are noticed');
    for (const { operations } of victims)
      for (const { revisions: got } of operations) expect(got).toEqual([1]);
    expect(stage.counts()).toMatchObject({
      sockets: staying.length + 1,
      subscribers: staying.length * OPERATIONS,
    });
  });
});
