import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import {
  CHANGES,
  changeOf,
  createDocument,
  follow,
  type Guest,
  insert,
  openGuest,
  type Result,
  revisions,
  type Stream,
  WAYS,
} from './guest.ts';

let server: TestServer;
let ada: Guest;
const guests: Guest[] = [];

async function enter(userId: string, clientId?: string): Promise<Guest> {
  const guest = await openGuest(server.url, userId, clientId === undefined ? {} : { clientId });
  guests.push(guest);
  return guest;
}

beforeAll(async () => {
  server = await startServer();
  ada = await enter('ada');
});
afterAll(async () => {
  for (const { socket } of guests) socket.ws.terminate();
  await server.stop();
});

const has = (content: string) => (result: Result) => changeOf(result)?.content === content;
const revisionsOf = (stream: Stream) => stream.results.map((result) => changeOf(result)?.revision);

describe.each(WAYS)('[P4] documentChanges by %s', (way) => {
  it('replays, goes on live, and is resumed where it broke off, each revision once', async () => {
    const id = `log-${way.replace(' ', '-')}`;
    await createDocument(ada, id, { content: 'first', editors: ['bob'] });
    const writing = Array.from({ length: 40 }, (_, index) => insert(ada, id, `${index} `));
    let after = 0;
    while (after < 41) {
      const stream = await follow(way, server.url, 'bob', CHANGES, { id, after });
      // It breaks off after a few, at another place each time.
      for (let count = 0; count < 7 && after < 41; count += 1) {
        expect(changeOf(await stream.next())?.revision).toBe(after + 1);
        after += 1;
      }
      stream.stop();
    }
    await Promise.all(writing);
    const whole = await follow(way, server.url, 'bob', CHANGES, { id, after: 0 });
    await insert(ada, id, 'last');
    await whole.find(has('last'));
    expect(revisionsOf(whole)).toEqual(revisions(1, 42));
    whole.stop();
  });
});

it('[P4] documentChanges come to an EventSource, which can only GET', async () => {
  await createDocument(ada, 'get', { content: 'first' });
  const query = 'subscription { documentChanges(documentId: "get", after: 0, echo: true) { content } }';
  const response = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${await tokenFor('ada')}` },
  });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    if (text.endsWith('\n\n') && text.includes('event: next')) break;
  }
  expect(text).toMatch(/^data: ?{"data":{"documentChanges":{"content":"first"}}}$/m);
});

describe('whose changes come', () => {
  it('with two tabs: those of the other tab and of others; one’s own with echo alone', async () => {
    const id = 'echo';
    await createDocument(ada, id, { editors: ['bob'] });
    const [one, two, bob] = await Promise.all([
      enter('ada', 'one'),
      enter('ada', 'two'),
      enter('bob', 'one'),
    ]);
    const open = (guest: Guest, echo: boolean) => guest.subscribe(CHANGES, { id, echo, after: 0 });
    const streams = {
      one: open(one, false),
      two: open(two, false),
      echo: open(one, true),
      unnamed: open(ada, false),
      bob: open(bob, false),
    };
    await insert(one, id, 'of one');
    await insert(two, id, 'of two');
    await insert(bob, id, 'of bob');
    await insert(ada, id, 'of no tab');
    const end = await enter('bob', 'end');
    await insert(end, id, 'end');
    for (const stream of Object.values(streams)) await stream.find(has('end'));
    const seen = Object.entries(streams).map(([name, { results }]) => [
      name,
      results.map((result) => changeOf(result)?.content).join(', '),
    ]);
    expect(Object.fromEntries(seen)).toEqual({
      one: 'of two, of bob, of no tab, end',
      two: 'of one, of bob, of no tab, end',
      echo: 'of one, of two, of bob, of no tab, end',
      unnamed: 'of bob, end',
      bob: 'of one, of two, of no tab, end',
    });
    expect(streams.echo.results.map((result) => changeOf(result)?.clientId)).toEqual([
      'one',
      'two',
      'one',
      null,
      'end',
    ]);
  });
});
