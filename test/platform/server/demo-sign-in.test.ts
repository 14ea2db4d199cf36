import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Edge, startEdge } from './edge.ts';
import { rawRequest } from './raw-request.ts';

const demoUsers = ['Ada', 'Linus'].map((name) => ({ name, token: async () => name.toLowerCase() }));

describe('signing in as a demo user', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge({ development: true, demoUsers, allowedOrigins: ['https://app.example'] });
  });
  afterAll(() => edge.server.close());

  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    rawRequest(edge, { method, path, headers: { host: `localhost:${edge.port}`, ...headers } });

  it('lists who may, and gives a token that does', async () => {
    const list = await ask('GET', '/api/demo-users');
    expect([list.status, JSON.parse(list.body)]).toEqual([
      200,
      { users: [{ name: 'Ada' }, { name: 'Linus' }] },
    ]);
    const { status, headers, body } = await ask('POST', '/api/demo-users/Linus', {
      origin: `http://localhost:${edge.port}`,
    });
    expect([status, JSON.parse(body)]).toEqual([200, { token: 'linus' }]);
    expect(headers['cache-control']).toBe('no-store');
    const { token } = JSON.parse(body) as { token: string };
    const who = await edge.post({ query: '{ who }' }, { authorization: `Bearer ${token}` });
    expect(await who.json()).toEqual({ data: { who: 'linus' } });
  });

  it.each(['https://evil.example', 'null', 'https://app.example', 'http://localhost:1'])(
    'is nothing for pages of %s, not even of an origin that may use the API',
    async (origin) => {
      for (const [method, path] of [
        ['GET', '/api/demo-users'],
        ['POST', '/api/demo-users/Ada'],
        ['OPTIONS', '/api/demo-users/Ada'],
      ] as const) {
        const { status, headers, body } = await ask(method, path, { origin });
        expect(status).toBe(403);
        expect(headers).not.toHaveProperty('access-control-allow-origin');
        expect(body).not.toContain('token"');
      }
    },
  );

  it('is nothing for a name that was made to mean this machine', async () => {
    const { status } = await ask('POST', '/api/demo-users/Ada', { host: 'evil.example' });
    expect(status).toBe(403);
  });

  it('goes by POST only, so that no link or image does it', async () => {
    expect((await ask('GET', '/api/demo-users/Ada')).status).toBe(405);
    expect((await ask('POST', '/api/demo-users')).status).toBe(405);
  });

  it.each(['eve', 'Ada/..', '%41da', ''])('knows nobody called "%s"', async (name) => {
    expect((await ask('POST', `/api/demo-users/${name}`)).status).toBe(404);
  });

  it('is not there outside of development mode', async () => {
    const open = await startEdge({ demoUsers });
    try {
      for (const [method, path] of [
        ['GET', '/api/demo-users'],
        ['POST', '/api/demo-users/Ada'],
      ] as const)
        expect((await rawRequest(open, { method, path })).status).toBe(404);
    } finally {
      await open.server.close();
    }
  });
});
