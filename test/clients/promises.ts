import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { SocketOptions } from '../../examples/graphql-ws/socket.ts';
import {
  AddCollaboratorDocument,
  ApplyDocumentChangeDocument,
  CreateDocumentDocument,
  DeleteDocumentDocument,
  DocumentTextDocument,
  RemoveCollaboratorDocument,
  type Role,
  StartProcessingDocument,
} from '../../src/sdk/generated.ts';
import { revisions } from '../promises/guest.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { Random } from '../support/random.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import { startSilentProxy } from './silent-proxy.ts';
import type { Following, OpenClient, Refused, TestedClient } from './tested-client.ts';

/** Milliseconds that what is to come may take, on a busy machine. */
const PATIENCE_MS = 30_000;
/** Of the lengths of connections. */
const SEED = 4;
/** Bytes after which the proxy cuts a connection: enough for one to get somewhere, too few for many changes. */
const MIN_LIFE_BYTES = 5_000;
const MAX_LIFE_BYTES = 15_000;
const CHANGES_WHILE_CUT = 60;
const MIN_CONNECTIONS = 5;
/** Milliseconds that an attempt to connect again waits at most, the first time. */
const RETRY_MS = 20;
/** Milliseconds between two pings where a network goes silent, and after which a ping without an answer says so. */
const PING_MS = 500;
/** Milliseconds that a token is good for which is to expire in the middle of a stream. */
const SHORT_TOKEN_MS = 2_000;

/** What each client has to hold, whichever it is: the promises of docs/protocol.md as far as they take a client to hold. */
export function holdPromises(open: OpenClient): void {
  let server: TestServer;
  let ada: TestClient;
  const clients: TestedClient[] = [];

  beforeAll(async () => {
    server = await startServer();
    ada = createClient({ url: server.url, userId: 'ada' });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  afterAll(async () => {
    await ada.close();
    await server.stop();
  });

  const toSocketUrl = (url: string): string => `${url.replace('http', 'ws')}/graphql`;

  function enter(
    token: () => Promise<string>,
    { url = server.url, ...options }: Partial<SocketOptions> = {},
  ): TestedClient {
    const client = open({ url: toSocketUrl(url), token, retryMs: RETRY_MS, ...options });
    clients.push(client);
    return client;
  }
  const linusAt = (url?: string): TestedClient => enter(() => tokenFor('linus'), { url });

  /** A document of Ada's, which Linus may read. */
  async function create(id: string, content: string, role: Role = 'EDITOR'): Promise<void> {
    await ada.request(CreateDocumentDocument, { input: { id, title: 'Notes', content } });
    await ada.request(AddCollaboratorDocument, { documentId: id, userId: 'linus', role });
  }

  async function insertAsAda(documentId: string, content: string): Promise<void> {
    const change = { changeType: 'INSERT', position: 0, content } as const;
    await ada.request(ApplyDocumentChangeDocument, { documentId, change });
  }

  /** Expects all events of a log up to one to have come, each once and in order. */
  async function expectAll({ cursors: seen }: Following, newest: number): Promise<void> {
    await expect.poll(() => seen.length, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(newest);
    expect(seen).toEqual(revisions(1, newest));
  }

  const reasonsOf = (failing: Promise<unknown>) =>
    failing.then(
      () => 'it did not fail',
      (error: Refused) => error.reasons ?? error,
    );

  it('[P2] reads, changes, and repeats a change without harm', async () => {
    await create('plain', 'world');
    const linus = linusAt();
    expect(await linus.insert('plain', 'Hello, ', 'hello')).toEqual({ revision: 2, replayed: false });
    expect(await linus.insert('plain', 'Hello, ', 'hello')).toEqual({ revision: 2, replayed: true });
    expect(await linus.read('plain')).toBe('Hello, world');
  });

  it(`[P2] [P4] cut off again and again: changes applied once, revisions seen once, seed ${SEED}`, async () => {
    const random = new Random(SEED);
    let connections = 0;
    const proxy = await startProxy(server.url, () => {
      connections += 1;
      return random.between(MIN_LIFE_BYTES, MAX_LIFE_BYTES);
    });
    onTestFinished(() => proxy.close());
    await create('cut', '');
    const linus = linusAt(proxy.url);
    const following = linus.follow('cut', 0);
    const pieces = Array.from({ length: CHANGES_WHILE_CUT }, (_, index) => `${index};`);
    for (const piece of pieces) await linus.insert('cut', piece, `cut-${piece.replace(';', '')}`);
    proxy.heal();
    await expectAll(following, CHANGES_WHILE_CUT);
    expect(connections).toBeGreaterThan(MIN_CONNECTIONS);
    expect(await linus.read('cut')).toBe(pieces.toReversed().join(''));
  }, 90_000);

  it('[P1] [P4] goes on without a gap when the server was killed and started again', async () => {
    await create('killed', 'first');
    const linus = linusAt();
    const following = linus.follow('killed', 0);
    await insertAsAda('killed', 'second');
    await expectAll(following, 2);
    await server.kill();
    // It waits for a server, and is sent to the new one.
    const inserting = linus.insert('killed', 'third', 'third');
    await server.restart();
    expect(await inserting).toMatchObject({ revision: 3 });
    await insertAsAda('killed', 'fourth');
    await expectAll(following, 4);
  }, 90_000);

  it('[P4] alerts go on behind the last one that was seen when the server was killed', async () => {
    const text = 'My card is 4111 1111 1111 1111.';
    const following = linusAt().followAlerts('0');
    await create('card-1', text);
    await ada.request(StartProcessingDocument, { documentId: 'card-1' });
    await expectAll(following, 1);
    await server.kill();
    await server.restart();
    await create('card-2', text);
    await ada.request(StartProcessingDocument, { documentId: 'card-2' });
    await expectAll(following, 2);
    expect(following.contents).toEqual(['card-1', 'card-2']);
  }, 90_000);

  it('[P4] goes on without a gap when the network has gone silent', async () => {
    const proxy = await startSilentProxy(server.url);
    onTestFinished(() => proxy.close());
    await create('silent', 'first');
    const linus = enter(() => tokenFor('linus'), { url: proxy.url, pingMs: PING_MS });
    const following = linus.follow('silent', 0);
    await expectAll(following, 1);
    proxy.silence();
    await insertAsAda('silent', 'second');
    await expectAll(following, 2);
  }, 90_000);

  it('[P4] a reader who comes later gets the whole log, too', async () => {
    await create('shared', 'first');
    const linus = linusAt();
    const early = linus.follow('shared', 0);
    await expectAll(early, 1);
    const late = linus.follow('shared', 0);
    await expectAll(late, 1);
    await insertAsAda('shared', 'second');
    await expectAll(early, 2);
    await expectAll(late, 2);
  });

  it('[P4] asks for a new token when the old one has expired, and goes on without a gap', async () => {
    await create('expiring', 'first');
    let asked = 0;
    const linus = enter(() => {
      asked += 1;
      return tokenFor('linus', asked === 1 ? { expiresIn: SHORT_TOKEN_MS } : {});
    });
    const following = linus.follow('expiring', 0);
    await expectAll(following, 1);
    await expect.poll(() => asked, { timeout: PATIENCE_MS }).toBe(2);
    await insertAsAda('expiring', 'second');
    await expectAll(following, 2);
  }, 90_000);

  it('[P4] asks again for a log that the server cannot give at the moment', async () => {
    const small = await startServer({ env: { LIMIT_SUBSCRIPTIONS_PER_SOCKET: '1' } });
    onTestFinished(() => small.stop());
    const owner = createClient({ url: small.url, userId: 'linus' });
    onTestFinished(() => owner.close());
    await owner.request(CreateDocumentDocument, { input: { id: 'one', title: 'One', content: 'first' } });
    const linus = linusAt(small.url);
    const first = linus.follow('one', 0);
    await expectAll(first, 1);
    const second = linus.follow('one', 0);
    await expect.poll(() => linus.refusals, { timeout: PATIENCE_MS }).toBe(1);
    first.stop();
    await expectAll(second, 1);
    expect(second.ended).toBeUndefined();
  }, 90_000);

  it('does not begin a log without a cursor, and says what to do', async () => {
    await create('nowhere', 'first');
    const following = linusAt().follow('nowhere');
    await expect.poll(() => following.ended).toBeDefined();
    expect(following.ended?.join()).toContain('begin at a cursor, or at 0');
  });

  it('tells the code when there is no valid token, for a query and for a subscription', async () => {
    await create('closed', 'first');
    const nobody = enter(async () => 'no token');
    expect(await reasonsOf(nobody.read('closed'))).toEqual([4401]);
    const following = nobody.follow('closed', 0);
    await expect.poll(() => following.ended).toEqual([4401]);
    const signedOut = enter(() => Promise.reject(new Error('signed out')));
    expect(await reasonsOf(signedOut.read('closed'))).toEqual(['signed out']);
  });

  it('tells the code of what may not be done', async () => {
    await create('read-only', 'first', 'VIEWER');
    expect(await reasonsOf(linusAt().insert('read-only', 'mine', 'mine'))).toEqual(['FORBIDDEN']);
  });

  it('gives the part of a result that there is beside the code of the one that failed', async () => {
    await create('partly', 'first');
    const { data, reasons } = await linusAt().readPartly('partly');
    expect(data).toMatchObject({ viewer: { user: { id: 'linus' } }, document: null });
    expect(reasons).toEqual(['BAD_USER_INPUT']);
  });

  it('[P7] a reader who is taken out gets FORBIDDEN at the end, and nothing that was committed later', async () => {
    await create('revoked', 'first');
    await create('other', 'still there');
    const linus = linusAt();
    const following = linus.follow('revoked', 0);
    await expectAll(following, 1);
    await ada.request(RemoveCollaboratorDocument, { documentId: 'revoked', userId: 'linus' });
    await insertAsAda('revoked', 'secret');
    await expect.poll(() => following.ended, { timeout: PATIENCE_MS }).toEqual(['FORBIDDEN']);
    const again = linus.follow('revoked', 0);
    await expect.poll(() => again.ended, { timeout: PATIENCE_MS }).toEqual(['NOT_FOUND']);
    // The socket has brought all that there was before it brings this.
    expect(await linus.read('other')).toBe('still there');
    expect(following.contents).toEqual(['first']);
    expect(again.contents).toEqual([]);
  });

  it('[P7] a reader of a document that is deleted gets NOT_FOUND at the end', async () => {
    await create('deleted', 'first');
    const following = linusAt().follow('deleted', 0);
    await expectAll(following, 1);
    await ada.request(DeleteDocumentDocument, { id: 'deleted' });
    await expect.poll(() => following.ended, { timeout: PATIENCE_MS }).toEqual(['NOT_FOUND']);
    expect((await ada.request(DocumentTextDocument, { id: 'deleted' })).document).toBeNull();
  });
}
