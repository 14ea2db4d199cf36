import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/raw-socket.ts';
import type { Wire } from '../support/wire.ts';
import { openEvents } from './fan-out-events.ts';
import { begin, createLedger, type Ledger, type LedgerOperation } from './fan-out-ledger.ts';
import { createField, openStage, READER, rewrite, type Stage, writeUntilFull } from './fan-out-stage.ts';
import { CHANGES, type Guest, revisions } from './guest.ts';

/** Milliseconds after which a reader that takes nothing is given up; few, because a test waits for them. */
const STALL_MS = 1_000;
/** Milliseconds in which the server lets go of it: `ws` waits 5 s for an answer to the close frame. */
const GONE_MS = 20_000;
const TEST_MS = 60_000;
/** Revisions of each commit, and characters of each of them. */
const WIDTH = 50;
const CHARS = 1_000;
/** Bytes that the server may hold for one reader: LIMIT_UNSENT_BYTES, the write under way, and a little more. */
const MAX_HELD_BYTES = 512 * 1024;

const env = { LIMIT_STALL_MS: String(STALL_MS) };

let stage: Stage;
let ada: Guest;

const write = (id: string): Promise<number> => rewrite(ada, id, { count: WIDTH, content: 'x'.repeat(CHARS) });

/** Ada, a document, and somebody who reads all of it while others do not. */
async function openScene(documentId: string): Promise<LedgerOperation> {
  ada = await stage.enter('ada');
  await createField(ada, documentId, { width: WIDTH, chars: CHARS });
  const ledger = createLedger();
  const wire = await stage.wire(READER, { onMessage: ledger.take });
  return begin(ledger, wire, { id: 'attentive', documentId, after: 0 });
}

interface Reader {
  readonly ledger: Ledger;
  readonly wire: Wire;
  readonly operation: LedgerOperation;
}

/** Somebody who has read the beginning, and then no more. */
async function openPaused(documentId: string): Promise<Reader> {
  const ledger = createLedger();
  const wire = await stage.wire(READER, { onMessage: ledger.take });
  const operation = begin(ledger, wire, { id: 'paused', documentId, after: 0 });
  await until(() => operation.revisions.length > 0, 'the first message');
  wire.pause();
  return { ledger, wire, operation };
}

async function expectAll({ revisions: got }: LedgerOperation, newest: number): Promise<void> {
  await until(() => got.at(-1) === newest, 'it has everything');
  expect(got).toEqual(revisions(1, newest));
}

// In this process, because what the server holds is looked at.
describe('[P6] a reader that stops for ever', { timeout: TEST_MS }, () => {
  beforeAll(async () => {
    stage = await openStage(env);
  });
  afterEach(() => stage.leaveAll());
  afterAll(() => stage.close());

  it('of a socket is let go, its share of memory is bounded until then, and the others get everything', async () => {
    const attentive = await openScene('socket');
    const { wire, ledger, operation } = await openPaused('socket');
    const socket = stage.serverSocket(wire);
    let most = 0;
    await writeUntilFull(socket, () => write('socket'));
    const isGone = (): boolean => {
      most = Math.max(most, socket.writableLength);
      return stage.counts().subscribers === 1;
    };
    await expect.poll(isGone, { timeout: GONE_MS, interval: 5 }).toBe(true);
    expect(stage.counts()).toMatchObject({ sockets: 2, feeds: 1, groups: 1, audiences: 1 });
    await expectAll(attentive, await write('socket'));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(MAX_HELD_BYTES);
    expect(ledger.faults).toEqual([]);
    wire.resume();
    await wire.ended();
    expect(operation.revisions).toEqual(revisions(1, operation.revisions.length));
  });

  it('of an event stream is let go, too', async () => {
    const attentive = await openScene('events');
    const events = await openEvents(stage.url, READER, {
      query: CHANGES,
      variables: { id: 'events', after: 0 },
    });
    await until(() => events.all.length > 0, 'the first event');
    events.pause();
    await writeUntilFull(stage.serverSocket(events), () => write('events'));
    await expect.poll(() => stage.counts().eventStreams, { timeout: GONE_MS }).toBe(0);
    expect(stage.counts()).toMatchObject({ subscribers: 1, feeds: 1, groups: 1, audiences: 1 });
    const newest = await write('events');
    await expectAll(attentive, newest);
    events.resume();
    await events.ended();
    expect(events.all.length).toBeLessThan(newest);
    expect(events.all.map(({ id }) => Number(id))).toEqual(revisions(1, events.all.length));
  });
});

// By a clock that is turned by hand: how long they do not read is not the machine's to say.
describe('[P6] a reader that stops for a while', { timeout: TEST_MS }, () => {
  let clock: ManualClock;

  beforeAll(async () => {
    clock = createManualClock(Date.now());
    stage = await openStage(env, clock);
  });
  afterEach(() => stage.leaveAll());
  afterAll(() => stage.close());

  it('is told 1013 behind whole messages when it was too long, and goes on where it was', async () => {
    await openScene('told');
    const { wire, ledger, operation } = await openPaused('told');
    const socket = stage.serverSocket(wire);
    await writeUntilFull(socket, () => write('told'));
    clock.advance(STALL_MS);
    await write('told');
    wire.resume();
    expect(await wire.ended()).toEqual({ code: 1013, reason: 'Read what was sent' });
    expect(wire.late.slice(0, 3)).toEqual([]);
    expect(ledger.faults).toEqual([]);
    expect(operation.revisions).toEqual(revisions(1, operation.revisions.length));
    const newest = await write('told');
    const again = await stage.wire(READER, { onMessage: ledger.take });
    const after = operation.revisions.length;
    const resumed = begin(ledger, again, { id: 'resumed', documentId: 'told', after });
    await until(() => resumed.revisions.at(-1) === newest, 'it has the rest');
    expect([...operation.revisions, ...resumed.revisions]).toEqual(revisions(1, newest));
  });

  it('stays as long as it takes a little now and then, however full its outbox is', async () => {
    await openScene('slow');
    const { wire, ledger, operation } = await openPaused('slow');
    const socket = stage.serverSocket(wire);
    let newest = await writeUntilFull(socket, () => write('slow'));
    // For much longer than it may take nothing.
    for (let round = 0; round < 5; round += 1) {
      clock.advance(STALL_MS - 1);
      const written = socket.bytesWritten;
      wire.resume();
      await until(() => socket.bytesWritten > written, 'one more write');
      wire.pause();
      newest = await writeUntilFull(socket, () => write('slow'));
    }
    expect(wire.closing).toBeNull();
    wire.resume();
    await expectAll(operation, newest);
    expect(ledger.faults).toEqual([]);
  });
});
