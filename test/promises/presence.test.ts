import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import {
  createDocument,
  EVENTS,
  eventOf,
  type Guest,
  must,
  openEventStream,
  openGuest,
  type Result,
  SESSION,
} from './guest.ts';

/** Milliseconds within which whoever has gone is gone for the others. */
const PROMPT_MS = 1_000;

const JOIN =
  'mutation ($id: ID!, $clientId: ID) { joinDocument(documentId: $id, clientId: $clientId) { startedAt } }';
const TYPE = 'mutation ($id: ID!) { setTyping(documentId: $id, typing: true) }';

let server: TestServer;
let ada: Guest;
const guests: Guest[] = [];

beforeAll(async () => {
  server = await startServer();
  ada = await openGuest(server.url, 'ada');
  guests.push(ada);
});
afterAll(async () => {
  for (const { socket } of guests) socket.ws.terminate();
  await server.stop();
});

async function bobAt(clientId: string): Promise<Guest> {
  const bob = await openGuest(server.url, 'bob', { clientId });
  guests.push(bob);
  return bob;
}

const is = (event: string) => (result: Result) => eventOf(result) === event;
/** Whether bob is in the session with so many clients; null for not at all. */
const hasBob = (clientCount: number | null) => (result: Result) => {
  const session = result.data?.['collaborationUpdates'] as
    | { participants: { user: { id: string }; clientCount: number }[] }
    | undefined;
  const bob = session?.participants.find(({ user }) => user.id === 'bob');
  return (bob?.clientCount ?? null) === clientCount;
};

/** Expects the promise to be kept within a second of the deed. */
async function expectPrompt(deed: () => void, seen: () => Promise<unknown>): Promise<void> {
  const since = performance.now();
  deed();
  await seen();
  expect(performance.now() - since).toBeLessThan(PROMPT_MS);
}

describe('[P8] presence', () => {
  it.each([
    ['closes', (guest: Guest) => guest.socket.close()],
    ['breaks', (guest: Guest) => guest.socket.ws.terminate()],
  ])('whose socket %s is gone for the others within a second', async (name, end) => {
    const id = `leaves-${name}`;
    await createDocument(ada, id, { editors: ['bob'] });
    const events = ada.subscribe(EVENTS, { id });
    await events.next();
    const bob = await bobAt('only');
    bob.subscribe(EVENTS, { id });
    await events.find(is('UserJoined bob'));
    await expectPrompt(
      () => end(bob),
      () => events.find(is('UserLeft bob')),
    );
    events.stop();
  });

  it('who leaves an event stream is gone as fast', async () => {
    const id = 'leaves-events';
    await createDocument(ada, id, { editors: ['bob'] });
    const events = ada.subscribe(EVENTS, { id });
    const stream = await openEventStream(server.url, 'bob', SESSION, { id });
    await events.find(is('UserJoined bob'));
    await expectPrompt(
      () => stream.stop(),
      () => events.find(is('UserLeft bob')),
    );
    events.stop();
  });

  it('counts tabs: joined with the first, left with the last', async () => {
    const id = 'tabs';
    await createDocument(ada, id, { editors: ['bob'] });
    const events = ada.subscribe(EVENTS, { id });
    const session = ada.subscribe(SESSION, { id });
    const first = await bobAt('first');
    first.subscribe(EVENTS, { id });
    await session.find(hasBob(1));
    const second = await bobAt('second');
    second.subscribe(SESSION, { id });
    await session.find(hasBob(2));
    // A tab may have more than one subscription.
    second.subscribe(EVENTS, { id });
    await must(second.ask(JOIN, { id }));
    first.socket.ws.terminate();
    await session.find(hasBob(1));
    expect(events.results.map(eventOf)).not.toContain('UserLeft bob');
    await expectPrompt(
      () => second.socket.ws.terminate(),
      () => events.find(is('UserLeft bob')),
    );
    await session.find(hasBob(null));
    const ofBob = events.results.map(eventOf).filter((event) => event.endsWith('bob'));
    expect(ofBob).toEqual(['UserJoined bob', 'UserLeft bob']);
    events.stop();
    session.stop();
  });

  it('a tab that has connected again is one client, and stays when its old socket goes', async () => {
    const id = 'reconnect';
    await createDocument(ada, id, { editors: ['bob'] });
    const events = ada.subscribe(EVENTS, { id });
    const session = ada.subscribe(SESSION, { id });
    const before = await bobAt('tab');
    before.subscribe(EVENTS, { id });
    await session.find(hasBob(1));
    const after = await bobAt('tab');
    await after.subscribe(EVENTS, { id }).next();
    before.socket.ws.terminate();
    await before.socket.closed();
    await must(after.ask(TYPE, { id }));
    await events.find(is('TypingStarted'));
    expect(events.results.map(eventOf)).not.toContain('UserLeft bob');
    expect(session.results.every((result) => hasBob(1)(result) || hasBob(null)(result))).toBe(true);
    events.stop();
    session.stop();
  });
});
