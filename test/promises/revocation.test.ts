import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import {
  CHANGES,
  changeOf,
  codeOf,
  createDocument,
  EVENTS,
  follow,
  type Guest,
  insert,
  must,
  openGuest,
  revisions,
  SESSION,
  type Stream,
  WAYS,
} from './guest.ts';

const REMOVE =
  'mutation ($id: ID!, $user: ID!) { removeCollaborator(documentId: $id, userId: $user) { id } }';
const DELETE = 'mutation ($id: ID!) { deleteDocument(id: $id) }';
const MOVE =
  'mutation ($id: ID!) { updateCursorPosition(documentId: $id, position: { line: 0, column: 0, position: 0 }) }';

/** Changes that race the revocation. */
const RACING = 60;

let server: TestServer;
let ada: Guest;

beforeAll(async () => {
  server = await startServer();
  ada = await openGuest(server.url, 'ada');
});
afterAll(async () => {
  ada.socket.ws.terminate();
  await server.stop();
});

/** Types while somebody else is taken out in the middle of it, and then what nobody else may see. */
async function typeThrough(id: string, end: () => Promise<unknown>): Promise<{ removedBefore: number }> {
  const typed = Array.from({ length: RACING }, (_, index) => insert(ada, id, `${index} `));
  await Promise.race(typed);
  await end();
  await Promise.allSettled(typed);
  const removedBefore = await insert(ada, id, 'secret').catch(() => Number.POSITIVE_INFINITY);
  await insert(ada, id, 'secret').catch(() => undefined);
  return { removedBefore };
}

/** The server has said all that it will say of these changes once it answers what was asked after them. */
async function expectSilent(stream: Stream, results: number): Promise<void> {
  await must(ada.ask('{ viewer { tenantId } }'));
  expect(stream.results).toHaveLength(results);
}

describe.each(WAYS)('[P7] by %s', (way) => {
  it('a reader who is taken out gets FORBIDDEN as the last message, and nothing that was committed later', async () => {
    const id = `revoked-${way.replace(' ', '-')}`;
    await createDocument(ada, id, { content: 'first', editors: ['rita'] });
    const stream = await follow(way, server.url, 'rita', CHANGES, { id, after: 0 });
    expect(changeOf(await stream.next())).toMatchObject({ revision: 1 });
    const { removedBefore } = await typeThrough(id, () => must(ada.ask(REMOVE, { id, user: 'rita' })));
    const results = await stream.ended();
    const changes = results.slice(0, -1).map(changeOf);
    expect(codeOf(results.at(-1) ?? {})).toBe('FORBIDDEN');
    expect(changes.map((change) => change?.revision)).toEqual(revisions(1, changes.length));
    expect(changes.length).toBeLessThan(removedBefore);
    expect(JSON.stringify(results)).not.toContain('secret');
    await expectSilent(stream, results.length);
    stream.stop();

    const again = await follow(way, server.url, 'rita', CHANGES, { id, after: 0 });
    expect((await again.ended()).map(codeOf)).toEqual(['NOT_FOUND']);
    again.stop();
  });

  it('a reader of a document that is deleted gets NOT_FOUND as the last message', async () => {
    const id = `deleted-${way.replace(' ', '-')}`;
    await createDocument(ada, id, { content: 'first', editors: ['rita'] });
    const stream = await follow(way, server.url, 'rita', CHANGES, { id, after: 0 });
    await stream.next();
    await typeThrough(id, () => must(ada.ask(DELETE, { id })));
    const results = await stream.ended();
    expect(codeOf(results.at(-1) ?? {})).toBe('NOT_FOUND');
    const changes = results.slice(0, -1).map(changeOf);
    expect(changes.map((change) => change?.revision)).toEqual(revisions(1, changes.length));
    await expectSilent(stream, results.length);
    stream.stop();
  });

  it.each([
    ['collaborationEvents', EVENTS],
    ['collaborationUpdates', SESSION],
  ])('%s end the same way, for who is taken out and for all when the document goes', async (name, query) => {
    const id = `${name}-${way.replace(' ', '-')}`;
    await createDocument(ada, id, { editors: ['rita', 'bob'] });
    const streams = await Promise.all(
      ['rita', 'bob'].map((user) => follow(way, server.url, user, query, { id })),
    );
    const [ritas, bobs] = streams as [Stream, Stream];
    await Promise.all(streams.map((stream) => stream.next()));
    await must(ada.ask(REMOVE, { id, user: 'rita' }));
    await must(ada.ask(MOVE, { id }));
    const seen = await ritas.ended();
    expect(codeOf(seen.at(-1) ?? {})).toBe('FORBIDDEN');
    expect(JSON.stringify(seen)).not.toContain('CursorMoved');
    await must(ada.ask(DELETE, { id }));
    expect(codeOf((await bobs.ended()).at(-1) ?? {})).toBe('NOT_FOUND');
    await expectSilent(ritas, seen.length);
    for (const stream of streams) stream.stop();
  });
});
