import type { KyselyPlugin } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AlertStreamInput } from '../../src/compliance/alert-streams.ts';
import type { AlertRow } from '../../src/compliance/store.ts';
import { POLL_MS, SAFETY_POLL_MS } from '../../src/platform/realtime/log-stream.ts';
import { eventsOf } from '../../src/platform/realtime/source.ts';
import type { Database } from '../../src/platform/storage/database.ts';
import { createSink } from '../platform/realtime/sinks.ts';
import {
  begin,
  createDesk,
  type Desk,
  expectRefusal,
  type Person,
  type Service,
  untilRest,
} from '../support/documents.ts';
import { Random } from '../support/random.ts';
import { until } from '../support/raw-socket.ts';
import { CARD, contact, expectRange, type Office, openOffice, sequencesOf } from './office.ts';

/** How often it was read who may read which documents. */
let accessReads = 0;
const counted = (database: Database): Database => {
  const counter: KyselyPlugin = {
    transformQuery({ node }) {
      const isSelect = node.kind === 'SelectQueryNode';
      if (isSelect && JSON.stringify(node.from).includes('"document_collaborators"')) accessReads += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { ...database, query: database.query.withPlugin(counter) };
};

let desk: Desk;
let service: Service;
let office: Office;
let ada: Person;
let bob: Person;
let open: AsyncIterableIterator<AlertRow>[] = [];
let tenants = 0;

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open({ through: counted });
  office = openOffice(service);
});
/** Each test has a tenant of its own: its log begins at 1. */
function enter(): string {
  tenants += 1;
  const tenantId = `tenant-${tenants}`;
  ada = service.as('ada', tenantId);
  bob = service.as('bob', tenantId);
  return tenantId;
}
afterEach(async () => {
  for (const stream of open) await stream.return?.();
  open = [];
  expect(service.broker.stats().listeners, 'nobody listens any more').toBe(0);
  expect(service.clock.pending, 'no timer is left').toBe(0);
  expect(office.compliance.streams.counts()).toEqual({ feeds: 0, groups: 0, subscribers: 0 });
});
afterAll(() => desk.close());

async function shared(id?: string): Promise<string> {
  const documentId = await ada.create('', id);
  await service.documents.collaborators.add(ada.viewer, documentId, 'bob', 'VIEWER');
  return documentId;
}

async function subscribe(person: Person, input: Partial<AlertStreamInput> = {}, through = office) {
  const options = { framework: null, minSeverity: 0, ...input };
  const stream = eventsOf(await through.compliance.streams.alerts(person.viewer, options));
  open.push(stream);
  return stream;
}

/** The next alerts of a stream. */
async function take(stream: AsyncIterableIterator<AlertRow>, count: number): Promise<AlertRow[]> {
  const taken: AlertRow[] = [];
  while (taken.length < count) {
    const result = await stream.next();
    if (result.done) throw new Error(`The stream ended after ${taken.length} of ${count} alerts.`);
    taken.push(result.value);
  }
  return taken;
}

/** What a subscriber who has room for all gets, up to so many alerts. */
async function deliver(person: Person, after: number, count: number): Promise<AlertRow[]> {
  const input = { framework: null, minSeverity: 0, after };
  const source = await office.compliance.streams.alerts(person.viewer, input);
  const sink = createSink<AlertRow>();
  const stop = source.deliver({ render: (alert) => alert }, sink);
  await until(() => sink.got.length >= count, `${count} alerts`);
  stop();
  return sink.got;
}

/** Raises so many alerts about a document; announces each, unless it is told not to. */
async function raiseMany(id: string, tenantId: string, from: number, count: number, by = office.raise) {
  for (let index = from; index < from + count; index += 1) await by(id, contact(index), tenantId);
}

describe('[P4] a stream of alerts', () => {
  it('begins behind an alert: 0 replays all, nothing said means from now on', async () => {
    const tenantId = enter();
    const id = await shared();
    await raiseMany(id, tenantId, 0, 3);
    const [all, rest, live] = await Promise.all([
      subscribe(bob, { after: 0 }),
      subscribe(bob, { after: 2 }),
      subscribe(bob),
    ]);
    const pending = begin(live);
    await untilRest(service);
    await raiseMany(id, tenantId, 3, 1);
    expectRange(await take(all, 4), 1, 4);
    expectRange(await take(rest, 2), 3, 4);
    expect((await pending).value).toMatchObject({ sequence: 4, documentId: id });
  });

  it('gives what the log holds, all fields alike, replayed or live', async () => {
    const tenantId = enter();
    const id = await shared();
    const pending = begin(await subscribe(bob));
    await untilRest(service);
    const [raised] = await office.raise(id, contact(1), tenantId);
    const replayed = await take(await subscribe(bob, { after: 0 }), 1);
    expect((await pending).value).toEqual(raised);
    expect(replayed).toEqual([raised]);
  });

  it('gives everybody the same object of a live alert, so that it is rendered once', async () => {
    const tenantId = enter();
    const id = await shared();
    const pending = [begin(await subscribe(bob)), begin(await subscribe(ada)), begin(await subscribe(bob))];
    await untilRest(service);
    await office.raise(id, contact(1), tenantId);
    const [one, ...others] = (await Promise.all(pending)).map(({ value }) => value as AlertRow);
    for (const other of others) expect(other).toBe(one);
  });

  it('replays 2,000 alerts in order, to several at once', async () => {
    const tenantId = enter();
    const id = await shared();
    const [finding] = (await office.file(await ada.create(), CARD, tenantId))[0]?.findings ?? [];
    if (!finding) throw new Error('nothing was found');
    await service.query.transaction().execute(async (transaction) => {
      for (let index = 0; index < 1_999; index += 1) {
        const findings = [{ ...finding, excerpt: `•••${index}` }];
        await office.compliance.raise(transaction, [{ tenantId, documentId: id, findings, at: index }]);
      }
    });
    accessReads = 0;
    for (const [person, after] of [
      [ada, 0],
      [ada, 1_234],
      [bob, 1_000],
    ] as const) {
      expectRange(await deliver(person, after, 2_000 - after), after + 1, 2_000);
    }
    expect(accessReads, 'once a page').toBeLessThanOrEqual(16 + 7 + 9);
  });

  it('goes on from the replay to what is live without a gap, while two instances raise', async () => {
    const tenantId = enter();
    const ids = await Promise.all([shared(), shared()]);
    const others = openOffice(await desk.open({ broker: service.broker }));
    await raiseMany(ids[0], tenantId, 0, 40);
    const raising = Promise.all([
      raiseMany(ids[0], tenantId, 40, 150),
      raiseMany(ids[1], tenantId, 0, 150, others.raise),
    ]);
    for (const after of [0, 1, 17, 40]) {
      expectRange(await take(await subscribe(bob, { after }), 340 - after), after + 1, 340);
    }
    await raising;
  });

  it('is resumed where it broke off, again and again, and gives each alert once', async () => {
    const tenantId = enter();
    const id = await shared();
    const random = new Random(11);
    const seen: AlertRow[] = [];
    const raising = raiseMany(id, tenantId, 0, 150);
    while (seen.length < 150) {
      const stream = await subscribe(bob, { after: seen.at(-1)?.sequence ?? 0 });
      seen.push(...(await take(stream, Math.min(random.between(1, 12), 150 - seen.length))));
      await stream.return?.();
    }
    await raising;
    expectRange(seen, 1, 150);
  });

  it('fills from the log what nobody announced here: at the next hint, or in time without one', async () => {
    const tenantId = enter();
    const id = await shared();
    const stream = await subscribe(bob);
    const first = begin(stream);
    await untilRest(service);
    await raiseMany(id, tenantId, 0, 3, office.file);
    await office.raise(id, contact(3), tenantId);
    expect((await first).value).toMatchObject({ sequence: 1 });
    expectRange(await take(stream, 3), 2, 4);
    const last = begin(stream);
    await untilRest(service);
    await office.file(id, contact(4), tenantId);
    service.clock.advance(SAFETY_POLL_MS);
    expect((await last).value).toMatchObject({ sequence: 5 });
  });

  it('takes announcements that come twice, or in another order, for what they are', async () => {
    const tenantId = enter();
    const id = await shared();
    const stream = await subscribe(bob);
    const first = begin(stream);
    await untilRest(service);
    const raised: (readonly AlertRow[])[] = [];
    for (let index = 0; index < 4; index += 1) {
      raised.push(await office.file(id, `${contact(index)} ${index % 2 ? CARD : ''}`, tenantId));
    }
    for (const index of [3, 1, 1, 0, 3, 2]) office.compliance.announce(raised[index] ?? []);
    expect((await first).value).toMatchObject({ sequence: 1 });
    expect(await take(stream, raised.flat().length - 1)).toEqual(raised.flat().slice(1));
    service.clock.advance(POLL_MS);
  });
});

describe('what a subscriber wants', () => {
  it('is chosen by framework and severity; what is left out is passed over, and not waited for', async () => {
    const tenantId = enter();
    const id = await shared();
    const streams = {
      gdpr: await subscribe(bob, { framework: 'GDPR' }),
      severe: await subscribe(bob, { minSeverity: 8 }),
      both: await subscribe(bob, { framework: 'PCI_DSS', minSeverity: 8 }),
      neither: await subscribe(bob, { framework: 'GDPR', minSeverity: 8 }),
      old: await subscribe(bob, { framework: 'PCI_DSS', after: 0 }),
    };
    const neither = begin(streams.neither);
    await raiseMany(id, tenantId, 0, 3);
    await office.raise(id, CARD, tenantId);
    await raiseMany(id, tenantId, 3, 2);
    expect(sequencesOf(await take(streams.gdpr, 5))).toEqual([1, 2, 3, 5, 6]);
    for (const stream of [streams.severe, streams.both, streams.old]) {
      expect((await take(stream, 1))[0]).toMatchObject({ sequence: 4, framework: 'PCI_DSS', severity: 8 });
    }
    // So many numbers of this kind are severe, too.
    const many = Array.from({ length: 100 }, (_, index) => `IBAN DE89370400440532013000 (${index})`).join(
      '\n',
    );
    await office.raise(id, many, tenantId);
    expect((await neither).value).toMatchObject({ sequence: 7, framework: 'GDPR', severity: 8 });
  });

  it('[P11] cannot begin in the future', async () => {
    const tenantId = enter();
    const id = await shared();
    await raiseMany(id, tenantId, 0, 2);
    await expectRefusal(subscribe(bob, { after: 3 }), 'BAD_USER_INPUT', 'after');
    const named = subscribe(bob, { after: 10 ** 15, afterName: 'Last-Event-ID' });
    await expectRefusal(named, 'BAD_USER_INPUT', 'Last-Event-ID');
    expectRange(await take(await subscribe(bob, { after: 1 }), 1), 2, 2);
  });
});

describe('who gets an alert', () => {
  it('is who may read its document: others are passed over, and told nothing', async () => {
    const tenantId = enter();
    const [open, closed] = [await shared(), await ada.create()];
    const [bobs, adas] = [await subscribe(bob), await subscribe(ada)];
    const firsts = [begin(bobs), begin(adas)];
    await untilRest(service);
    await office.raise(closed, contact(1), tenantId);
    await office.raise(open, contact(2), tenantId);
    await office.raise(closed, contact(3), tenantId);
    await office.raise(open, contact(4), tenantId);
    expect((await firsts[0])?.value).toMatchObject({ sequence: 2 });
    expect((await firsts[1])?.value).toMatchObject({ sequence: 1 });
    expect(sequencesOf(await take(bobs, 1))).toEqual([4]);
    expect(sequencesOf(await take(adas, 3))).toEqual([2, 3, 4]);
    expect(sequencesOf(await take(await subscribe(bob, { after: 0 }), 2))).toEqual([2, 4]);
  });

  it('[P7] is nobody whose access had ended when it was raised, though nobody was told of that here', async () => {
    const tenantId = enter();
    const elsewhere = await desk.open();
    const [left, kept] = [await shared(), await shared()];
    const stream = await subscribe(bob);
    const first = begin(stream);
    await untilRest(service);
    await office.raise(left, contact(1), tenantId);
    expect((await first).value).toMatchObject({ sequence: 1, documentId: left });
    await elsewhere.documents.collaborators.remove(ada.viewer, left, 'bob');
    await office.raise(left, contact(2), tenantId);
    await office.raise(kept, contact(3), tenantId);
    expect(await take(stream, 1)).toMatchObject([{ sequence: 3, documentId: kept }]);
    await elsewhere.documents.collaborators.add(ada.viewer, left, 'bob', 'VIEWER');
    await office.raise(left, contact(4), tenantId);
    expect(await take(stream, 1)).toMatchObject([{ sequence: 4, documentId: left }]);
  });

  it('[P7] goes by today’s access when it is replayed', async () => {
    const tenantId = enter();
    const [left, come, kept] = [await shared(), await ada.create(), await shared()];
    for (const [index, id] of [left, come, kept].entries()) await office.raise(id, contact(index), tenantId);
    // Somebody who reads on keeps the log's pages in memory.
    const reading = await subscribe(bob, { after: 0 });
    expectRange(await take(reading, 1), 1, 1);
    await service.documents.collaborators.remove(ada.viewer, left, 'bob');
    await service.documents.collaborators.add(ada.viewer, come, 'bob', 'VIEWER');
    expect(sequencesOf(await take(await subscribe(bob, { after: 0 }), 2))).toEqual([2, 3]);
  });

  it('[P7] is nobody once its document is deleted', async () => {
    const tenantId = enter();
    const [gone, kept] = [await shared(), await shared()];
    await office.raise(gone, contact(1), tenantId);
    const late = await office.file(gone, contact(2), tenantId);
    await service.documents.delete(ada.viewer, gone);
    const live = await subscribe(ada, { after: 1 });
    office.compliance.announce(late);
    await office.raise(kept, contact(3), tenantId);
    expect(sequencesOf(await take(live, 1))).toEqual([3]);
    expect(sequencesOf(await take(await subscribe(ada, { after: 0 }), 1))).toEqual([3]);
  });

  it('[P9] is nobody of another tenant, though users, documents and places in the log are the same', async () => {
    const one = enter();
    const [adaOfOne, bobOfOne] = [ada, bob];
    await shared('same');
    const two = enter();
    await shared('same');
    const streams = await Promise.all([adaOfOne, bobOfOne, ada, bob].map((person) => subscribe(person)));
    const firsts = streams.map(begin);
    await untilRest(service, 2);
    await office.raise('same', CARD, one);
    await office.raise('same', contact(1), two);
    const kinds = (await Promise.all(firsts)).map(({ value }) => value as AlertRow);
    expect(kinds.map(({ tenantId, sequence, framework }) => [tenantId, sequence, framework])).toEqual([
      [one, 1, 'PCI_DSS'],
      [one, 1, 'PCI_DSS'],
      [two, 1, 'GDPR'],
      [two, 1, 'GDPR'],
    ]);
  });

  it('is asked for once a live alert, however many subscribe, and once a page for who catches up', async () => {
    const tenantId = enter();
    const id = await shared();
    const streams = await Promise.all(
      Array.from({ length: 100 }, (_, index) => subscribe(index % 2 ? ada : bob)),
    );
    const firsts = streams.map(begin);
    await untilRest(service);
    accessReads = 0;
    for (let index = 0; index < 3; index += 1) await office.raise(id, contact(index), tenantId);
    await Promise.all(firsts);
    await Promise.all(streams.map((stream) => take(stream, 2)));
    expect(accessReads).toBe(3);
    expect(office.compliance.streams.counts()).toMatchObject({ feeds: 1, subscribers: 100 });
  });
});
