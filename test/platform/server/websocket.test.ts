import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { QuireError } from '../../../src/platform/errors.ts';
import { openSocket, type RawSocket, refusedUpgrade, until } from '../../support/raw-socket.ts';
import { type Edge, startEdge } from './edge.ts';
import { expectAlive, socketsOf, TICKS } from './sockets.ts';

let edge: Edge;
const { open, openInit, nextSource, closeAll } = socketsOf(() => edge);
afterEach(closeAll);

describe('a socket', () => {
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge.server.close());
  beforeEach(() => {
    edge.calls.length = 0;
    edge.lines.length = 0;
  });

  describe('is refused before the upgrade', () => {
    it.each([
      'https://evil.example',
      'null',
      'http://127.0.0.1',
      'HOST.evil.example',
      'http://evil.example@HOST',
    ])('with the foreign Origin %s', async (pattern) => {
      const origin = pattern.replace('HOST', `127.0.0.1:${edge.port}`);
      expect(await refusedUpgrade(edge.socketUrl, { origin })).toBe(403);
    });

    it('with a token in its URL', async () => {
      expect(await refusedUpgrade(`${edge.socketUrl}?token=sesame`)).toBe(400);
      expect(JSON.stringify(edge.lines)).not.toContain('sesame');
    });

    it('on another path', async () => {
      expect(await refusedUpgrade(`${edge.socketUrl}/other`)).toBe(404);
    });

    it('with a foreign Host in development mode', async () => {
      const development = await startEdge({ development: true });
      const host = `evil.example:${development.port}`;
      try {
        expect(await refusedUpgrade(development.socketUrl, { host, origin: `http://${host}` })).toBe(403);
        const mine = await openSocket(development.socketUrl);
        mine.ws.terminate();
      } finally {
        await development.server.close();
      }
    });
  });

  it('is accepted from its own origin, and from an allowed one exactly', async () => {
    await open({ headers: { origin: `http://127.0.0.1:${edge.port}` } });
    const choosy = await startEdge({ allowedOrigins: ['https://good.example'] });
    try {
      const good = await openSocket(choosy.socketUrl, { headers: { origin: 'https://good.example' } });
      good.ws.terminate();
      for (const origin of [
        'https://good.example.evil',
        'https://good.example:444',
        'http://good.example',
        'null',
      ])
        expect(await refusedUpgrade(choosy.socketUrl, { origin })).toBe(403);
    } finally {
      await choosy.server.close();
    }
  });

  it.each([[['graphql-ws']], [['other', 'graphql-ws']], [[]]])(
    'of the subprotocols %j is closed with 4406',
    async (protocols) => {
      const socket = await open({ protocols });
      expect((await socket.closed()).code).toBe(4406);
    },
  );

  it('takes graphql-transport-ws among others, and no compression', async () => {
    const socket = await open({ protocols: ['graphql-ws', 'graphql-transport-ws'] });
    expect(socket.ws.protocol).toBe('graphql-transport-ws');
    expect(socket.ws.extensions).toBe('');
    await socket.init({ token: 'ada' });
  });

  describe('signing in', () => {
    it.each([
      [undefined, 4401, 'Unauthorized'],
      [{}, 4401, 'Unauthorized'],
      [{ token: '' }, 4401, 'Unauthorized'],
      [{ token: 7 }, 4401, 'Unauthorized'],
      [{ token: null }, 4401, 'Unauthorized'],
      [{ token: 'forged' }, 4401, 'Unauthorized'],
      [{ token: 'expired' }, 4403, 'Token expired'],
      [{ token: 'unavailable' }, 1013, 'Try again later'],
      [{ token: 'broken' }, 1011, 'Internal server error'],
    ])('with %j closes with %i', async (payload, code, reason) => {
      const socket = await open();
      socket.send({ type: 'connection_init', payload });
      expect(await socket.closed()).toEqual({ code, reason });
      expect(socket.messages).toEqual([]);
    });

    it('in vain runs nothing of what was sent along', async () => {
      const socket = await open();
      socket.send({ type: 'connection_init', payload: { token: 'expired' } });
      socket.subscribe('1', TICKS);
      expect([4401, 4403]).toContain((await socket.closed()).code);
      expect(socket.messages).toEqual([]);
      expect(edge.calls).toEqual([]);
    });

    it('takes the token of the upgrade, unless connection_init has one', async () => {
      const headers = { authorization: 'Bearer linus' };
      const byHeader = await open({ headers });
      await byHeader.init();
      byHeader.subscribe('1', '{ who }');
      expect(await byHeader.next()).toMatchObject({ payload: { data: { who: 'linus' } } });
      const byBoth = await open({ headers });
      await byBoth.init({ token: 'ada' });
      byBoth.subscribe('1', '{ who }');
      expect(await byBoth.next()).toMatchObject({ payload: { data: { who: 'ada' } } });
    });

    it('names the client', async () => {
      const socket = await openInit({ token: 'ada', clientId: 'tab-1' });
      socket.subscribe('1', '{ clientId }');
      expect(await socket.next()).toMatchObject({ payload: { data: { clientId: 'tab-1' } } });
    });

    it.each(['', 'x'.repeat(65), 'a b', 'a\n', 7, {}])(
      'with the clientId %j closes with 4400',
      async (clientId) => {
        const socket = await open();
        socket.send({ type: 'connection_init', payload: { token: 'ada', clientId } });
        expect((await socket.closed()).code).toBe(4400);
      },
    );

    it('a second time closes with 4429, also while the first goes on', async () => {
      const socket = await openInit();
      socket.send({ type: 'connection_init', payload: { token: 'ada' } });
      expect((await socket.closed()).code).toBe(4429);
      const hasty = await open();
      hasty.send({ type: 'connection_init', payload: { token: 'never' } });
      hasty.send({ type: 'connection_init', payload: { token: 'ada' } });
      expect((await hasty.closed()).code).toBe(4429);
    });

    it('is needed before anything else: 4401', async () => {
      const socket = await open();
      socket.subscribe('1', TICKS);
      expect(await socket.closed()).toEqual({ code: 4401, reason: 'Unauthorized' });
      expect(edge.calls).toEqual([]);
    });
  });

  it('may send little before it is acknowledged', async () => {
    const many = await open();
    for (let count = 0; count < 10; count += 1) many.send({ type: 'ping' });
    for (let count = 0; count < 10; count += 1) expect((await many.next()).type).toBe('pong');
    many.send({ type: 'ping' });
    expect((await many.closed()).code).toBe(4400);
    const long = await open();
    long.send({ type: 'ping', payload: { padding: 'x'.repeat(65_536) } });
    expect((await long.closed()).code).toBe(1009);
  });

  it('runs queries and mutations too', async () => {
    const socket = await openInit();
    await expectAlive(socket);
    socket.subscribe('2', 'mutation { bump }');
    expect(await socket.next()).toEqual({ id: '2', type: 'next', payload: { data: { bump: 1 } } });
    expect(await socket.next()).toEqual({ id: '2', type: 'complete' });
  });

  it('streams a subscription to its end', async () => {
    const socket = await openInit();
    const source = await nextSource(() => socket.subscribe('1', TICKS));
    source.push(1);
    source.push(2);
    source.finish();
    expect(await socket.next()).toEqual({ id: '1', type: 'next', payload: { data: { ticks: 1 } } });
    expect(await socket.next()).toEqual({ id: '1', type: 'next', payload: { data: { ticks: 2 } } });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    expect(source.returned).toBe(0);
  });

  describe('lets go of a source at once and only once', () => {
    it('when its client completes', async () => {
      const socket = await openInit();
      const source = await nextSource(() => socket.subscribe('1', TICKS));
      socket.send({ id: '1', type: 'complete' });
      socket.send({ id: '1', type: 'complete' });
      await until(() => source.returned > 0, 'return() is called');
      source.push(1);
      await expectAlive(socket);
      expect(source.returned).toBe(1);
    });

    it('when it closes or breaks', async () => {
      for (const end of [(s: RawSocket) => s.close(), (s: RawSocket) => s.ws.terminate()]) {
        const socket = await openInit();
        const source = await nextSource(() => socket.subscribe('1', TICKS));
        end(socket);
        await until(() => source.returned > 0, 'return() is called');
        expect(source.returned).toBe(1);
      }
    });

    it('when it closes before the source is there', async () => {
      const slow = await startEdge();
      try {
        const socket = await openSocket(slow.socketUrl);
        await socket.init({ token: 'ada' });
        socket.subscribe('1', 'subscription { slowTicks }');
        await slow.gate.entered;
        socket.ws.terminate();
        await socket.closed();
        slow.gate.open();
        await until(() => slow.sources[0]?.returned === 1, 'return() is called');
      } finally {
        await slow.server.close();
      }
    });
  });

  it('hears of a source that fails in mid-stream, then of its end, and goes on', async () => {
    const socket = await openInit();
    const source = await nextSource(() => socket.subscribe('1', TICKS));
    const other = await nextSource(() => socket.subscribe('2', TICKS));
    source.push(1);
    source.fail(new QuireError('FORBIDDEN', 'Access was taken away.'));
    expect(await socket.next()).toMatchObject({ id: '1', type: 'next', payload: { data: { ticks: 1 } } });
    const failed = await socket.next();
    expect(failed).toMatchObject({
      id: '1',
      type: 'next',
      payload: { errors: [{ message: 'Access was taken away.', extensions: { code: 'FORBIDDEN' } }] },
    });
    expect(JSON.stringify(failed)).not.toContain('"http"');
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    other.push(7);
    expect(await socket.next()).toMatchObject({ id: '2', payload: { data: { ticks: 7 } } });
    expect(edge.lines.find(({ kind }) => kind === 'subscription')).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('[P11] sees nothing of the inside when a source crashes', async () => {
    const socket = await openInit();
    const source = await nextSource(() => socket.subscribe('1', TICKS));
    source.fail(new Error('select * from secrets'));
    const message = await socket.next();
    expect(message).toMatchObject({
      type: 'next',
      payload: { errors: [{ message: 'Unexpected error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    });
    expect(JSON.stringify(message)).not.toContain('secrets');
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    const crashes = edge.lines.filter(({ level }) => level === 50);
    expect(crashes).toHaveLength(1);
    expect(crashes[0]).toMatchObject({ user: 'ada', requestId: expect.any(String) as string });
  });

  it('is told when a subscription is refused', async () => {
    const socket = await openInit();
    socket.subscribe('1', 'subscription { refused }');
    expect(await socket.next()).toMatchObject({
      id: '1',
      payload: { errors: [{ extensions: { code: 'NOT_FOUND' } }] },
    });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
  });

  it.each(['{', '{ nothing }', '', 'query A { hello } query B { hello }', '{ page { next } }'])(
    'answers the operation "%s" with an error of its own, and goes on',
    async (query) => {
      const socket = await openInit();
      const source = await nextSource(() => socket.subscribe('other', TICKS));
      socket.subscribe('1', query);
      const answer = await socket.next();
      expect(answer).toMatchObject({
        id: '1',
        type: 'error',
        payload: [{ extensions: { code: 'BAD_USER_INPUT' } }],
      });
      expect(JSON.stringify(answer)).not.toContain('"http"');
      source.push(1);
      expect(await socket.next()).toMatchObject({ id: 'other', payload: { data: { ticks: 1 } } });
      socket.subscribe('1', '{ hello }');
      expect(await socket.next()).toMatchObject({ id: '1', type: 'next' });
    },
  );

  it.each([
    ['query ($x: Int!) { echo(n: $x) }', '{"x":1e309}', 'n'],
    ['query ($p: PlaceInput) { echo(n: 1, place: $p) }', '{"p":{"position":0.5}}', 'place.position'],
    ['{ echo(n: 1, place: { position: 99999999999 }) }', '{}', 'place.position'],
    ['{ echo }', '{}', 'n'],
    ['{ echo(n: 1, m: 2) }', '{}', 'm'],
  ])('is told which argument of %s is wrong', async (query, variables, argument) => {
    const socket = await openInit();
    socket.send(
      `{"id":"1","type":"subscribe","payload":{"query":${JSON.stringify(query)},"variables":${variables}}}`,
    );
    const { payload } = await socket.next();
    const [error] = Array.isArray(payload)
      ? (payload as unknown[])
      : (payload as { errors: unknown[] }).errors;
    expect(error).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', argument } });
    expect(edge.calls).toEqual([]);
  });

  it.each([
    '{',
    'null',
    '[]',
    '"connection_init"',
    '{}',
    '{"type":"next","id":"1"}',
    '{"type":"connection_ack"}',
    '{"type":"subscribe","payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","id":"1","payload":{"query":5}}',
    '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":7,"payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":"__proto__","payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":"constructor","payload":{"query":"{ hello }"}}',
    '{"type":"subscribe","id":"prototype","payload":{"query":"{ hello }"}}',
    '{"type":"complete","id":"__proto__"}',
    `{"type":"subscribe","id":"${'x'.repeat(129)}","payload":{"query":"{ hello }"}}`,
    Buffer.from('{"type":"ping"}'),
  ])('that sends %s is closed with 4400, and nothing is polluted', async (message) => {
    const socket = await openInit();
    socket.send(message);
    expect((await socket.closed()).code).toBe(4400);
    expect(edge.calls).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('may use an id of 128 characters, and uses it twice only in a row', async () => {
    const id = 'é'.repeat(128);
    const socket = await openInit();
    socket.subscribe(id, TICKS);
    socket.subscribe(id, TICKS);
    expect((await socket.closed()).code).toBe(4409);
  });

  it('may use an id again as soon as it has completed it', async () => {
    const socket = await openInit();
    const first = await nextSource(() => socket.subscribe('1', TICKS));
    const second = await nextSource(() => {
      socket.send({ id: '1', type: 'complete' });
      socket.subscribe('1', TICKS);
    });
    first.push(1);
    second.push(2);
    expect(await socket.next()).toEqual({ id: '1', type: 'next', payload: { data: { ticks: 2 } } });
    expect([first.returned, second.returned]).toEqual([1, 0]);
    socket.send({ id: '1', type: 'complete' });
    await until(() => second.returned === 1, 'the second is let go of');
    await expectAlive(socket);
  });

  it('answers a ping', async () => {
    const socket = await openInit();
    socket.send({ type: 'ping', payload: { a: 1 } });
    expect(await socket.next()).toEqual({ type: 'pong', payload: { a: 1 } });
  });
});
