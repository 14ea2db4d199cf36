import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import {
  CHANGES,
  changeOf,
  codeOf,
  createDocument,
  EVENTS,
  eventOf,
  type Guest,
  insert,
  must,
  openGuest,
  revisions,
} from './guest.ts';

const ID = 'plan';
const DOCUMENT = `{ document(id: "${ID}") { content revision collaborators { user { id name } } session { activeUsers } } documents { totalCount } }`;

let server: TestServer;
/** The same user id in two tenants: two people. */
let acme: Guest;
let globex: Guest;

beforeAll(async () => {
  server = await startServer();
  acme = await openGuest(server.url, 'ada', { tenant: 'acme', name: 'Ada of Acme' });
  globex = await openGuest(server.url, 'ada', { tenant: 'globex', name: 'Ada of Globex' });
});
afterAll(async () => {
  for (const { socket } of [acme, globex]) socket.ws.terminate();
  await server.stop();
});

describe('[P9] two tenants with a document of the same id', () => {
  it('see each their own: text, log, streams, presence, names, change ids', async () => {
    await createDocument(acme, ID, { content: 'Acme: ' });
    expect(await must(globex.ask(DOCUMENT))).toEqual({ document: null, documents: { totalCount: 0 } });
    await createDocument(globex, ID, { editors: ['gus'] });

    const followed = [acme, globex].map((guest) => ({
      changes: guest.subscribe(CHANGES, { id: ID, after: 0, echo: true }),
      events: guest.subscribe(EVENTS, { id: ID }),
    }));
    const [ofAcme, ofGlobex] = followed as [(typeof followed)[0], (typeof followed)[0]];
    await Promise.all(followed.map(({ events }) => events.next()));

    const gus = await openGuest(server.url, 'gus', { tenant: 'globex' });
    gus.subscribe(EVENTS, { id: ID });
    await ofGlobex.events.find((result) => eventOf(result) === 'UserJoined gus');
    // The same changeId stands for another change in each.
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await insert(acme, ID, `a${index} `, `change-${index}`);
        await insert(globex, ID, `g${index} `, `change-${index}`);
      }),
    );
    gus.socket.close();
    await ofGlobex.events.find((result) => eventOf(result) === 'UserLeft gus');
    await insert(acme, ID, 'end');
    await insert(globex, ID, 'end');
    for (const { changes } of followed) await changes.find((result) => changeOf(result)?.content === 'end');

    const seen = followed.map(({ changes }) => changes.results.map(changeOf));
    expect(seen.map((changes) => changes.map((change) => change?.revision))).toEqual([
      revisions(1, 22),
      revisions(1, 21),
    ]);
    expect(seen.map((changes) => new Set(changes.map((change) => change?.user.name)))).toEqual([
      new Set(['Ada of Acme']),
      new Set(['Ada of Globex']),
    ]);
    expect(JSON.stringify(ofAcme.changes.results)).not.toMatch(/g\d/);
    expect(JSON.stringify(ofGlobex.changes.results)).not.toMatch(/a\d |Acme/);
    expect(ofAcme.events.results.map(eventOf)).toEqual(['SessionSnapshot']);
    expect(await must(acme.ask(DOCUMENT))).toMatchObject({
      document: {
        revision: 22,
        collaborators: [{ user: { id: 'ada', name: 'Ada of Acme' } }],
        session: { activeUsers: ['ada'] },
      },
      documents: { totalCount: 1 },
    });

    await must(globex.ask(`mutation { deleteDocument(id: "${ID}") }`));
    expect((await ofGlobex.changes.ended()).map(codeOf).at(-1)).toBe('NOT_FOUND');
    await insert(acme, ID, 'still here');
    await ofAcme.changes.find((result) => changeOf(result)?.content === 'still here');
    for (const { changes, events } of followed) {
      changes.stop();
      events.stop();
    }
  });

  it('are told apart by the token alone, whatever a header says', async () => {
    await createDocument(acme, 'ours');
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await tokenFor('ada', { tenant: 'globex' })}`,
        'x-tenant-id': 'acme',
        'x-tenant': 'acme',
      },
      body: '{"query":"{ viewer { tenantId } document(id: \\"ours\\") { id } }"}',
    });
    expect(await response.json()).toEqual({ data: { viewer: { tenantId: 'globex' }, document: null } });
  });
});
