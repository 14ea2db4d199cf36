import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { soon } from '../../support/raw-socket.ts';
import { answerOf, codeOf, type Edge, startEdge } from './edge.ts';
import { rawRequest } from './raw-request.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('a GraphQL request over HTTP', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge.server.close());
  beforeEach(() => {
    edge.calls.length = 0;
    edge.lines.length = 0;
  });

  it('is answered by POST and, for a query, by GET', async () => {
    expect(await answerOf(await edge.post({ query: '{ hello }' }))).toEqual({ data: { hello: 'world' } });
    const got = await fetch(`${edge.url}/graphql?query=${encodeURIComponent('{ hello }')}`);
    expect(await answerOf(got)).toEqual({ data: { hello: 'world' } });
  });

  it('speaks for the viewer of its Bearer token', async () => {
    const signedIn = await edge.post({ query: '{ who }' }, bearer('ada'));
    expect(await answerOf(signedIn)).toEqual({ data: { who: 'ada' } });
    expect(await codeOf(await edge.post({ query: '{ who }' }))).toBe('UNAUTHENTICATED');
  });

  it.each(['forged', 'expired', '', 'two words'])(
    'is UNAUTHENTICATED with the token "%s", and resolves nothing',
    async (token) => {
      const plain = await edge.post({ query: '{ hello }' }, { ...bearer(token), accept: 'application/json' });
      expect(plain.status).toBe(200);
      expect(await codeOf(plain)).toBe('UNAUTHENTICATED');
      const modern = { ...bearer(token), accept: 'application/graphql-response+json' };
      const response = await edge.post({ query: '{ hello }' }, modern);
      expect(response.status).toBe(401);
      expect(await codeOf(response)).toBe('UNAUTHENTICATED');
      expect(edge.calls).toEqual([]);
    },
  );

  it('is UNAUTHENTICATED with credentials of another scheme', async () => {
    expect(await codeOf(await edge.post({ query: '{ hello }' }, { authorization: 'Basic YTpi' }))).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('is 503 UNAVAILABLE while tokens cannot be checked, and masked when checking crashes', async () => {
    const unavailable = await edge.post({ query: '{ hello }' }, bearer('unavailable'));
    expect([unavailable.status, await codeOf(unavailable)]).toEqual([503, 'UNAVAILABLE']);
    const broken = await edge.post({ query: '{ hello }' }, bearer('broken'));
    expect(broken.status).toBe(500);
    expect((await answerOf(broken)).errors?.[0]?.message).toBe('Unexpected error');
  });

  it.each(['token', 'access_token', 'Token'])(
    'is refused with ?%s= in its URL, which is not logged',
    async (name) => {
      const response = await fetch(`${edge.url}/graphql?${name}=sesame&query=%7Bhello%7D`);
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe('BAD_USER_INPUT');
      expect(edge.calls).toEqual([]);
      expect(JSON.stringify(edge.lines)).not.toContain('sesame');
    },
  );

  it('carries the id of its caller, or a new one', async () => {
    const given = await edge.post({ query: '{ hello }' }, { 'x-request-id': 'abc-1.2_3' });
    expect(given.headers.get('x-request-id')).toBe('abc-1.2_3');
    expect(edge.lines.at(-1)).toMatchObject({ requestId: 'abc-1.2_3' });
    const unfit = await edge.post({ query: '{ hello }' }, { 'x-request-id': 'a b' });
    expect(unfit.headers.get('x-request-id')).toMatch(/^[\w-]{8}\.[0-9a-z]+$/);
  });

  it('writes one line with who, what and how it went, and none of the values', async () => {
    const query = 'query Whisper($text: String) { echo(n: 1, text: $text) }';
    await edge.post({ query, variables: { text: 'secret\n{"level":60}\u001b[31m' } }, bearer('ada'));
    expect(edge.lines).toHaveLength(1);
    const [line] = edge.lines;
    expect(line).toMatchObject({
      operation: 'Whisper',
      kind: 'query',
      user: 'ada',
      tenant: 'default',
      code: 'OK',
    });
    expect(line?.['ms']).toBeTypeOf('number');
    expect(JSON.stringify(line)).not.toMatch(/secret|Bearer/);
  });

  it('writes the code of what went wrong', async () => {
    await edge.post({ query: 'mutation Oops { nothing }' });
    await edge.post({ query: '{' });
    await edge.post({ query: '{ forbidden }' });
    expect(edge.lines.map(({ operation, kind, code }) => [operation, kind, code])).toEqual([
      ['Oops', 'mutation', 'BAD_USER_INPUT'],
      [null, null, 'BAD_USER_INPUT'],
      [null, 'query', 'RATE_LIMITED'],
    ]);
  });

  it('passes on what an error tells: code, argument, retryAfterMs', async () => {
    const [error] = (await answerOf(await edge.post({ query: '{ forbidden }' }))).errors ?? [];
    expect(error).toMatchObject({
      message: 'Slow down.',
      extensions: { code: 'RATE_LIMITED', retryAfterMs: 250 },
    });
    const bad = await edge.post({ query: 'query ($n: Int!) { echo(n: $n) }', variables: { n: 1e20 } });
    const [first] = (await answerOf(bad)).errors ?? [];
    expect(first?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'n' });
  });

  it('[P11] masks a crash and logs it once with its cause and id', async () => {
    const [error] =
      (await answerOf(await edge.post({ query: '{ crash }' }, { 'x-request-id': 'r1' }))).errors ?? [];
    expect(error).toMatchObject({
      message: 'Unexpected error',
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'r1' },
    });
    expect(JSON.stringify(error)).not.toMatch(/secrets|quire\/db/);
    const crashes = edge.lines.filter(({ level }) => level === 50);
    expect(crashes).toHaveLength(1);
    expect(crashes[0]).toMatchObject({
      requestId: 'r1',
      err: { message: expect.stringContaining('secrets') as string },
    });
  });

  it('is 405 for a mutation by GET, and resolves nothing', async () => {
    const response = await fetch(`${edge.url}/graphql?query=${encodeURIComponent('mutation { bump }')}`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
    expect(edge.calls).toEqual([]);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'HEAD'])('is 405 by %s', async (method) => {
    expect((await rawRequest(edge, { method })).status).toBe(405);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    'multipart/form-data; boundary=x; charset=utf-7',
    'multipart/form-data; charset=utf-16le; boundary=x',
    'multipart/form-data; boundary=x; title=y',
    'multipart/mixed; boundary=x',
    'application/graphql',
    'application/json; charset=utf-7',
    'application/json, text/plain',
    'text/plain;application/json',
    '',
  ])('is 415 with the content type "%s", and resolves nothing', async (contentType) => {
    const body = JSON.stringify({ query: 'mutation { bump }' });
    const headers = { ...(contentType && { 'content-type': contentType }), 'content-length': body.length };
    expect((await rawRequest(edge, { method: 'POST', headers, body })).status).toBe(415);
    expect(edge.calls).toEqual([]);
  });

  it('is 415 for a GET with an odd content type', async () => {
    const path = `/graphql?query=${encodeURIComponent('{ hello }')}`;
    expect((await rawRequest(edge, { path, headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect(edge.calls).toEqual([]);
  });

  it('pollutes nothing with a body that names __proto__', async () => {
    await edge.post(
      '{"query":"{ hello }","__proto__":{"polluted":1},"variables":{"__proto__":{"polluted":1}}}',
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is refused as a batch', async () => {
    const response = await edge.post([{ query: '{ hello }' }, { query: '{ hello }' }]);
    expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_USER_INPUT']);
    expect(edge.calls).toEqual([]);
  });

  it.each(['{"query":', '"text"', 'null', '{"query":5}', '{"query":"{ hello }","variables":[1]}'])(
    'is a clear 400 with the body %s',
    async (body) => {
      const response = await edge.post(body);
      expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_USER_INPUT']);
      expect(edge.lines.filter(({ level }) => level === 50)).toEqual([]);
    },
  );

  it('is a clear 400 when the variables of a GET are no JSON', async () => {
    const response = await fetch(`${edge.url}/graphql?query=%7Bhello%7D&variables=%7B`);
    expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_USER_INPUT']);
  });

  it('is 413 PAYLOAD_TOO_LARGE when its body is too long, said or unsaid', async () => {
    const body = JSON.stringify({ query: '{ hello }', variables: { text: 'x'.repeat(525_000) } });
    const said = await edge.post(body);
    expect([said.status, await codeOf(said)]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const unsaid = await rawRequest(edge, { method: 'POST', headers, body });
    expect([unsaid.status, unsaid.body]).toEqual([413, expect.stringContaining('PAYLOAD_TOO_LARGE')]);
    expect(edge.calls).toEqual([]);
  });

  it('is 404 JSON on any other path', async () => {
    for (const path of ['/', '/graphql/', '/graphqlx', '/GRAPHQL', '//x/graphql', '/health']) {
      const response = await rawRequest(edge, { path });
      expect([path, response.status, response.body]).toEqual([
        path,
        404,
        expect.stringContaining('NOT_FOUND'),
      ]);
    }
  });

  it('tells nothing of the server when its Host is malformed', async () => {
    const response = await rawRequest(edge, { headers: { host: 'a b<c>' } });
    expect(response.status).toBe(400);
    expect(response.body).not.toMatch(/node_modules|at /);
  });

  it('is not sniffed for a type', async () => {
    expect((await edge.post({ query: '{ hello }' })).headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is refused with thousands of headers', async () => {
    const socket = connect(edge.port, '127.0.0.1');
    const headers = Array.from({ length: 3_000 }, (_, index) => `x-${index}: ${index}\r\n`).join('');
    socket.on('error', () => {});
    socket.write(`GET /graphql HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
    const [data] = (await soon(once(socket, 'data'), 'an answer')) as [Buffer];
    expect(data.toString()).toMatch(/^HTTP\/1\.1 431 /);
    socket.destroy();
  });
});
