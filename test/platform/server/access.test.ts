import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Edge, startEdge } from './edge.ts';
import { rawRequest } from './raw-request.ts';

describe('pages of other origins', () => {
  let edge: Edge | undefined;
  afterEach(() => edge?.server.close());
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });

  it('may not POST when only the same origin is allowed, and get no CORS headers', async () => {
    edge = await startEdge();
    const body = JSON.stringify({ query: '{ hello }' });
    const post = (origin: string) =>
      rawRequest(edge as Edge, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin, host: `localhost:${edge?.port}` },
        body,
      });
    for (const origin of [
      'https://evil.example',
      'null',
      `http://localhost:${edge.port}.evil.example`,
      'http://localhost',
    ]) {
      const response = await post(origin);
      expect([origin, response.status]).toEqual([origin, 403]);
      expect(response.headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(edge.calls).toEqual([]);
    expect((await post(`http://localhost:${edge.port}`)).status).toBe(200);
    expect((await rawRequest(edge, preflight('https://evil.example'))).status).toBe(403);
  });

  it('may when their origin is allowed, exactly, and without credentials', async () => {
    edge = await startEdge({ allowedOrigins: ['https://good.example'] });
    const allowed = await rawRequest(edge, preflight('https://good.example'));
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://good.example',
      'access-control-allow-headers': expect.stringContaining('authorization') as string,
      vary: 'Origin',
    });
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    const headers = { 'content-type': 'application/json', origin: 'https://good.example' };
    const answered = await rawRequest(edge, { method: 'POST', headers, body: '{"query":"{ hello }"}' });
    expect([answered.status, answered.headers['access-control-allow-origin']]).toEqual([
      200,
      'https://good.example',
    ]);
    for (const origin of [
      'https://good.example.evil',
      'https://evilgood.example',
      'http://good.example',
      'null',
    ]) {
      expect((await rawRequest(edge, preflight(origin))).status).toBe(403);
      const refused = await rawRequest(edge, { method: 'POST', headers: { ...headers, origin }, body: '{}' });
      expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
  });
});

describe('development mode', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge({ development: true });
  });
  afterAll(() => edge.server.close());

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', '192.168.1.5', '[::2]'])(
    'is for this machine: the Host %s is 403, with its own Origin too',
    async (name) => {
      const host = `${name}:${edge.port}`;
      const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' };
      for (const path of ['/graphql', '/health/live'])
        expect((await rawRequest(edge, { path, headers })).status).toBe(403);
      expect(
        (await rawRequest(edge, { method: 'POST', headers, body: '{"query":"{ hello }"}' })).status,
      ).toBe(403);
    },
  );

  it.each(['localhost', 'LOCALHOST:80', '127.0.0.1', '127.1.2.3:9', '[::1]:4000'])(
    'answers as %s',
    async (host) => {
      expect((await rawRequest(edge, { path: '/health/live', headers: { host } })).status).toBe(200);
    },
  );
});

describe('production', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge({ production: true, graphiql: false });
  });
  afterAll(() => edge.server.close());
  const introspection = '{ __schema { types { name } } }';

  it('shows no type by POST, GET or event stream', async () => {
    for (const query of [
      introspection,
      '{ __type(name: "Page") { name } }',
      'query { a: __schema { queryType { name } } }',
    ]) {
      const search = `?query=${encodeURIComponent(query)}`;
      const texts = await Promise.all([
        edge.post({ query }).then((response) => response.text()),
        edge.post({ query }, { accept: 'text/event-stream' }).then((response) => response.text()),
        fetch(`${edge.url}/graphql${search}`).then((response) => response.text()),
        fetch(`${edge.url}/graphql${search}`, { headers: { accept: 'text/html' } }).then((response) =>
          response.text(),
        ),
      ]);
      expect(texts.join()).not.toMatch(/"name"|PlaceInput|"data":\{/);
    }
  });

  it('suggests nothing', async () => {
    const wrong = [
      '{ helo }',
      '{ page { nubmer } }',
      '{ echo(n: 1, txt: "") }',
      'query ($p: PlaceInptu) { hello }',
    ];
    for (const query of wrong) {
      const text = await (await edge.post({ query })).text();
      expect(text).toContain('BAD_USER_INPUT');
      expect(text).not.toContain('Did you mean');
    }
    const variables = { p: { positoin: 1 } };
    const coerced = await edge.post({ query: 'query ($p: PlaceInput) { echo(n: 1, place: $p) }', variables });
    expect(await coerced.text()).not.toContain('Did you mean');
  });

  it('has introspection when GraphiQL is asked for', async () => {
    const open = await startEdge({ production: true, graphiql: true });
    try {
      expect(await (await open.post({ query: introspection })).text()).toContain('PlaceInput');
    } finally {
      await open.server.close();
    }
  });
});

describe('health', () => {
  let edge: Edge | undefined;
  afterEach(() => edge?.server.close());

  it('is live and ready when every component is', async () => {
    edge = await startEdge({ ready: async () => ({ database: 'ok', broker: 'ok' }) });
    expect(await (await fetch(`${edge.url}/health/live`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${edge.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ok', components: { database: 'ok', broker: 'ok' } },
    ]);
  });

  it('is not ready when one is not, and says which', async () => {
    edge = await startEdge({ ready: async () => ({ database: 'ok', broker: 'no connection' }) });
    const ready = await fetch(`${edge.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'unavailable', components: { database: 'ok', broker: 'no connection' } },
    ]);
  });

  it('is not ready when the check fails', async () => {
    edge = await startEdge({ ready: () => Promise.reject(new Error('disk on fire')) });
    const ready = await fetch(`${edge.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).not.toContain('fire');
  });
});
