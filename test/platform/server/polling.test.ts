import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { QuireError } from '../../../src/platform/errors.ts';
import { type Edge, startEdge } from './edge.ts';
import { rawRequest } from './raw-request.ts';

const COLD = { state: 'on', degrees: 20, boils: false };
const WARM = { ...COLD, degrees: 60 };
const OFF = { ...WARM, state: 'off' };
const BOILING = { state: 'on', degrees: 100, boils: true };

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const errorOf = (body: string): unknown => {
  const { errors } = JSON.parse(body) as {
    errors: { message: string; extensions: Record<string, unknown> }[];
  };
  return { message: errors[0]?.message, ...errors[0]?.extensions };
};

describe('what can be polled', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge.server.close());
  beforeEach(() => {
    edge.calls.length = 0;
    edge.lines.length = 0;
    edge.kettles.clear();
    edge.kettles.set('k', COLD);
  });

  const get = (path = '/api/kettles/k', headers: Record<string, string> = {}, method = 'GET') =>
    rawRequest(edge, { method, path, headers: { ...bearer('ada'), ...headers } });
  const tag = async (): Promise<string> => String((await get()).headers['etag']);

  it('is answered with what the operation gives, as an operation that is logged', async () => {
    const { status, headers, body } = await get();
    expect([status, JSON.parse(body)]).toEqual([200, COLD]);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(body.length),
      'cache-control': 'private, no-cache',
      vary: 'Authorization',
      'x-content-type-options': 'nosniff',
    });
    expect(edge.lines).toMatchObject([{ operation: 'Polled', kind: 'query', user: 'ada', code: 'OK' }]);
  });

  it('has another ETag exactly when its state is another', async () => {
    const cold = await tag();
    expect(cold).toMatch(/^W\/"[\w-]{43}"$/);
    edge.kettles.set('k', WARM);
    expect(await tag()).toBe(cold);
    edge.kettles.set('k', OFF);
    const off = await tag();
    expect(off).not.toBe(cold);
    edge.kettles.set('k', BOILING);
    expect([cold, off]).not.toContain(await tag());
    edge.kettles.set('k', COLD);
    expect(await tag()).toBe(cold);
  });

  it('is 304 without a body for whoever knows the state, however the ETag is sent', async () => {
    const cold = await tag();
    edge.kettles.set('k', WARM);
    for (const known of [cold, cold.slice(2), `"other", ${cold}`, `${cold},"x"`, '*']) {
      const { status, headers, body } = await get(undefined, { 'if-none-match': known });
      expect([known, status, body]).toEqual([known, 304, '']);
      expect(headers).toMatchObject({ etag: cold, 'cache-control': 'private, no-cache', 'retry-after': '2' });
    }
    edge.kettles.set('k', BOILING);
    for (const known of [cold, '"x"', '', 'W/', '""']) {
      const { status, body } = await get(undefined, { 'if-none-match': known });
      expect([known, status, JSON.parse(body)]).toEqual([known, 200, BOILING]);
    }
  });

  it('says when to come again for as long as it is open', async () => {
    expect((await get()).headers['retry-after']).toBe('2');
    edge.kettles.set('k', BOILING);
    const ended = await get();
    expect(ended.headers['retry-after']).toBeUndefined();
    const known = await get(undefined, { 'if-none-match': String(ended.headers['etag']) });
    expect([known.status, known.headers['retry-after']]).toEqual([304, undefined]);
  });

  it('is answered by HEAD as by GET, without the body', async () => {
    const [got, head] = [await get(), await get(undefined, {}, 'HEAD')];
    const told = (headers: Record<string, unknown>) => ({ ...headers, date: null, 'x-request-id': null });
    expect([head.status, head.body, told(head.headers)]).toEqual([200, '', told(got.headers)]);
    expect((await get(undefined, { 'if-none-match': String(got.headers['etag']) }, 'HEAD')).status).toBe(304);
    expect((await get('/api/kettles/none', {}, 'HEAD')).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'is 405 by %s, and resolves nothing',
    async (method) => {
      const { status, headers, body } = await get(undefined, {}, method);
      expect([status, headers['allow'], errorOf(body)]).toEqual([
        405,
        'GET, HEAD',
        { code: 'BAD_USER_INPUT', message: 'A kettle is asked for by GET.' },
      ]);
      expect(edge.calls).toEqual([]);
    },
  );

  it.each([
    ['without a token', {}, 'Sign in.'],
    ['with one that has expired', bearer('expired'), 'The token has expired.'],
    ['with one that is not valid', bearer('forged'), 'The token is not valid.'],
    ['with credentials of another scheme', { authorization: 'Basic YTpi' }, 'The token is not valid.'],
  ])('is 401 UNAUTHENTICATED %s', async (_what, credentials, message) => {
    const headers = { 'if-none-match': '*', ...credentials };
    const { status, headers: told, body } = await rawRequest(edge, { path: '/api/kettles/k', headers });
    expect([status, errorOf(body)]).toEqual([401, { code: 'UNAUTHENTICATED', message }]);
    expect(told).toMatchObject({ 'www-authenticate': 'Bearer', 'cache-control': 'no-store' });
    expect(told['etag']).toBeUndefined();
  });

  it('is 404 NOT_FOUND when it is not there, whatever the id', async () => {
    for (const id of ['none', '%00', '%F0%9F%8E%88', '__proto__', "'%20or%201=1", 'x'.repeat(2_000)]) {
      const { status, headers, body } = await get(`/api/kettles/${id}`, { 'if-none-match': '*' });
      expect([id, status, errorOf(body)]).toEqual([
        id,
        404,
        { code: 'NOT_FOUND', message: 'There is no such kettle.' },
      ]);
      expect([headers['etag'], headers['cache-control']]).toEqual([undefined, 'no-store']);
    }
  });

  it('is found by its id as a URL has it', async () => {
    edge.kettles.set('a b:🎈', BOILING);
    expect((await get(`/api/kettles/${encodeURIComponent('a b:🎈')}`)).status).toBe(200);
    expect((await get('/api/kettles/k?first=1')).status).toBe(200);
  });

  it.each([
    '/api/kettles',
    '/api/kettles/',
    '/api/kettles/k/',
    '/api/kettles/k%2fk',
    '/api/kettles/%',
    '/api/pots/k',
    '/api',
    '/API/kettles/k',
  ])('is no such path at %s', async (path) => {
    const { status, body } = await get(path);
    expect([status, errorOf(body)]).toEqual([404, { code: 'NOT_FOUND', message: 'There is no such path.' }]);
    expect(edge.calls).toEqual([]);
  });

  it('passes on what went wrong with its status, and nothing of the query', async () => {
    edge.kettles.set('k', new QuireError('FORBIDDEN', 'Not this one.'));
    const forbidden = await get();
    expect([forbidden.status, JSON.parse(forbidden.body)]).toEqual([
      403,
      { errors: [{ message: 'Not this one.', extensions: { code: 'FORBIDDEN' } }] },
    ]);
    edge.kettles.set('k', new QuireError('UNAVAILABLE', 'Later.'));
    const later = await get();
    expect([later.status, later.headers['retry-after']]).toEqual([503, '2']);
    expect((await rawRequest(edge, { path: '/api/kettles/k', headers: bearer('unavailable') })).status).toBe(
      503,
    );
  });

  it('[P11] masks a crash', async () => {
    edge.kettles.set('k', new Error('select * from secrets'));
    const { status, headers, body } = await get(undefined, { 'x-request-id': 'r1' });
    expect([status, headers['cache-control'], errorOf(body)]).toEqual([
      500,
      'no-store',
      { code: 'INTERNAL_SERVER_ERROR', message: 'Unexpected error', requestId: 'r1' },
    ]);
  });

  it('is refused with a token in its URL, and with a Host that is none', async () => {
    expect((await get('/api/kettles/k?token=sesame')).status).toBe(400);
    expect((await get(undefined, { host: 'a b<c>' })).status).toBe(400);
    expect(edge.calls).toEqual([]);
  });
});

describe('what can be polled, elsewhere:', () => {
  let edge: Edge;
  afterEach(() => edge.server.close());

  it('pages of allowed origins may ask, see the ETag and when to come again', async () => {
    edge = await startEdge({ allowedOrigins: ['https://good.example'] });
    edge.kettles.set('k', COLD);
    const ask = (method: string, origin: string) =>
      rawRequest(edge, { method, path: '/api/kettles/k', headers: { ...bearer('ada'), origin } });
    expect((await ask('OPTIONS', 'https://good.example')).headers).toMatchObject({
      'access-control-allow-origin': 'https://good.example',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': 'authorization, if-none-match, x-request-id',
    });
    const told = await ask('GET', 'https://good.example');
    expect([told.status, told.headers]).toMatchObject([
      200,
      {
        'access-control-allow-origin': 'https://good.example',
        'access-control-expose-headers': 'ETag, Retry-After, X-Request-Id',
        vary: 'Origin, Authorization',
      },
    ]);
    const foreign = await ask('GET', 'https://evil.example');
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
    expect((await ask('OPTIONS', 'https://evil.example')).status).toBe(405);
  });

  it('in development mode it is for this machine', async () => {
    edge = await startEdge({ development: true });
    edge.kettles.set('k', COLD);
    const ask = (host: string) =>
      rawRequest(edge, { path: '/api/kettles/k', headers: { ...bearer('ada'), host } });
    expect([(await ask('localhost')).status, (await ask('evil.example')).status]).toEqual([200, 403]);
  });
});
