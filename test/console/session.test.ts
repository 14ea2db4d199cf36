import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSession, type Session } from '../../src/console/session/session.ts';
import { OperationError } from '../../src/sdk/errors.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

/** A tab's storage. */
const createStorage = (): Storage => {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
    clear: () => values.clear(),
  };
};

const ada = { id: 'ada', name: 'Ada', tenantId: 'default' };

describe('a session of the console', () => {
  let server: TestServer;
  let storage: Storage;
  let session: Session;
  beforeAll(async () => {
    server = await startServer();
    // A page's addresses are relative to it.
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', (path: string, init?: RequestInit) => fetch(new URL(path, server.url), init));
  });
  afterAll(async () => {
    vi.unstubAllGlobals();
    await server.stop();
  });
  beforeEach(() => {
    storage = createStorage();
    session = createSession(storage);
  });

  it('begins with nobody, and gives no token then', async () => {
    expect(session.state.current).toEqual({ status: 'out', problem: null });
    await expect(session.credentialsOf(ada).token()).rejects.toBeInstanceOf(OperationError);
  });

  it('knows who has signed in, also when the page is loaded again', async () => {
    const token = await tokenFor('ada', { name: 'Ada', tenant: 'acme' });
    await session.signIn(token);
    const signedIn = { status: 'in', user: { id: 'ada', name: 'Ada', tenantId: 'acme' } };
    expect(session.state.current).toEqual(signedIn);
    const again = createSession(storage);
    expect(again.state.current).toEqual({ status: 'checking' });
    await again.resume();
    expect(again.state.current).toEqual(signedIn);
    expect(await again.credentialsOf({ ...ada, tenantId: 'acme' }).token()).toBe(token);
  });

  it('keeps nothing of a token that is refused', async () => {
    await expect(session.signIn('forged')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect([session.state.current.status, storage.length]).toEqual(['out', 0]);
  });

  it('says why the token that was kept does not do any more', async () => {
    await session.signIn(await tokenFor('ada'));
    const [key = ''] = [storage.key(0) ?? ''];
    storage.setItem(key, await tokenFor('ada', { expiresIn: -60_000 }));
    const again = createSession(storage);
    await again.resume();
    expect(again.state.current).toMatchObject({ status: 'out', problem: { code: 'UNAUTHENTICATED' } });
    expect(storage.length).toBe(0);
  });

  it('lets requests wait for the next token when one has expired', async () => {
    const credentials = session.credentialsOf(ada);
    const first = await tokenFor('ada');
    await session.signIn(first);
    credentials.expire('another one');
    expect(session.state.current.status).toBe('in');
    credentials.expire(first);
    expect(session.state.current).toMatchObject({ status: 'expired', user: { id: 'ada' } });
    const waiting = [credentials.token(), credentials.token()];
    const second = await tokenFor('ada', { expiresIn: 7_200_000 });
    await session.signIn(second);
    expect(await Promise.all(waiting)).toEqual([second, second]);
  });

  it('lets nothing that has waited go on when its user has signed out', async () => {
    const credentials = session.credentialsOf(ada);
    const token = await tokenFor('ada');
    await session.signIn(token);
    credentials.expire(token);
    const waiting = credentials.token();
    session.signOut();
    await expect(waiting).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect([session.state.current.status, storage.length]).toEqual(['out', 0]);
  });

  it.each([
    ['somebody else', 'linus', 'default'],
    ['one of the same id in another tenant', 'ada', 'acme'],
  ])('lets nothing that has waited go on in the name of %s', async (_who, id, tenant) => {
    const credentials = session.credentialsOf(ada);
    const token = await tokenFor('ada');
    await session.signIn(token);
    credentials.expire(token);
    const waiting = credentials.token();
    const refused = expect(waiting).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await session.signIn(await tokenFor(id, { tenant }));
    await refused;
    await expect(credentials.token()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('keeps a token while the server is away', async () => {
    await session.signIn(await tokenFor('ada'));
    await server.kill();
    const again = createSession(storage);
    await again.resume();
    expect(again.state.current).toMatchObject({ status: 'out', problem: { code: 'CONNECTION' } });
    expect(storage.length).toBe(1);
    await server.restart();
    await again.resume();
    expect(again.state.current.status).toBe('in');
  });
});
