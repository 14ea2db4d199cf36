import { afterEach, describe, expect, it } from 'vitest';
import { LOG_PAGE_EVENTS } from '../../src/platform/realtime/log-pages.ts';
import { Random } from '../support/random.ts';
import { openWire, type Wire } from '../support/wire.ts';
import { type CountedServer, openCountedServer } from './fan-out-counted.ts';
import { begin, createLedger, type Ledger, type LedgerOperation } from './fan-out-ledger.ts';
import { createField, READER, rewrite } from './fan-out-stage.ts';
import { type Guest, openGuest, revisions } from './guest.ts';

const SUBSCRIBERS = 1_000;
/** Of one socket. */
const OPERATIONS = 20;
/** Those who want anything up to the whole log; the others want the newest part of it, lest a test be megabytes long. */
const FAR_BEHIND = 20;
const NEAR = 200;
/** Revisions of a commit, and commits: a log of thousands. */
const WIDTH = 500;
const COMMITS = 10;
/** Pages of that log. */
const PAGES = Math.ceil((WIDTH * COMMITS + 1) / LOG_PAGE_EVENTS);
const SEED = 7;
/** Milliseconds that it may take on a busy machine. */
const PATIENCE_MS = 30_000;

/** Rooms to write into, and the reads that a rush may cost. Each subscriber needs five pages: alone, they read 5,000. */
const ROOMS = [
  // A page may be asked for again when nobody needed it for a moment, or when it was the log's end.
  { name: 'with room for all of it', env: { LIMIT_UNSENT_BYTES: '67108864' }, reads: 2 * PAGES },
  // Nothing is kept for who has no room, so that pages are read again when several have some.
  { name: 'that is full again and again', env: {}, reads: SUBSCRIBERS },
] as const;

let server: CountedServer;
let ada: Guest;
let wires: Wire[] = [];

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  server = await openCountedServer(env);
  ada = await openGuest(server.url, 'ada');
}
afterEach(async () => {
  for (const wire of wires) wire.reset();
  wires = [];
  ada.socket.ws.terminate();
  await server.close();
});

interface Desk {
  readonly wire: Wire;
  readonly ledger: Ledger;
}

async function openDesks(count: number): Promise<Desk[]> {
  const desks: Desk[] = [];
  for (let index = 0; index < count; index += 1) {
    const ledger = createLedger();
    const wire = await openWire(server.url, READER, { onMessage: ledger.take });
    wires.push(wire);
    desks.push({ wire, ledger });
  }
  return desks;
}

/** Makes a log of thousands of revisions. Resolves with the newest. */
async function createLog(id: string): Promise<number> {
  await createField(ada, id, { width: WIDTH });
  let newest = 1;
  for (let commit = 0; commit < COMMITS; commit += 1)
    newest = await rewrite(ada, id, { count: WIDTH, content: 'x' });
  return newest;
}

const untilAll = (operations: readonly LedgerOperation[], newest: number): Promise<void> =>
  expect
    .poll(() => operations.filter(({ revisions: got }) => got.at(-1) !== newest).length, {
      timeout: PATIENCE_MS,
    })
    .toBe(0);

function expectWhole(operations: readonly LedgerOperation[], newest: number): void {
  for (const { after, revisions: got } of operations)
    expect(got).toEqual(revisions((after ?? 0) + 1, newest));
}

describe('[P6] catching up', { timeout: 3 * PATIENCE_MS }, () => {
  it.each(ROOMS)(
    `of ${SUBSCRIBERS} who come at once, each from another place, reads the log for all (seed ${SEED}), into an outbox $name`,
    async ({ env, reads }) => {
      await start(env);
      const random = new Random(SEED);
      const head = await createLog('rush');
      const desks = await openDesks(SUBSCRIBERS / OPERATIONS);
      const before = server.reads.log;
      const operations = Array.from({ length: SUBSCRIBERS }, (_, index) => {
        const { wire, ledger } = desks[index % desks.length]!;
        const after =
          index < FAR_BEHIND ? random.between(0, head - 1) : random.between(head - NEAR, head - 1);
        return begin(ledger, wire, { id: String(index), documentId: 'rush', after });
      });
      // This comes while they catch up.
      const newest = await rewrite(ada, 'rush', { count: WIDTH, content: 'y' });
      await untilAll(operations, newest);
      expect(desks.flatMap(({ ledger }) => ledger.faults)).toEqual([]);
      expectWhole(operations, newest);
      expect(server.counts()).toMatchObject({ feeds: 1, subscribers: SUBSCRIBERS });
      expect(server.reads.log - before).toBeLessThan(reads);
    },
  );

  it('of several who select the same brings them into one group', async () => {
    await start(ROOMS[0].env);
    const head = await createLog('one');
    const afters = Array.from({ length: 10 }, (_, index) => Math.floor((index * head) / 10));
    const query =
      'subscription ($after: Int) { documentChanges(documentId: "one", after: $after, echo: true) { revision } }';
    const before = server.reads.log;
    const guests = await Promise.all(afters.map(() => openGuest(server.url, READER)));
    const subscriptions = guests.map((guest, index) => guest.subscribe(query, { after: afters[index] }));
    const live = await rewrite(ada, 'one', { count: 1, content: 'y' });
    for (const [index, stream] of subscriptions.entries()) {
      await stream.find(({ data }) => (data?.['documentChanges'] as { revision: number }).revision === live);
      expect(stream.results).toHaveLength(live - (afters[index] ?? 0));
    }
    expect(server.counts()).toMatchObject({ groups: 1, subscribers: afters.length });
    expect(server.reads.log - before).toBeLessThan(2 * PAGES);
    for (const { socket } of guests) socket.ws.terminate();
  });
});
