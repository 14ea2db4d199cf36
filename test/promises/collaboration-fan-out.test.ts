import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RawData } from 'ws';
import { STATE_INTERVAL_MS } from '../../src/platform/realtime/state-stream.ts';
import { until } from '../support/raw-socket.ts';
import { CHANGES, changeOf, codeOf, createDocument, type Guest, must, type Stream } from './guest.ts';
import { type InProcess, openInProcess } from './in-process.ts';
import { clientsIn, cursorOf, eventOf, isEvent, newest, type Session, sessionOf } from './session-results.ts';

const EVENTS = `subscription ($id: ID!, $client: ID) { collaborationEvents(documentId: $id, clientId: $client) {
  __typename
  ... on UserJoined { user { id name } timestamp }
  ... on CursorMoved { user { id } clientId position { position } timestamp }
  ... on TypingStarted { user { id } }
} }`;
const SESSION = `subscription ($id: ID!, $client: ID) { collaborationUpdates(documentId: $id, clientId: $client) {
  participants { user { id name } clientCount cursor { position selection } }
} }`;
const RECENT =
  'subscription ($id: ID!) { collaborationUpdates(documentId: $id) { activeUsers recentChanges { revision content } } }';
const UPDATED =
  'subscription ($id: ID!) { collaborationEvents(documentId: $id) { __typename ... on DocumentUpdated { document { title viewerRole } } } }';
const WHO =
  'query ($id: ID!) { collaborativeSession(documentId: $id) { participants { user { id } clientCount } } }';
const JOIN =
  'mutation ($id: ID!, $client: ID) { joinDocument(documentId: $id, clientId: $client) { startedAt } }';
const MOVE =
  'mutation ($id: ID!, $at: Int!, $client: ID) { updateCursorPosition(documentId: $id, clientId: $client, position: { line: 0, column: $at, position: $at }) }';
const TYPE =
  'mutation ($id: ID!, $client: ID) { setTyping(documentId: $id, clientId: $client, typing: true) }';
const REMOVE =
  'mutation ($id: ID!, $user: ID!) { removeCollaborator(documentId: $id, userId: $user) { id } }';
const SHARE =
  'mutation ($id: ID!, $user: ID!) { addCollaborator(documentId: $id, userId: $user, role: VIEWER) { id } }';
const RENAME =
  'mutation ($id: ID!, $title: String!) { updateDocument(id: $id, input: { title: $title }) { id } }';
const REPLACE = `mutation ($id: ID!, $length: Int!, $content: String!) { applyDocumentChange(documentId: $id,
  change: { changeType: REPLACE, position: 0, length: $length, content: $content }) { revision } }`;

const TEXT = 'some text';

let server: InProcess;
let ada: Guest;
let id: string;
let documents = 0;

beforeAll(async () => {
  // One large change is as much as may wait for a reader: behind it there is no room for anything.
  server = await openInProcess({ LIMIT_UNSENT_BYTES: '1024' });
});
beforeEach(async () => {
  documents += 1;
  id = `document-${documents}`;
  ada = await server.enter('ada', { clientId: 'desk' });
  await createDocument(ada, id, { content: TEXT, editors: ['bob', 'cem'] });
  await must(ada.ask(SHARE, { id, user: 'rita' }));
});
afterEach(() => server.leaveAll());
afterAll(() => server.close());

/** Waits until so many clients are in the session, all of whom have then had their first value or snapshot. */
async function untilIn(clients: number, streams: readonly Stream[]): Promise<void> {
  const who = async (): Promise<number> => {
    const data = await must(ada.ask(WHO, { id }));
    return clientsIn(data['collaborativeSession'] as Session);
  };
  await expect.poll(who, { timeout: 10_000, interval: 5 }).toBe(clients);
  await until(() => streams.every(({ results }) => results.length > 0), 'all have their first value');
}

/** What a guest is sent, as it is written on the wire. */
function wireOf({ socket }: Guest): string[] {
  const texts: string[] = [];
  socket.ws.on('message', (data: RawData) => texts.push((data as Buffer).toString()));
  return texts;
}

describe('those who select the same of a session', () => {
  it('are given the same bytes, of events as of the session, and each selection is one audience', async () => {
    const users = ['bob', 'cem', 'rita'];
    const guests = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        server.enter(users[index % users.length] ?? 'bob', { clientId: `tab-${index}` }),
      ),
    );
    const wires = guests.map(wireOf);
    const events = guests.map((guest) => guest.subscribe(EVENTS, { id }));
    const sessions = guests.map((guest) => guest.subscribe(SESSION, { id }));
    await untilIn(12, [...events, ...sessions]);
    expect(server.counts()).toMatchObject({ sockets: 13, audiences: 2, sessions: 1 });

    await must(ada.ask(JOIN, { id }));
    for (const stream of events) await stream.find(isEvent('UserJoined', 'ada'));
    server.clock.advance(STATE_INTERVAL_MS);
    for (const stream of sessions) await stream.find((result) => clientsIn(sessionOf(result)) === 13);
    // From here on all of them wait for the same.
    for (const wire of wires) wire.length = 0;
    server.clock.advance(STATE_INTERVAL_MS);
    await must(ada.ask(MOVE, { id, at: 4 }));
    await must(ada.ask(TYPE, { id }));
    for (const stream of events) await stream.find(isEvent('TypingStarted', 'ada'));
    server.clock.advance(STATE_INTERVAL_MS);
    await until(
      () => sessions.every((stream) => cursorOf(sessionOf(newest(stream)), 'ada') === 4),
      'the cursor',
    );

    const [first = [], ...others] = wires.map((wire) => wire.filter((text) => text.startsWith('{"id":"1"')));
    expect(first).toHaveLength(2);
    expect(first[0]).toContain('CursorMoved');
    for (const wire of others) expect(wire).toEqual(first);
    const last = wires.map((wire) => wire.filter((text) => text.startsWith('{"id":"2"')).at(-1));
    expect(last[0]).toContain('"position":4');
    expect(new Set(last).size).toBe(1);
    expect(server.counts().audiences).toBe(2);
  });

  it('are one audience whether or not their own cursors are left out, and each misses only its own', async () => {
    const clients = ['one', 'two'].map((client) => ({ client, guest: ada }));
    const bob = await server.enter('bob');
    const readers = [...clients, { client: 'one', guest: bob }, { client: null, guest: bob }];
    const streams = readers.map(({ client, guest }) => guest.subscribe(EVENTS, { id, client }));
    await untilIn(4, streams);
    expect(server.counts().audiences).toBe(1);

    const move = (guest: Guest, client: string | null) => must(guest.ask(MOVE, { id, client, at: 2 }));
    await move(ada, 'one');
    await must(ada.ask(TYPE, { id, client: 'one' }));
    await move(ada, 'two');
    await move(bob, 'one');
    await move(bob, null);
    const cem = await server.enter('cem');
    await must(cem.ask(MOVE, { id, at: 0 }));
    for (const stream of streams) await stream.find(isEvent('CursorMoved', 'cem'));

    const seen = streams.map(({ results }) =>
      results.flatMap((result) => {
        const event = eventOf(result);
        if (event?.__typename === 'TypingStarted') return `${event.user?.id} types`;
        return event?.__typename === 'CursorMoved' ? `${event.user?.id} ${event.clientId}` : [];
      }),
    );
    const all = ['ada one', 'ada types', 'ada two', 'bob one', 'bob null', 'cem null'];
    expect(seen).toEqual([
      all.slice(2),
      all.filter((event) => event !== 'ada two'),
      all.filter((event) => event !== 'bob one'),
      // Who has not said which client it is misses what the whole user does.
      all.filter((event) => !event.startsWith('bob')),
    ]);
    expect(server.counts().audiences).toBe(1);
  });

  it('[P9] are different audiences in different tenants', async () => {
    const eve = await server.enter('ada', { tenant: 'other', name: 'Eve' });
    await createDocument(eve, id, { content: 'their text' });
    const [ours, theirs] = [ada, eve].map((guest) => guest.subscribe(SESSION, { id })) as [Stream, Stream];
    await Promise.all([ours.next(), theirs.next()]);
    expect(server.counts()).toMatchObject({ audiences: 2, sessions: 2 });
    await must(eve.ask(MOVE, { id, at: 3 }));
    server.clock.advance(STATE_INTERVAL_MS);
    const seen = await theirs.find((result) => cursorOf(sessionOf(result), 'ada') === 3);
    expect(JSON.stringify(seen)).toContain('Eve');
    await must(ada.ask('{ viewer { tenantId } }'));
    expect(JSON.stringify(ours.results)).not.toMatch(/Eve|"position":3/);
  });
});

describe('[P7] many readers of a session, one of whom is taken out', () => {
  it('lose that one at once, on every connection, and go on', async () => {
    const rita = await Promise.all(['one', 'two'].map((clientId) => server.enter('rita', { clientId })));
    const bob = await server.enter('bob');
    const ended = [
      ...rita.flatMap((guest) => [EVENTS, SESSION].map((query) => guest.subscribe(query, { id }))),
      await server.follow('rita', EVENTS, { id }),
      await server.follow('rita', SESSION, { id }),
    ];
    const staying = [EVENTS, SESSION].map((query) => bob.subscribe(query, { id })) as [Stream, Stream];
    await untilIn(5, [...ended, ...staying]);
    expect(server.counts()).toMatchObject({ audiences: 2, eventStreams: 2 });

    await must(ada.ask(REMOVE, { id, user: 'rita' }));
    await must(ada.ask(MOVE, { id, at: 7 }));
    // No other timer is waited for than the pause between two values of a session.
    server.clock.advance(STATE_INTERVAL_MS);
    for (const stream of ended) {
      const results = await stream.ended();
      expect(codeOf(results.at(-1) ?? {})).toBe('FORBIDDEN');
      expect(results.filter(({ errors }) => errors)).toHaveLength(1);
      expect(JSON.stringify(results)).not.toMatch(/CursorMoved|"position":7/);
    }
    await staying[0].find(isEvent('CursorMoved', 'ada'));
    server.clock.advance(STATE_INTERVAL_MS);
    await staying[1].find((result) => cursorOf(sessionOf(result), 'ada') === 7);
    expect(sessionOf(newest(staying[1]))?.participants.map(({ user }) => user.id)).toEqual(['bob', 'ada']);
    expect(server.counts()).toMatchObject({ audiences: 2, eventStreams: 0 });
  });
});

describe('[P6] a slow reader of a session', () => {
  /** Changes of so many characters: 18 MB, far more than the buffers between two sockets hold. */
  const FILLING = 300;
  const CHARS = 60_000;
  const MOVES = 60;

  it('gets what is newest when it reads on, not what was in between', async () => {
    const [slow, swift] = [await server.enter('bob'), await server.enter('cem')];
    slow.subscribe(CHANGES, { id, after: 0 });
    const late = slow.subscribe(SESSION, { id });
    const live = swift.subscribe(SESSION, { id });
    await untilIn(2, [late, live]);
    slow.socket.ws.pause();
    const content = '.'.repeat(CHARS);
    await must(ada.ask(REPLACE, { id, length: TEXT.length, content }));
    for (let count = 0; count < FILLING; count += 10) {
      await Promise.all(
        Array.from({ length: 10 }, () => must(ada.ask(REPLACE, { id, length: CHARS, content }))),
      );
    }
    const before = late.results.length;
    for (let at = 1; at <= MOVES; at += 1) {
      await must(ada.ask(MOVE, { id, at }));
      server.clock.advance(STATE_INTERVAL_MS);
      await live.find((result) => cursorOf(sessionOf(result), 'ada') === at);
    }
    expect(late.results).toHaveLength(before);
    slow.socket.ws.resume();
    await late.find((result) => cursorOf(sessionOf(result), 'ada') === MOVES);
    // One was made before there was no room, one more may be; the next one is the newest.
    expect(late.results.length - before).toBeLessThanOrEqual(3);
    expect(live.results.length).toBeGreaterThan(MOVES);
  });
});

describe('what is made for each viewer', () => {
  it('is no audience: the roles of DocumentUpdated are their own', async () => {
    const roles = { ada: 'OWNER', bob: 'EDITOR', cem: 'EDITOR', rita: 'VIEWER' };
    const readers = await Promise.all(
      Object.entries(roles).map(async ([userId, role]) => {
        const guest = await server.enter(userId);
        return { role, stream: guest.subscribe(UPDATED, { id }) };
      }),
    );
    await untilIn(
      4,
      readers.map(({ stream }) => stream),
    );
    expect(server.counts().audiences).toBe(0);
    await must(ada.ask(RENAME, { id, title: 'Renamed' }));
    for (const { role, stream } of readers) {
      const { data } = await stream.find((result) => eventOf(result)?.__typename === 'DocumentUpdated');
      expect(data?.['collaborationEvents']).toMatchObject({
        document: { title: 'Renamed', viewerRole: role },
      });
    }
  });

  it('is no audience: each asks for the recent changes itself', async () => {
    const guests = await Promise.all(['bob', 'cem', 'rita'].map((userId) => server.enter(userId)));
    const streams = guests.map((guest) => guest.subscribe(RECENT, { id }));
    await untilIn(3, streams);
    expect(server.counts().audiences).toBe(0);
    await must(ada.ask(REPLACE, { id, length: TEXT.length, content: 'another text' }));
    await must(ada.ask(MOVE, { id, at: 1 }));
    server.clock.advance(STATE_INTERVAL_MS);
    for (const stream of streams) {
      await stream.find((result) => JSON.stringify(result).includes('another text'));
      expect(codeOf(newest(stream))).toBeUndefined();
    }
    const reader = guests[0]?.subscribe(CHANGES, { id, after: 0 });
    await reader?.find((result) => changeOf(result)?.revision === 2);
    // What is shared stays so beside it.
    expect(server.counts().audiences).toBe(1);
  });
});
