import { buildSchema, type DocumentNode, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { printedSchema } from '../../scripts/print-schema.ts';
import { backoff } from '../../src/sdk/backoff.ts';
import { wait } from '../../src/sdk/clock.ts';
import { ConnectionLost } from '../../src/sdk/errors.ts';
import { readEvents } from '../../src/sdk/event-stream.ts';
import { DocumentChangesDocument } from '../../src/sdk/generated.ts';
import { isFatal } from '../../src/sdk/link.ts';
import { platformNetwork } from '../../src/sdk/network.ts';
import { operationOf } from '../../src/sdk/operation.ts';
import { abortable, joinSignals } from '../../src/sdk/signals.ts';
import { streamKinds } from '../../src/sdk/stream-kinds.ts';
import { planStream } from '../../src/sdk/stream-plan.ts';
import { createUnread, MAX_UNREAD } from '../../src/sdk/unread.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { Random } from '../support/random.ts';

describe('backoff', () => {
  it('lies anywhere between nothing and 1, 2, 5, 10, 30 seconds', () => {
    const counts = [0, 1, 2, 3, 4, 5, 6, 1_000];
    expect(counts.map((count) => backoff(count, () => 0))).toEqual(counts.map(() => 0));
    const most = counts.map((count) => backoff(count, () => 1 - 2 ** -53));
    expect(most).toEqual([999, 999, 1_999, 4_999, 9_999, 29_999, 29_999, 29_999]);
  });
});

describe('the close codes', () => {
  it('say who may come again, and who may not', () => {
    const passing = [1001, 1006, 1013, 4403, 4408];
    const fatal = [1002, 1009, 1011, 4400, 4401, 4406, 4409, 4429];
    expect(passing.filter((code) => isFatal(new ConnectionLost(code, '')))).toEqual([]);
    expect(fatal.filter((code) => !isFatal(new ConnectionLost(code, '')))).toEqual([]);
  });
});

describe('an event stream', () => {
  const TEXT =
    ':\n\nevent: next\nid: 7\ndata: {"content":"Grüße 🎈"}\n\n:\n\nevent: next\r\ndata: {"a":1}\r\n\r\nevent: complete\ndata:\n\n';
  const EVENTS = [
    { event: 'next', id: '7', data: '{"content":"Grüße 🎈"}' },
    { event: 'next', id: undefined, data: '{"a":1}' },
    { event: 'complete', id: undefined, data: '' },
  ];

  async function read(chunks: readonly Uint8Array[]) {
    const events: unknown[] = [];
    let signs = 0;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    await readEvents(body, {
      onEvent: ({ event, id, data }) => events.push({ event, id, data }),
      onBytes: () => {
        signs += 1;
      },
    });
    return { events, signs };
  }

  it('is read wherever it is cut, also inside of a character', async () => {
    const bytes = new TextEncoder().encode(TEXT);
    expect(await read([bytes])).toEqual({ events: EVENTS, signs: 1 });
    for (let cut = 1; cut < bytes.length; cut += 1)
      expect((await read([bytes.slice(0, cut), bytes.slice(cut)])).events, `cut at ${cut}`).toEqual(EVENTS);
    expect((await read([...bytes].map((byte) => Uint8Array.of(byte)))).events).toEqual(EVENTS);
    const seed = Math.floor(Math.random() * 2 ** 32);
    process.stdout.write(`event streams are cut by seed ${seed}\n`);
    const random = new Random(seed);
    for (let round = 0; round < 200; round += 1) {
      const chunks: Uint8Array[] = [];
      for (let from = 0; from < bytes.length; ) {
        const to = from + random.between(1, 12);
        chunks.push(bytes.slice(from, to));
        from = to;
      }
      expect((await read(chunks)).events, `seed ${seed}`).toEqual(EVENTS);
    }
  });

  it('fails with what its body fails with', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('cut')),
    });
    await expect(readEvents(body, { onEvent: () => {}, onBytes: () => {} })).rejects.toThrow('cut');
  });
});

describe('the kinds of streams', () => {
  const schema = buildSchema(printedSchema());
  const fields = schema.getSubscriptionType()?.getFields() ?? {};

  it('decide for each subscription of the schema whether it is a LOG or a STATE, as its description says', () => {
    expect(Object.keys(streamKinds).sort()).toEqual(Object.keys(fields).sort());
    for (const [name, { description }] of Object.entries(fields)) {
      const kind = streamKinds[name];
      expect(kind?.kind === 'LOG', name).toBe(description?.startsWith('LOG'));
      if (kind?.kind === 'STATE') expect(kind.inEvents, name).toBe(!description?.startsWith('STATE'));
      if (kind?.kind !== 'LOG') continue;
      expect(description).toContain(`cursor = ${kind.cursor}`);
      expect(fields[name]?.args.map((argument) => argument.name)).toContain(kind.after);
    }
  });
});

describe('the plan of a stream', () => {
  const plan = (text: string, variables: Record<string, unknown> = {}) => {
    const planned = planStream(parse(text), variables);
    if (planned.kind !== 'LOG') throw new Error('not a LOG');
    return planned;
  };

  it('finds variable and cursor behind aliases and fragments', () => {
    const planned = plan(
      `subscription ($from: Int = 0, $doc: ID!) { log: documentChanges(documentId: $doc, after: $from) { ...Change } }
       fragment Change on DocumentChange { content ... on DocumentChange { number: revision } }`,
      { doc: 'notes' },
    );
    expect(planned.variable).toBe('from');
    expect(planned.cursorOf({ log: { number: 7 } })).toBe(7);
    expect(planned.cursorOf({ log: null })).toBeNull();
    expect(planned.beginning.variables).toEqual({ documentId: 'notes' });
    expect(planned.beginsAt({ document: { revision: 3 } })).toBe(3);
    expect(planned.beginsAt({ document: null })).toBeNull();
  });

  it('takes arguments that are written out', () => {
    const planned = plan(
      'subscription ($after: Int) { documentChanges(documentId: "notes", after: $after) { revision } }',
    );
    expect(planned.beginning.variables).toEqual({ documentId: 'notes' });
    const alerts = plan('subscription ($after: ID) { complianceAlerts(after: $after) { id } }');
    expect(alerts.beginsAt({ complianceAlerts: { edges: [] } })).toBe('0');
    expect(alerts.beginsAt({ complianceAlerts: { edges: [{ node: { id: '9' } }] } })).toBe('9');
  });

  it.each([
    [
      'without the cursor',
      'subscription ($after: Int) { documentChanges(documentId: "a", after: $after) { content } }',
      /Select "revision"/,
    ],
    [
      'with the cursor under a condition',
      'subscription ($after: Int, $if: Boolean!) { documentChanges(documentId: "a", after: $after) { revision @include(if: $if) } }',
      /Select "revision"/,
    ],
    [
      'without `after`',
      'subscription { documentChanges(documentId: "a") { revision } }',
      /Take the argument "after"/,
    ],
    [
      'with a fixed `after`',
      'subscription { documentChanges(documentId: "a", after: 1) { revision } }',
      /Take the argument "after"/,
    ],
    ['of what is not known', 'subscription { somethingNew { id } }', /"somethingNew"/],
    ['that is a query', '{ viewer { tenantId } }', /"viewer"/],
    [
      'that is two',
      'subscription A { metricsUpdates { instances } } subscription B { metricsUpdates { instances } }',
      /one operation/,
    ],
    [
      'that spreads a fragment in itself',
      'subscription ($after: Int) { documentChanges(documentId: "a", after: $after) { ...A } } fragment A on DocumentChange { ...A }',
      /Select "revision"/,
    ],
  ])('[P11] refuses an operation %s and says what to do', (_what, text, message) => {
    const refused = (document: DocumentNode) => () => planStream(document, {});
    expect(refused(parse(text))).toThrow(message);
    expect(refused(parse(text))).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });
});

describe('an operation', () => {
  it('has the clientId of its client where it takes one and has none', () => {
    const given = { documentId: 'a' };
    expect(operationOf(DocumentChangesDocument, given, 'me').variables).toEqual({ ...given, clientId: 'me' });
    const own = { ...given, clientId: 'other' };
    expect(operationOf(DocumentChangesDocument, own, 'me').variables).toEqual(own);
  });
});

describe('what waits to be read', () => {
  const options = { onRoom: () => {}, onLeave: () => {} };

  it('is bounded, and tells when there is room again', async () => {
    let rooms = 0;
    const unread = createUnread<number>({
      keeps: 'all',
      onRoom: () => {
        rooms += 1;
      },
      onLeave: () => {},
    });
    for (let value = 1; value < MAX_UNREAD; value += 1) expect(unread.push(value)).toBe(true);
    expect(unread.push(MAX_UNREAD)).toBe(false);
    expect(unread.isFull).toBe(true);
    for (let value = 1; value <= MAX_UNREAD; value += 1) {
      expect(await unread.next()).toEqual({ done: false, value });
      expect(rooms).toBe(value < MAX_UNREAD / 2 ? 0 : 1);
    }
  });

  it('is the newest alone, where that is what counts', async () => {
    const unread = createUnread<number>({ ...options, keeps: 'newest' });
    for (const value of [1, 2, 3]) expect(unread.push(value)).toBe(true);
    unread.end();
    expect(await unread.next()).toEqual({ done: false, value: 3 });
    expect(await unread.next()).toEqual({ done: true, value: undefined });
  });

  it('gives what came before an error, and nothing after it was left', async () => {
    const failed = createUnread<number>({ ...options, keeps: 'all' });
    failed.push(1);
    failed.end(new Error('over'));
    expect(await failed.next()).toEqual({ done: false, value: 1 });
    await expect(failed.next()).rejects.toThrow('over');
    let left = 0;
    const unread = createUnread<number>({
      ...options,
      keeps: 'all',
      onLeave: () => {
        left += 1;
      },
    });
    const waiting = unread.next();
    unread.push(1);
    unread.push(2);
    expect(await waiting).toEqual({ done: false, value: 1 });
    await unread.return?.();
    await unread.return?.();
    expect(left).toBe(1);
    expect(unread.push(3)).toBe(false);
    expect(await unread.next()).toEqual({ done: true, value: undefined });
  });
});

describe('waiting', () => {
  it('ends by the clock or by a signal, and leaves no timer', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const slow = wait(clock, 1_000, controller.signal);
    clock.advance(1_000);
    await slow;
    await wait(clock, 0, controller.signal);
    const aborted = wait(clock, 1_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(wait(clock, 1_000, controller.signal)).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });

  it('for what knows of no signal ends by one all the same', async () => {
    const controller = new AbortController();
    expect(await abortable(Promise.resolve(1), controller.signal)).toBe(1);
    await expect(abortable(Promise.reject(new Error('no')), controller.signal)).rejects.toThrow('no');
    const never = abortable(new Promise(() => {}), controller.signal);
    controller.abort(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
    await expect(abortable(Promise.reject(new Error('late')), controller.signal)).rejects.toThrow('enough');
  });

  it('takes several signals for one', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const joined = joinSignals(one.signal, undefined, other.signal);
    other.abort(new Error('the other'));
    expect(joined.signal.reason).toMatchObject({ message: 'the other' });
    expect(joinSignals(one.signal, other.signal).signal.aborted).toBe(true);
    const released = joinSignals(one.signal);
    released.release();
    one.abort();
    expect(released.signal.aborted).toBe(false);
  });
});

describe('the network of a browser', () => {
  it('is watched where there is one, until it is not', () => {
    const target = new EventTarget();
    const surroundings = Object.assign(target, { navigator: { onLine: false } });
    const network = platformNetwork(surroundings);
    expect(network.isOffline()).toBe(true);
    let changes = 0;
    const stop = network.watch(() => {
      changes += 1;
    });
    target.dispatchEvent(new Event('offline'));
    target.dispatchEvent(new Event('online'));
    stop();
    target.dispatchEvent(new Event('online'));
    expect(changes).toBe(2);
    expect(platformNetwork({}).isOffline()).toBe(false);
  });
});
