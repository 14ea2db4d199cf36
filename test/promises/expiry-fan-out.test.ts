import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/raw-socket.ts';
import {
  CHANGES,
  changeOf,
  codeOf,
  createDocument,
  type Guest,
  insert,
  openEventStream,
  revisions,
  type Stream,
} from './guest.ts';
import { type InProcess, openInProcess } from './in-process.ts';

/** Milliseconds for which the short tokens are good, and by which the clock goes on: less than a ping's 12 s. */
const BRIEF_MS = 5_000;
const LATER_MS = 7_000;

const OTHER_SELECTION =
  'subscription ($id: ID!) { documentChanges(documentId: $id, after: 0, echo: true) { revision } }';

let server: InProcess;
let ada: Guest;

beforeAll(async () => {
  server = await openInProcess();
});
afterEach(() => server.leaveAll());
afterAll(() => server.close());

const read = (guest: Guest, id: string): Stream => guest.subscribe(CHANGES, { id, after: 0, echo: true });
const revisionsOf = ({ results }: Stream) => results.map((result) => changeOf(result)?.revision);
const has = (stream: Stream, revision: number) =>
  stream.find((result) => changeOf(result)?.revision === revision);
/** What tokens are good for is counted from the system's time, which the clock runs ahead of. */
const briefly = (): { expiresIn: number } => ({ expiresIn: server.clock.now() - Date.now() + BRIEF_MS });

describe('[P4] a token of one of several who are given the same', () => {
  it('expires: its socket leaves the group, and the others go on without a gap', async () => {
    ada = await server.enter('ada');
    await createDocument(ada, 'group', { content: 'first', editors: ['bob', 'otto'] });
    const staying = [read(await server.enter('bob'), 'group'), read(await server.enter('otto'), 'group')];
    const leaving = await server.enter('bob', briefly());
    const cut = read(leaving, 'group');
    for (const stream of [...staying, cut]) await has(stream, 1);
    expect(server.counts()).toMatchObject({ sockets: 4, feeds: 1, groups: 1, audiences: 1, subscribers: 3 });

    // It goes in the middle of a burst.
    const writing = Array.from({ length: 20 }, (_, index) => insert(ada, 'group', `${index} `));
    await Promise.race(writing);
    server.clock.advance(LATER_MS);
    expect(await leaving.socket.closed()).toMatchObject({ code: 4403 });
    await Promise.all(writing);
    await insert(ada, 'group', 'last');
    for (const stream of staying) {
      await has(stream, 22);
      expect(revisionsOf(stream)).toEqual(revisions(1, 22));
    }
    const seen = revisionsOf(cut);
    expect(seen).toEqual(revisions(1, seen.length));
    expect(server.counts()).toMatchObject({ sockets: 3, feeds: 1, groups: 1, audiences: 1, subscribers: 2 });
  });

  it('expires: its event stream leaves the group, told why', async () => {
    ada = await server.enter('ada');
    await createDocument(ada, 'events', { content: 'first', editors: ['bob'] });
    const variables = { id: 'events', after: 0, echo: true };
    const staying = await server.follow('ada', CHANGES, variables);
    const cut = await openEventStream(server.url, 'bob', CHANGES, variables, briefly());
    for (const stream of [staying, cut]) await has(stream, 1);
    expect(server.counts()).toMatchObject({ eventStreams: 2, groups: 1, audiences: 1, subscribers: 2 });
    server.clock.advance(LATER_MS);
    expect((await cut.ended()).map(codeOf)).toEqual([undefined, 'UNAUTHENTICATED']);
    await insert(ada, 'events', 'second');
    await has(staying, 2);
    expect(cut.results).toHaveLength(2);
    expect(server.counts()).toMatchObject({ eventStreams: 1, groups: 1, audiences: 1, subscribers: 1 });
  });

  it('expires: the group of one goes with it, and the feed with its last subscriber', async () => {
    ada = await server.enter('ada');
    await createDocument(ada, 'alone', { content: 'first', editors: ['bob'] });
    const staying = read(ada, 'alone');
    const leaving = await server.enter('bob', briefly());
    const cut = leaving.subscribe(OTHER_SELECTION, { id: 'alone' });
    await Promise.all([has(staying, 1), cut.next()]);
    expect(server.counts()).toMatchObject({ feeds: 1, groups: 2, audiences: 2, subscribers: 2 });
    server.clock.advance(LATER_MS);
    await leaving.socket.closed();
    await until(() => server.counts().subscribers === 1, 'it has left');
    expect(server.counts()).toMatchObject({ feeds: 1, groups: 1, audiences: 1 });
    await insert(ada, 'alone', 'second');
    await has(staying, 2);
    staying.stop();
    await until(() => server.counts().feeds === 0, 'the feed has ended');
    expect(server.counts()).toMatchObject({ groups: 0, audiences: 0, subscribers: 0, listeners: 0 });
  });
});
