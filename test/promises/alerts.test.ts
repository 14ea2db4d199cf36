import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CARD, contact } from '../compliance/office.ts';
import { Random } from '../support/random.ts';
import { until } from '../support/raw-socket.ts';
import { ALERTS, type AlertsStage, alertOf, openAlertsStage, placesOf } from './alerts-stage.ts';
import { openEvents } from './fan-out-events.ts';
import { codeOf, createDocument, type Guest, must, type Stream } from './guest.ts';

const REMOVE =
  'mutation ($id: ID!, $user: ID!) { removeCollaborator(documentId: $id, userId: $user) { id } }';
const ACKNOWLEDGE =
  'mutation ($id: ID!) { acknowledgeComplianceAlert(id: $id) { id acknowledgedBy { id } } }';
const LIST =
  'query ($id: ID) { complianceAlerts(documentId: $id) { totalCount edges { cursor node { id message findings { excerpt } document { id } acknowledgedBy { id } } } } }';
const WHOLE =
  'subscription ($after: ID) { complianceAlerts(after: $after) { id message findings { framework rule from to excerpt severity } } }';
/** Milliseconds: the longest poll of a LOG stream without Redis, and more for a busy machine. */
const POLL_MS = 2_000 + 4_000;
/** Milliseconds that a reader has to catch up, 13 MB, on a busy machine. */
const CATCH_UP_MS = 60_000;

let stage: AlertsStage;

beforeAll(async () => {
  stage = await openAlertsStage({ LOG_LEVEL: 'debug' });
}, 60_000);
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(stage.log());
});
afterAll(() => stage.close());

/** Raises alerts that are all different; resolves with their places. */
async function raiseMany(id: string, from: number, count: number, tenantId?: string): Promise<number[]> {
  const places: number[] = [];
  for (let index = from; index < from + count; index += 1) {
    places.push(...(await stage.raise(id, contact(index), tenantId)));
  }
  return places;
}

const untilHas = (stream: Stream, count: number, timeout = 10_000): Promise<void> =>
  expect.poll(() => stream.results.length, { timeout, interval: 20 }).toBeGreaterThanOrEqual(count);

describe('[P4] alerts of two instances', () => {
  it('come to whoever may read the document, by socket and event stream, at either instance, with their ids', async () => {
    const ada = await stage.enter(0, 'ada');
    await createDocument(ada, 'live', { editors: ['bob'] });
    await createDocument(ada, 'hidden');
    const streams = await Promise.all(
      ([0, 1] as const).map(async (at) => (await stage.enter(at, 'bob')).subscribe(ALERTS, { after: 0 })),
    );
    const events = await openEvents(stage.servers[1].url, 'bob', {
      query: ALERTS,
      variables: { after: 0 },
      byGet: true,
    });
    const places: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      await stage.raise('hidden', contact(index));
      places.push(...(await stage.raise('live', contact(index))));
    }
    for (const stream of streams) {
      await untilHas(stream, places.length);
      expect(placesOf(stream)).toEqual(places);
    }
    await until(() => events.all.length >= places.length, 'the event stream has all');
    expect(events.all.map(({ event, id }) => [event, Number(id)])).toEqual(
      places.map((place) => ['next', place]),
    );
    events.abort();
  });

  it('are resumed with after or Last-Event-ID wherever they break off, at either instance, over a kill of one', async () => {
    const ada = await stage.enter(0, 'ada');
    await createDocument(ada, 'resumed', { editors: ['rita'] });
    const COUNT = 150;
    let places: number[] | undefined;
    const raising = raiseMany('resumed', 0, COUNT).then((all) => {
      places = all;
    });
    const random = new Random(5);
    const seen: string[] = [];
    let breaks = 0;
    while (seen.length < COUNT) {
      const wanted = Math.min(random.between(1, 15), COUNT - seen.length);
      const at = breaks % 2 === 0 ? 0 : 1;
      const after = seen.at(-1) ?? '0';
      breaks += 1;
      if (breaks % 3 === 0) {
        const events = await openEvents(stage.servers[at].url, 'rita', {
          query: ALERTS,
          variables: { after: 0 },
          lastEventId: after,
        });
        await expect.poll(() => events.all.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(wanted);
        events.abort();
        seen.push(...events.all.slice(0, wanted).map(({ id }) => id ?? 'none'));
      } else {
        const guest = await stage.enter(at, 'rita');
        const stream = guest.subscribe(ALERTS, { after });
        await untilHas(stream, wanted, 20_000);
        guest.socket.ws.terminate();
        seen.push(...stream.results.slice(0, wanted).map((result) => alertOf(result)?.id ?? 'none'));
      }
      if (breaks === 4) {
        await stage.servers[0].kill();
        await stage.servers[0].restart();
      }
    }
    await raising;
    expect(breaks).toBeGreaterThan(6);
    expect(seen.map(Number)).toEqual(places);
  }, 120_000);

  it('come while Redis is away, by the poll, and by Redis again when it is back', async () => {
    const ada = await stage.enter(0, 'ada');
    await createDocument(ada, 'dark', { editors: ['dora'] });
    const stream = (await stage.enter(1, 'dora')).subscribe(ALERTS, { after: 0 });
    const places = await raiseMany('dark', 0, 2);
    await untilHas(stream, 2);
    await stage.redis.kill();
    places.push(...(await raiseMany('dark', 2, 3)));
    await untilHas(stream, 5, POLL_MS);
    await stage.redis.restart();
    places.push(...(await raiseMany('dark', 5, 3)));
    await untilHas(stream, 8, 20_000);
    expect(placesOf(stream)).toEqual(places);
  }, 60_000);

  it('[P6] wait for a reader that stops reading, and disturb nobody else', async () => {
    const ada = await stage.enter(0, 'ada');
    await createDocument(ada, 'busy', { editors: ['sven'] });
    const [slow, attentive] = await Promise.all([stage.enter(1, 'sven'), stage.enter(1, 'sven')]);
    const streams = [slow, attentive].map((guest) => guest.subscribe(WHOLE, { after: 0 }));
    const [behind, ahead] = streams as [Stream, Stream];
    // About 11 KB each: all of them are more than the buffers between two sockets hold.
    const many = Array.from({ length: 100 }, (_, index) => `person${index}@example.org`).join('\n');
    const places = await stage.raise('busy', `${many}\n${contact(0)}`);
    for (const stream of streams) await untilHas(stream, 1);
    slow.socket.ws.pause();
    const COUNT = 1_200;
    for (let index = 1; index < COUNT; index += 1) {
      places.push(...(await stage.raise('busy', `${many}\n${contact(index)}`)));
    }
    await untilHas(ahead, COUNT, CATCH_UP_MS);
    expect(behind.results.length, 'the other is really behind').toBeLessThan(COUNT);
    slow.socket.ws.resume();
    await untilHas(behind, COUNT, CATCH_UP_MS);
    for (const stream of streams) expect(placesOf(stream)).toEqual(places);
    expect(behind.results).toEqual(ahead.results);
  }, 240_000);
});

describe('who is told of an alert', () => {
  it('[P7] is not told of what is raised after a revocation, nor of what was before on coming back', async () => {
    const ada = await stage.enter(0, 'ada');
    for (const id of ['left', 'kept']) await createDocument(ada, id, { editors: ['rolf'] });
    const stream = (await stage.enter(1, 'rolf')).subscribe(ALERTS, { after: 0 });
    const [first = 0] = await stage.raise('left', contact(1));
    await untilHas(stream, 1);
    await must(ada.ask(REMOVE, { id: 'left', user: 'rolf' }));
    await raiseMany('left', 2, 5);
    const [last = 0] = await stage.raise('kept', contact(1));
    await untilHas(stream, 2);
    expect(placesOf(stream)).toEqual([first, last]);
    const again = (await stage.enter(0, 'rolf')).subscribe(ALERTS, { after: 0 });
    await untilHas(again, 1);
    expect(placesOf(again)).toEqual([last]);
    const gone = await (await stage.enter(0, 'rolf')).ask(LIST, { id: 'left' });
    expect(codeOf(gone)).toBe('NOT_FOUND');
    for (const id of [String(first), '999999999']) {
      expect(codeOf(await (await stage.enter(0, 'rolf')).ask(ACKNOWLEDGE, { id }))).toBe('NOT_FOUND');
    }
  });

  it('[P9] is of the document’s tenant, though all names and places in the log are the same', async () => {
    const guests: Guest[] = [];
    for (const tenant of ['acme', 'globex']) {
      const guest = await stage.enter(0, 'ada', { tenant });
      await createDocument(guest, 'same', { content: '' });
      guests.push(guest);
    }
    const streams = guests.map((guest) => guest.subscribe(ALERTS, { after: 0 }));
    expect(await stage.raise('same', CARD, 'acme')).toEqual([1]);
    expect(await stage.raise('same', contact(3), 'globex')).toEqual([1]);
    expect(await stage.raise('same', contact(4), 'globex')).toEqual([2]);
    const [acme, globex] = streams as [Stream, Stream];
    await untilHas(globex, 2);
    await untilHas(acme, 1);
    expect(globex.results.map((result) => alertOf(result)?.framework)).toEqual(['GDPR', 'GDPR']);
    expect(acme.results.map((result) => alertOf(result)?.framework)).toEqual(['PCI_DSS']);
    const future = (await stage.enter(0, 'ada', { tenant: 'acme' })).subscribe(ALERTS, { after: 2 });
    expect(codeOf(await future.next())).toBe('BAD_USER_INPUT');
  });

  it('acknowledges it by two instances at once: both answers name the same one', async () => {
    const ada = await stage.enter(0, 'ada');
    await createDocument(ada, 'seen-to', { editors: ['ben'] });
    const ben = await stage.enter(1, 'ben');
    for (const [place = 0] of [
      await stage.raise('seen-to', contact(1)),
      await stage.raise('seen-to', CARD),
    ]) {
      const answers = await Promise.all([ada, ben].map((one) => must(one.ask(ACKNOWLEDGE, { id: place }))));
      expect(answers[0]).toEqual(answers[1]);
    }
    const { complianceAlerts } = await must(ada.ask(LIST, { id: 'seen-to' }));
    expect(complianceAlerts).toMatchObject({
      totalCount: 2,
      edges: [{ node: { document: { id: 'seen-to' } } }, { node: { document: { id: 'seen-to' } } }],
    });
  });
});

it('no value that was found is in the database, the log of the servers, or anything that they send', async () => {
  const cleo = await stage.enter(0, 'cleo');
  await createDocument(cleo, 'secret');
  const stream = (await stage.enter(1, 'cleo')).subscribe(WHOLE, { after: 0 });
  const values = [
    '5555 5555 5555 4444',
    'very.private.person@example.net',
    '078-05-1120',
    'DE89370400440532013000',
  ];
  const places = await stage.raise(
    'secret',
    `card ${values[0]} of ${values[1]}, SSN ${values[2]}, IBAN ${values[3]}`,
  );
  expect(places).toHaveLength(3);
  await expect.poll(() => placesOf(stream).includes(places.at(-1) ?? 0), { timeout: 20_000 }).toBe(true);
  const sent = JSON.stringify([stream.results, await cleo.ask(LIST, { id: 'secret' })]);
  expect(sent).toContain('bank account number');
  expect(codeOf(await cleo.ask(ACKNOWLEDGE, { id: 'none' }))).toBe('NOT_FOUND');
  await until(() => stage.log().includes('"user":"cleo"'), 'the log tells of her');
  const bytes = await stage.bytes();
  expect(bytes.includes('very'), 'the scanned text itself is not kept').toBe(false);
  expect(bytes.includes('bank account number'), 'the alerts are in these bytes').toBe(true);
  for (const value of [...values, '5555555555554444', 'private.person', '05-1120', '0532013']) {
    expect(bytes.includes(value), value).toBe(false);
    expect(sent).not.toContain(value);
    expect(stage.log()).not.toContain(value);
  }
});
