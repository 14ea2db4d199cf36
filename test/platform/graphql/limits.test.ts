import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSocket, type RawSocket } from '../../support/raw-socket.ts';
import { type Edge, type GraphQLAnswer, startEdge } from '../server/edge.ts';

/** Milliseconds that an operation may hold the event loop. */
const MAX_HOLD_MS = 50;

/** How long a task holds the event loop, in milliseconds: the best of four, since the machine does other things. */
const holdTime = async (task: (fresh: string) => Promise<unknown>): Promise<number> => {
  const held: number[] = [];
  for (let run = 0; run < 4; run += 1) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    // The comment makes it another operation, which no cache knows.
    await task(` # ${run}`);
    delay.disable();
    held.push(delay.max / 1e6);
  }
  return Math.min(...held);
};

const times = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');
const nested = (levels: number): string =>
  `{ page ${'{ next '.repeat(levels - 2)}{ number }${' }'.repeat(levels - 2)} }`;

describe('an operation that is too large', () => {
  let edge: Edge;
  /** The limit of characters out of the way, to see the others at work. */
  let roomy: Edge;
  let socket: RawSocket;
  let roomySocket: RawSocket;
  beforeAll(async () => {
    edge = await startEdge();
    roomy = await startEdge({ limits: { queryChars: 1_000_000 } });
    socket = await openSocket(edge.socketUrl);
    roomySocket = await openSocket(roomy.socketUrl);
    await socket.init({ token: 'ada' });
    await roomySocket.init({ token: 'ada' });
  });
  afterAll(async () => {
    socket.ws.terminate();
    roomySocket.ws.terminate();
    await Promise.all([edge.server.close(), roomy.server.close()]);
  });
  beforeEach(() => {
    edge.calls.length = 0;
    roomy.calls.length = 0;
  });

  const overHttp = async (server: Edge, query: string): Promise<GraphQLAnswer> =>
    (await (await server.post({ query })).json()) as GraphQLAnswer;

  /** The code of an answer's first error, over HTTP and on a socket. */
  const codes = async (query: string, server = edge, ws = socket): Promise<unknown[]> => {
    const { errors } = await overHttp(server, query);
    ws.subscribe('1', query);
    const message = await ws.next();
    const [error] = (message.type === 'error' ? message.payload : []) as { extensions: { code: string } }[];
    return [errors?.[0]?.extensions['code'], error?.extensions.code];
  };
  const tooComplex = ['OPERATION_TOO_COMPLEX', 'OPERATION_TOO_COMPLEX'];

  it('in depth is refused on both transports, and nothing of it is executed', async () => {
    expect(await codes(nested(11))).toEqual(tooComplex);
    expect(edge.calls).toEqual([]);
    expect((await overHttp(edge, nested(10))).errors).toBeUndefined();
  });

  it('in depth is seen through fragments, which count for nothing themselves', async () => {
    const halves = `query { page { ...a } } fragment a on Page { next { next { next { next { ...b } } } } }`;
    const deep = `${halves} fragment b on Page { next { next { next { next { next { number } } } } } }`;
    expect(await codes(deep)).toEqual(tooComplex);
    const inline = `{ page ${'{ ... on Page { next '.repeat(9)} { number } ${'} }'.repeat(9)} }`;
    expect(await codes(inline)).toEqual(tooComplex);
    expect(edge.calls).toEqual([]);
    const shallow = `${halves} fragment b on Page { next { next { next { next { number } } } } }`;
    expect((await overHttp(edge, shallow)).errors).toBeUndefined();
  });

  it('because its fragments go round in circles is refused', async () => {
    const query =
      '{ page { ...a } } fragment a on Page { next { ...b } } fragment b on Page { next { ...a } }';
    expect((await overHttp(edge, query)).errors?.[0]?.extensions['code']).toMatch(
      /BAD_USER_INPUT|OPERATION_TOO_COMPLEX/,
    );
    expect(edge.calls).toEqual([]);
  });

  it('in aliases, directives, cost or characters is refused on both transports', async () => {
    expect(await codes(`{ ${times(31, (index) => `a${index}: hello`)} }`)).toEqual(tooComplex);
    expect(await codes(`{ hello ${times(51, () => '@include(if: true)')} }`)).toEqual(tooComplex);
    expect(await codes('{ page { pages(first: 99999999) { number } } }')).toEqual(tooComplex);
    const lists = '{ page { pages(first: 50) { pages(first: 50) { pages(first: 50) { number } } } } }';
    expect(await codes(lists)).toEqual(tooComplex);
    expect(await codes(`{ hello } # ${'x'.repeat(15_000)}`)).toEqual(tooComplex);
    expect(edge.calls).toEqual([]);
  });

  it('is told apart by its message, without limits of ours called syntax', async () => {
    const { errors } = await overHttp(edge, nested(11));
    expect(errors?.[0]?.message).toBe('Query depth limit of 10 exceeded, found 11.');
  });

  it.each([
    ['10,000 aliases', `{ ${times(10_000, (index) => `a${index}: hello`)} }`],
    ['10,000 directives', `{ hello ${times(10_000, () => '@include(if: true)')} }`],
    ['10,000 fields of one name', `{ ${times(10_000, () => 'hello')} }`],
    ['100,000 braces', '{a'.repeat(100_000)],
    [
      '6,000 fragments',
      `{ page { ...f0 } } ${times(6_000, (index) => `fragment f${index} on Page { ...f${index + 1} }`)}`,
    ],
  ])('%s are refused in little time, before execution', async (_what, query) => {
    expect(await codes(query)).toEqual(tooComplex);
    expect(await codes(query, roomy, roomySocket)).toEqual(tooComplex);
    expect(await holdTime((fresh) => overHttp(edge, query + fresh))).toBeLessThan(MAX_HOLD_MS);
    expect(await holdTime((fresh) => overHttp(roomy, query + fresh))).toBeLessThan(MAX_HOLD_MS);
    expect([...edge.calls, ...roomy.calls]).toEqual([]);
  });

  it('as large as may be takes little time too, or is given up', async () => {
    const same = `{ ${times(990, () => 'hello')} }`;
    expect(await codes(same)).toEqual(tooComplex);
    expect(await holdTime((fresh) => overHttp(edge, same + fresh))).toBeLessThan(MAX_HOLD_MS);
    const most = `{ ${times(400, () => 'hello __typename')} }`;
    expect((await overHttp(edge, most)).errors).toBeUndefined();
    expect(await holdTime((fresh) => overHttp(edge, most + fresh))).toBeLessThan(MAX_HOLD_MS);
  });

  it('the introspection query of GraphiQL is none', async () => {
    const query = getIntrospectionQuery({
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      inputValueDeprecation: true,
      schemaDescription: true,
    });
    const { errors, data } = await overHttp(edge, query);
    expect(errors).toBeUndefined();
    expect(data).toHaveProperty('__schema');
  });

  it('but introspection cannot be nested without end', async () => {
    const query = `{ __schema { types ${'{ fields { type '.repeat(6)} { name } ${'} }'.repeat(6)} } }`;
    expect((await overHttp(edge, query)).errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });
});
