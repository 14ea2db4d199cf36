import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../support/random.ts';
import { until } from '../support/raw-socket.ts';
import { type Events, openEvents, type StreamEvent } from './fan-out-events.ts';
import { createField, openStage, READER, rewrite, type Stage } from './fan-out-stage.ts';
import { CHANGES, changeOf, codeOf, type Guest, revisions } from './guest.ts';

/** Revisions of each commit. */
const WIDTH = 20;

let stage: Stage;
let ada: Guest;

// In this process, because what the server holds is looked at.
beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.leaveAll());
afterAll(() => stage.close());

const revisionOf = ({ result }: StreamEvent): number | undefined =>
  result ? changeOf(result)?.revision : undefined;

async function follow(
  id: string,
  options: {
    lastEventId?: string;
    byGet?: boolean;
    after?: number;
    onEvent?: (event: StreamEvent) => void;
  } = {},
): Promise<Events> {
  const { after, ...rest } = options;
  const events = await openEvents(stage.url, READER, { query: CHANGES, variables: { id, after }, ...rest });
  stage.onLeave(() => events.abort());
  return events;
}

/** A document at revision 1 + WIDTH. */
async function createLog(id: string): Promise<number> {
  ada = await stage.enter('ada');
  await createField(ada, id, { width: WIDTH });
  return rewrite(ada, id, { count: WIDTH, content: 'x' });
}

describe('[P4] an event stream', () => {
  it('gives each event the revision as its id, whether it is old or live', async () => {
    const newest = await createLog('ids');
    const events = await follow('ids', { after: 0 });
    await until(() => events.all.length === newest, 'the past');
    const last = await rewrite(ada, 'ids', { count: WIDTH, content: 'y' });
    await until(() => events.all.length === last, 'what is live');
    expect(events.all.map(({ event, id }) => [event, Number(id)])).toEqual(
      revisions(1, last).map((revision) => ['next', revision]),
    );
    expect(events.all.map(revisionOf)).toEqual(revisions(1, last));
  });

  it.each([
    ['GET', true],
    ['POST', false],
  ])(
    'is resumed by %s with Last-Event-ID, although the query says after: 0, wherever it breaks off',
    async (_, byGet) => {
      const id = byGet ? 'by-get' : 'by-post';
      await createLog(id);
      const random = new Random(byGet ? 1 : 2);
      const writing = Array.from({ length: 20 }, () => rewrite(ada, id, { count: WIDTH, content: 'x' }));
      const newest = 1 + 21 * WIDTH;
      const seen: StreamEvent[] = [];
      let connections = 0;
      while (seen.length < newest) {
        connections += 1;
        // Taken down at an event, while those behind it are on their way.
        let left = random.between(1, 40);
        const from = seen.at(-1)?.id;
        const events: Events = await follow(id, {
          byGet,
          after: 0,
          ...(from != null && { lastEventId: from }),
          onEvent(event) {
            if (left === 0) return;
            seen.push(event);
            left -= 1;
            if (left === 0 || seen.length === newest) events.abort();
          },
        });
        await events.ended();
      }
      await Promise.all(writing);
      expect(connections).toBeGreaterThan(5);
      expect(seen.map(revisionOf)).toEqual(revisions(1, newest));
      expect(seen.map((event) => Number(event.id))).toEqual(revisions(1, newest));
    },
  );

  it('begins behind Last-Event-ID even when after is another, or of the future', async () => {
    const newest = await createLog('wins');
    for (const after of [0, 3, newest + 1_000]) {
      const events = await follow('wins', { after, lastEventId: String(newest - 2) });
      await until(() => events.all.length === 2, 'what is behind it');
      expect(events.all.map(revisionOf)).toEqual([newest - 1, newest]);
    }
    const atTheEnd = await follow('wins', { after: 0, lastEventId: String(newest) });
    const last = await rewrite(ada, 'wins', { count: 1, content: 'y' });
    await until(() => atTheEnd.all.length > 0, 'what is new');
    expect(atTheEnd.all.map(revisionOf)).toEqual([last]);
  });

  it.each([
    ['text', 'abc'],
    ['negative', '-1'],
    ['of the future', '1000'],
    ['longer than any', '9'.repeat(400)],
    ['no whole number', '1.5'],
    ['in another notation', '0x1'],
    ['several', '1, 2'],
  ])('is refused a Last-Event-ID that is %s, by its name', async (_, lastEventId) => {
    await createLog('refused');
    const events = await follow('refused', { after: 0, lastEventId });
    const all = await events.ended();
    expect(all.filter(({ id }) => id !== null)).toEqual([]);
    const results = all.flatMap(({ result }) => (result ? [result] : []));
    expect(results.map(codeOf)).toEqual(['BAD_USER_INPUT']);
    expect(results[0]?.errors?.[0]?.extensions['argument']).toBe('Last-Event-ID');
    expect(stage.counts()).toMatchObject({ subscribers: 0, eventStreams: 0, audiences: 0, feeds: 0 });
  });

  it('shares its group with the sockets that select the same', async () => {
    await createLog('mixed');
    const bob = await stage.enter(READER);
    const sockets = [ada, bob].map((guest) => guest.subscribe(CHANGES, { id: 'mixed', echo: true }));
    const events = await Promise.all([
      follow('mixed'),
      follow('mixed', { byGet: true }),
      follow('mixed', { after: 0 }),
    ]);
    await until(() => stage.counts().subscribers === 5, 'all have subscribed');
    expect(stage.counts()).toMatchObject({ eventStreams: 3, feeds: 1, groups: 1, audiences: 1 });
    const last = await rewrite(ada, 'mixed', { count: WIDTH, content: 'y' });
    const live = revisions(2 + WIDTH, last);
    await until(
      () => sockets.every(({ results }) => results.length === WIDTH),
      'the sockets have everything',
    );
    await until(() => events.every(({ all }) => all.length >= WIDTH), 'the event streams have everything');
    for (const { results } of sockets)
      expect(results.map((result) => changeOf(result)?.revision)).toEqual(live);
    await until(() => events[2]?.all.length === last, 'the past, too');
    expect(events.map(({ all }) => all.map(revisionOf))).toEqual([live, live, revisions(1, last)]);
    // Each got the same payload, whichever way.
    expect(events[0]?.all.map(({ result }) => result)).toEqual(sockets[0]?.results);
  });
});
