import { BlockList, isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Tokens are checked with one shared HS256 secret. */
export interface SecretAuth {
  readonly mode: 'secret';
  /** At least 32 bytes of UTF-8. */
  readonly secret: string;
  readonly issuer?: string;
  readonly audience?: string;
}

/** Tokens are checked with the public keys that an identity provider publishes. */
export interface JwksAuth {
  readonly mode: 'jwks';
  readonly url: string;
  readonly issuer: string;
  readonly audience: string;
}

/** `development` has no secret yet: `developmentAuth` in `src/auth/development.ts` makes one. */
export type AuthConfig = { readonly mode: 'development' } | SecretAuth | JwksAuth;

export interface Limits {
  /** Milliseconds within which a socket must send `connection_init`. */
  readonly initMs: number;
  readonly messageBytes: number;
  /** UTF-16 code units, as all characters here. */
  readonly changeChars: number;
  readonly documentChars: number;
  readonly subscriptionsPerSocket: number;
  /** Of one socket, before its streams wait. */
  readonly unsentBytes: number;
  readonly stallMs: number;
  readonly depth: number;
  readonly aliases: number;
  readonly cost: number;
  readonly queryChars: number;
  /** Largest `first`. */
  readonly page: number;
}

export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute path of the SQLite file. */
  readonly databaseFile: string;
  readonly redis: { readonly url: string; readonly prefix: string } | null;
  readonly auth: AuthConfig;
  /** null: only the origin that the server itself is reached at. */
  readonly allowedOrigins: readonly string[] | null;
  readonly logLevel: LogLevel;
  readonly production: boolean;
  readonly graphiql: boolean;
  readonly limits: Limits;
}

/** The environment asks for what cannot be. The message has one line a problem, and no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

interface About {
  readonly meaning: string;
  /** What a value must be, as the end of the sentence "… must be". */
  readonly wants: string;
  /** What holds when it is unset, where the schema's own default does not say it. */
  readonly unset?: string;
  /** Never shown: it is a secret, or a URL that may hold a password. */
  readonly secret?: true;
}

const MIN_SECRET_BYTES = 32;
const MAX_NAME_CHARS = 255;
/** Longest delay of Node's timers (ms), and more than any other limit could sensibly be. */
const MAX_LIMIT = 2 ** 31 - 1;
/** Characters of a refused value that are shown. */
const MAX_SHOWN_CHARS = 80;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True when only this machine can reach a server that listens at `host`: 127.0.0.0/8, ::1 and localhost. */
export const isLoopback = (host: string): boolean => {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
};

const isUrlOf = (text: string, ...protocols: string[]): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return protocols.includes(url.protocol) && url.hostname !== '';
};

/** Browsers send an origin in its normal form (lower case, no default port), so only that form can ever match. */
const isOrigin = (text: string): boolean =>
  isUrlOf(text, 'http:', 'https:') && new URL(text).origin === text && !text.includes('*');

const hasCredentials = (url: string): boolean => new URL(url).username + new URL(url).password !== '';

const about = z.registry<About>();

const wholeNumber = (smallest: number, largest: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .pipe(z.number().min(smallest).max(largest));

const limit = (usual: number, meaning: string) =>
  wholeNumber(1, MAX_LIMIT)
    .default(usual)
    .register(about, { meaning, wants: `a whole number from 1 to ${MAX_LIMIT}` });

const name = () => z.string().max(MAX_NAME_CHARS).optional();

/** Every variable that Quire reads; what it means and wants stands beside it. */
const variables = z.object({
  HOST: z
    .string()
    .refine((host) => isIP(host) !== 0 || /^[a-z0-9]([a-z0-9.-]{0,252})$/i.test(host))
    .default('127.0.0.1')
    .register(about, { meaning: 'address it listens at', wants: 'a host name or an IP address' }),
  PORT: wholeNumber(0, 65_535).default(4000).register(about, {
    meaning: 'port it listens at',
    wants: 'a whole number from 0 to 65535 (0: any free port)',
  }),
  DATA_DIR: z.string().default('./.data').register(about, {
    meaning: 'directory of the SQLite file and the development secret',
    wants: 'the path of a directory',
  }),
  DATABASE_URL: z
    .string()
    .regex(/^sqlite:(?!\/\/[^/])(?!:memory:$)./)
    .optional()
    .register(about, {
      meaning: 'the database',
      wants:
        '"sqlite:" and the path of a file (this version runs on SQLite and has no driver for postgres://)',
      unset: 'sqlite: and quire.db in DATA_DIR',
      secret: true,
    }),
  REDIS_URL: z
    .string()
    .refine((url) => isUrlOf(url, 'redis:', 'rediss:'))
    .optional()
    .register(about, {
      meaning: 'with it, several processes on one database are one server',
      wants: 'a redis:// or rediss:// URL with a host',
      secret: true,
    }),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w.{}-]{1,64}$/)
    .default('quire')
    .register(about, {
      meaning: 'first part of every Redis key and channel',
      wants: '1 to 64 letters, digits or any of . _ - { }',
    }),
  AUTH_SECRET: z
    .string()
    .refine((secret) => Buffer.byteLength(secret) >= MIN_SECRET_BYTES)
    .optional()
    .register(about, {
      meaning: 'the HS256 key that tokens are signed with',
      wants: `at least ${MIN_SECRET_BYTES} bytes long (openssl rand -hex 32 makes a good one)`,
      secret: true,
    }),
  AUTH_JWKS_URL: z
    .string()
    .refine((url) => isUrlOf(url, 'http:', 'https:') && !hasCredentials(url))
    .optional()
    .register(about, {
      meaning: 'where an identity provider publishes its public keys; instead of AUTH_SECRET',
      wants: 'an http:// or https:// URL without a user name or password',
      secret: true,
    }),
  AUTH_ISSUER: name().register(about, {
    meaning: 'the `iss` that tokens must have; required with AUTH_JWKS_URL',
    wants: `text of at most ${MAX_NAME_CHARS} characters`,
    unset: 'not checked',
  }),
  AUTH_AUDIENCE: name().register(about, {
    meaning: 'the `aud` that tokens must have; required with AUTH_JWKS_URL',
    wants: `text of at most ${MAX_NAME_CHARS} characters`,
    unset: 'not checked',
  }),
  ALLOWED_ORIGINS: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .pipe(z.array(z.string().refine(isOrigin)))
    .optional()
    .register(about, {
      meaning: 'origins, besides its own, whose pages may use the server, for HTTP and WebSocket alike',
      wants:
        'a comma list of origins as browsers send them, like https://app.example:8443 (lower case, no path, no default port, no *)',
      unset: 'its own only',
    }),
  LOG_LEVEL: z
    .enum(LOG_LEVELS)
    .default('info')
    .register(about, { meaning: 'least level that is logged', wants: `one of ${LOG_LEVELS.join(', ')}` }),
  NODE_ENV: z
    .string()
    .optional()
    .register(about, { meaning: '`production` turns introspection and GraphiQL off', wants: 'any text' }),
  GRAPHIQL: z.enum(['0', '1']).optional().register(about, {
    meaning: 'whether introspection and GraphiQL are on',
    wants: '1 or 0',
    unset: '1, or 0 when NODE_ENV=production',
  }),
  LIMIT_INIT_MS: limit(3000, 'milliseconds a socket has to send connection_init'),
  LIMIT_MESSAGE_BYTES: limit(262_144, 'bytes of one message or request'),
  LIMIT_CHANGE_CHARS: limit(65_536, 'characters (UTF-16) inserted by one change'),
  LIMIT_DOCUMENT_CHARS: limit(10_485_760, 'characters (UTF-16) of one document'),
  LIMIT_SUBSCRIPTIONS_PER_SOCKET: limit(100, 'subscriptions one socket may have at a time'),
  LIMIT_UNSENT_BYTES: limit(262_144, 'bytes that wait to be sent to one socket; past it its streams wait'),
  LIMIT_STALL_MS: limit(30_000, 'milliseconds after which a socket that takes nothing is closed'),
  LIMIT_DEPTH: limit(10, 'depth of an operation'),
  LIMIT_ALIASES: limit(30, 'aliases in an operation'),
  LIMIT_COST: limit(5000, 'cost of an operation'),
  LIMIT_QUERY_CHARS: limit(15_000, 'characters of an operation'),
  LIMIT_PAGE: limit(100, 'largest `first`'),
});

type VariableName = keyof typeof variables.shape;
type Settings = z.output<typeof variables>;
const names = Object.keys(variables.shape) as VariableName[];

/** A row of the table of variables, for documentation and for tests that check it. */
export interface VariableDescription {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
  readonly wants: string;
}

const aboutVariable = (variable: VariableName): About => {
  const found = about.get(variables.shape[variable]);
  if (!found) throw new Error(`${variable} is not described`);
  return found;
};

const shownDefault = (variable: VariableName): string => {
  const { unset } = aboutVariable(variable);
  return unset ?? String(variables.shape[variable].parse(undefined) ?? 'none');
};

/** Every variable that `readConfig` reads, in the order in which a reader wants them. */
export const configVariables: readonly VariableDescription[] = names.map((variable) => {
  const { meaning, wants } = aboutVariable(variable);
  return { name: variable, default: shownDefault(variable), meaning, wants };
});

const shown = (value: string, secret: boolean): string => {
  if (secret) return 'has a value (not shown)';
  // JSON keeps a value with line breaks or escape codes on one harmless line.
  return `is ${JSON.stringify(value.length > MAX_SHOWN_CHARS ? `${value.slice(0, MAX_SHOWN_CHARS)}…` : value)}`;
};

type Given = Partial<Record<VariableName, string>>;

function* authProblems(given: Given): Generator<string> {
  const { AUTH_SECRET: secret, AUTH_JWKS_URL: jwks, HOST: host, NODE_ENV: production } = given;
  if (secret && jwks)
    yield 'AUTH_SECRET and AUTH_JWKS_URL are both set, but tokens are verified one way only';
  for (const variable of ['AUTH_ISSUER', 'AUTH_AUDIENCE'] as const) {
    if (jwks && !given[variable]) yield `${variable} is not set, but AUTH_JWKS_URL requires it`;
    // Otherwise a forgotten AUTH_JWKS_URL would silently become development mode.
    if (given[variable] && !secret && !jwks)
      yield `${variable} is set, but neither AUTH_SECRET nor AUTH_JWKS_URL is`;
  }
  if (host && !isLoopback(host) && !secret && !jwks)
    yield `AUTH_SECRET or AUTH_JWKS_URL must be set, because HOST ${shown(host, false)} and others can reach it ` +
      '(without either, Quire runs in development mode, where demo users sign in freely: on a loopback HOST only)';
  // A proxy on the same machine would show development mode to the world.
  if (production === 'production' && !secret && !jwks)
    yield 'AUTH_SECRET or AUTH_JWKS_URL must be set, because NODE_ENV is "production"';
}

const authOf = (settings: Settings): AuthConfig => {
  const { AUTH_SECRET: secret, AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = settings;
  if (secret) return { mode: 'secret', secret, ...(issuer && { issuer }), ...(audience && { audience }) };
  if (url && issuer && audience) return { mode: 'jwks', url, issuer, audience };
  return { mode: 'development' };
};

const configOf = (settings: Settings): Config => {
  const dataDir = resolve(settings.DATA_DIR);
  const production = settings.NODE_ENV === 'production';
  return {
    host: settings.HOST,
    port: settings.PORT,
    dataDir,
    databaseFile: settings.DATABASE_URL
      ? resolve(settings.DATABASE_URL.slice('sqlite:'.length))
      : join(dataDir, 'quire.db'),
    redis: settings.REDIS_URL ? { url: settings.REDIS_URL, prefix: settings.REDIS_PREFIX } : null,
    auth: authOf(settings),
    allowedOrigins: settings.ALLOWED_ORIGINS ?? null,
    logLevel: settings.LOG_LEVEL,
    production,
    graphiql: settings.GRAPHIQL ? settings.GRAPHIQL === '1' : !production,
    limits: {
      initMs: settings.LIMIT_INIT_MS,
      messageBytes: settings.LIMIT_MESSAGE_BYTES,
      changeChars: settings.LIMIT_CHANGE_CHARS,
      documentChars: settings.LIMIT_DOCUMENT_CHARS,
      subscriptionsPerSocket: settings.LIMIT_SUBSCRIPTIONS_PER_SOCKET,
      unsentBytes: settings.LIMIT_UNSENT_BYTES,
      stallMs: settings.LIMIT_STALL_MS,
      depth: settings.LIMIT_DEPTH,
      aliases: settings.LIMIT_ALIASES,
      cost: settings.LIMIT_COST,
      queryChars: settings.LIMIT_QUERY_CHARS,
      page: settings.LIMIT_PAGE,
    },
  };
};

/** Reads the configuration from the environment; an empty variable counts as unset. Throws a ConfigError. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => {
  const given: Given = {};
  for (const variable of names) {
    const value = env[variable];
    if (value) given[variable] = value;
  }
  const read = variables.safeParse(given);
  const wrong = new Set(read.error?.issues.map((issue) => issue.path[0] as VariableName));
  const problems = [...wrong].map((variable) => {
    const { wants, secret = false } = aboutVariable(variable);
    return `${variable} ${shown(given[variable] ?? '', secret)}, but must be ${wants}`;
  });
  problems.push(...authProblems(given));
  if (!read.success || problems.length > 0) throw new ConfigError(problems);
  return configOf(read.data);
};
