import { createHash } from 'node:crypto';
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { QuireError } from '../../../src/platform/errors.ts';
import type { RequestContext, Viewer } from '../../../src/platform/graphql/context.ts';
import { FileScalar, type Upload } from '../../../src/platform/graphql/upload.ts';
import { createServer } from '../../../src/platform/server/http.ts';
import type {
  DemoUser,
  QuireServer,
  ServerConfig,
  ServerLimits,
} from '../../../src/platform/server/options.ts';
import type { Resource } from '../../../src/platform/server/resource.ts';

/** The source of one `ticks` subscription, in the hands of the test. */
export interface TestSource extends AsyncIterableIterator<number> {
  /** How often it was told to end. */
  returned: number;
  push(value: number): void;
  fail(error: Error): void;
  finish(): void;
}

const createSource = (): TestSource => {
  const ready: (() => Promise<IteratorResult<number>>)[] = [];
  let waiting: ((result: Promise<IteratorResult<number>>) => void) | undefined;
  const put = (make: () => Promise<IteratorResult<number>>): void => {
    if (!waiting) return void ready.push(make);
    waiting(make());
    waiting = undefined;
  };
  const done = (): Promise<IteratorResult<number>> => Promise.resolve({ done: true, value: undefined });
  const source: TestSource = {
    returned: 0,
    next: () => ready.shift()?.() ?? new Promise((resolve) => (waiting = resolve)),
    // A waiting next() is left hanging on purpose: the server must not depend on it.
    return() {
      source.returned += 1;
      return done();
    },
    push: (value) => put(() => Promise.resolve({ done: false, value })),
    fail: (error) => put(() => Promise.reject(error)),
    finish: () => put(done),
    [Symbol.asyncIterator]: () => source,
  };
  return source;
};

/** What `read` tells of a file. */
export interface ReadFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  /** SHA-256 in hex. */
  readonly digest: string;
}

const readUpload = async (upload: Upload): Promise<ReadFile> => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of upload.stream()) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { name: upload.name, type: upload.type, bytes, digest: hash.digest('hex') };
};

/** What `kettle` gives, and what can be polled. */
export interface Kettle {
  readonly state: string;
  /** Moves by itself. */
  readonly degrees: number;
  readonly boils: boolean;
}

/** Kettles that can be polled: open until they boil. */
const kettles: Resource = {
  name: 'kettle',
  path: '/api/kettles/',
  query: 'query Polled($id: ID!) { kettle(id: $id) { state degrees boils } }',
  drifting: ['degrees'],
  isOpen: ({ boils }) => boils === false,
};

/** Where `slow` waits until the test lets it go on. */
export interface Gate {
  readonly entered: Promise<void>;
  enter(): void;
  open(): void;
  readonly opened: Promise<void>;
}

const createGate = (): Gate => {
  let enter = (): void => {};
  let open = (): void => {};
  const entered = new Promise<void>((resolve) => (enter = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { entered, enter: () => enter(), opened, open: () => open() };
};

const schemaOf = (edge: {
  sources: TestSource[];
  calls: string[];
  gate: Gate;
  kettles: Map<string, Kettle | Error>;
}): GraphQLSchema => {
  const signedIn = (context: RequestContext): Viewer => {
    if (context.viewer) return context.viewer;
    throw new QuireError('UNAUTHENTICATED', 'Sign in.');
  };
  const int = { type: GraphQLInt };
  const Place = new GraphQLInputObjectType({
    name: 'PlaceInput',
    fields: { position: int, ratio: { type: GraphQLFloat } },
  });
  const Page: GraphQLObjectType = new GraphQLObjectType({
    name: 'Page',
    fields: () => ({
      number: int,
      next: { type: Page, resolve: () => ({ number: 1 }) },
      pages: { type: new GraphQLList(Page), args: { first: int }, resolve: () => [{ number: 1 }] },
    }),
  });
  const Kettle = new GraphQLObjectType({
    name: 'Kettle',
    fields: { state: { type: GraphQLString }, degrees: int, boils: { type: GraphQLBoolean } },
  });
  const noted =
    <T>(name: string, resolve: (args: Record<string, unknown>, context: RequestContext) => T) =>
    (_root: unknown, args: Record<string, unknown>, context: RequestContext): T => {
      edge.calls.push(name);
      return resolve(args, context);
    };
  const Query = new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello: { type: GraphQLString, resolve: noted('hello', () => 'world') },
      who: { type: GraphQLString, resolve: noted('who', (_args, context) => signedIn(context).userId) },
      clientId: { type: GraphQLString, resolve: noted('clientId', (_args, context) => context.clientId) },
      page: { type: Page, resolve: noted('page', () => ({ number: 0 })) },
      echo: {
        type: GraphQLString,
        args: {
          n: { type: new GraphQLNonNull(GraphQLInt) },
          place: { type: Place },
          text: { type: GraphQLString },
        },
        resolve: noted('echo', (args) => JSON.stringify(args)),
      },
      kettle: {
        type: Kettle,
        args: { id: { type: new GraphQLNonNull(GraphQLID) } },
        resolve: noted('kettle', ({ id }, context) => {
          signedIn(context);
          const kettle = edge.kettles.get(id as string);
          if (kettle instanceof Error) throw kettle;
          return kettle;
        }),
      },
      crash: {
        type: GraphQLString,
        resolve: noted('crash', () => {
          throw new Error('select * from secrets failed in /srv/quire/db.ts');
        }),
      },
      forbidden: {
        type: GraphQLString,
        resolve: noted('forbidden', () => {
          throw new QuireError('RATE_LIMITED', 'Slow down.', { retryAfterMs: 250 });
        }),
      },
    },
  });
  const Mutation = new GraphQLObjectType({
    name: 'Mutation',
    fields: {
      bump: { type: GraphQLInt, resolve: noted('bump', () => 1) },
      /** Reads the last file first, and each of them twice. */
      read: {
        type: GraphQLString,
        args: {
          file: { type: FileScalar },
          files: { type: new GraphQLList(FileScalar) },
          text: { type: GraphQLString },
        },
        resolve: noted('read', async ({ file, files }) => {
          const uploads = [...(file ? [file] : []), ...((files as unknown[] | null) ?? [])] as Upload[];
          const read: ReadFile[] = [];
          for (const upload of uploads.reverse()) {
            await readUpload(upload);
            read.unshift(await readUpload(upload));
          }
          return JSON.stringify(read);
        }),
      },
      slow: {
        type: GraphQLString,
        resolve: noted('slow', async () => {
          edge.gate.enter();
          await edge.gate.opened;
          return 'done';
        }),
      },
    },
  });
  const Subscription = new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      ticks: {
        type: GraphQLInt,
        subscribe: noted('ticks', (_args, context) => {
          signedIn(context);
          const source = createSource();
          edge.sources.push(source);
          return source;
        }),
        resolve: (tick: number) => tick,
      },
      slowTicks: {
        type: GraphQLInt,
        subscribe: noted('slowTicks', async () => {
          edge.gate.enter();
          await edge.gate.opened;
          const source = createSource();
          edge.sources.push(source);
          return source;
        }),
        resolve: (tick: number) => tick,
      },
      refused: {
        type: GraphQLInt,
        subscribe: noted('refused', () => {
          throw new QuireError('NOT_FOUND', 'There is no such document.');
        }),
      },
    },
  });
  return new GraphQLSchema({ query: Query, mutation: Mutation, subscription: Subscription });
};

class ExpiredToken extends QuireError {
  readonly reason = 'expired';
}

/** What the clock must show for the token `brief` to expire. */
export const BRIEF_MS = 60_000;

const authenticator =
  (clock: Clock, started: number) =>
  async (token: string): Promise<Viewer> => {
    const viewer = {
      tenantId: 'default',
      userId: token,
      name: token,
      roles: [],
      tokenExpiresAt: started + 3_600_000,
    };
    switch (token) {
      case 'ada':
      case 'linus':
        return viewer;
      case 'brief':
        return { ...viewer, tokenExpiresAt: started + BRIEF_MS };
      case 'expired':
        throw new ExpiredToken('UNAUTHENTICATED', 'The token has expired.');
      case 'unavailable':
        throw new QuireError('UNAVAILABLE', 'Tokens cannot be verified now.');
      case 'broken':
        throw new TypeError('cannot read property of undefined');
      case 'never':
        return new Promise(() => clock.now());
      default:
        if (token.startsWith('guest-')) return viewer;
        throw new QuireError('UNAUTHENTICATED', 'The token is not valid.');
    }
  };

export interface EdgeOptions extends Partial<Omit<ServerConfig, 'limits'>> {
  readonly limits?: Partial<ServerLimits>;
  readonly clock?: Clock;
  readonly ready?: () => Promise<Record<string, string>>;
  readonly demoUsers?: readonly DemoUser[];
  readonly consoleDirectory?: string;
}

/** A running server with a schema of no feature. */
export interface Edge {
  readonly server: QuireServer;
  readonly url: string;
  readonly socketUrl: string;
  readonly port: number;
  /** Sources of `ticks`, oldest first. */
  readonly sources: TestSource[];
  /** Names of the fields that were resolved. */
  readonly calls: string[];
  readonly gate: Gate;
  /** By id; an error is thrown in place of one. */
  readonly kettles: Map<string, Kettle | Error>;
  /** Lines of the log. */
  readonly lines: Record<string, unknown>[];
  /** POSTs an operation. */
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
}

const usualLimits: ServerLimits = {
  initMs: 3_000,
  messageBytes: 262_144,
  uploadBytes: 26_214_400,
  subscriptionsPerSocket: 100,
  unsentBytes: 262_144,
  stallMs: 30_000,
  depth: 10,
  aliases: 30,
  cost: 5_000,
  queryChars: 15_000,
  documentChars: 10_000,
};

/** Starts a server on a free port. */
export const startEdge = async (options: EdgeOptions = {}): Promise<Edge> => {
  const {
    limits,
    clock = systemClock,
    ready = async () => ({ database: 'ok' }),
    demoUsers,
    consoleDirectory,
    ...config
  } = options;
  const state = {
    sources: [] as TestSource[],
    calls: [] as string[],
    gate: createGate(),
    kettles: new Map<string, Kettle | Error>(),
  };
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void lines.push(JSON.parse(line) as never) },
  );
  const server = createServer({
    schema: schemaOf(state),
    authenticate: authenticator(clock, clock.now()),
    config: {
      host: '127.0.0.1',
      port: 0,
      allowedOrigins: null,
      graphiql: true,
      production: false,
      development: false,
      ...config,
      limits: { ...usualLimits, ...limits },
    },
    log,
    clock,
    ready,
    ...(demoUsers && { demoUsers }),
    ...(consoleDirectory !== undefined && { consoleDirectory }),
    resources: [kettles],
  });
  const { url, port } = await server.listen();
  return {
    ...state,
    server,
    url,
    port,
    lines,
    socketUrl: `${url.replace('http', 'ws')}/graphql`,
    post: (body, headers = {}) =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
};

export interface GraphQLAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[];
}

/** The body of a GraphQL response. */
export const answerOf = async (response: Response): Promise<GraphQLAnswer> =>
  (await response.json()) as GraphQLAnswer;

/** The code of its first error. */
export const codeOf = async (response: Response): Promise<unknown> =>
  (await answerOf(response)).errors?.[0]?.extensions['code'];
