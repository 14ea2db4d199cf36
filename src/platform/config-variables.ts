import { isIP } from 'node:net';
import { z } from 'zod';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** From where on a figure is worse: each is above the one before. */
export interface Thresholds {
  readonly degraded: number;
  readonly warning: number;
  readonly critical: number;
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
const MAX_WORKERS = 256;
/** Characters of a refused value that are shown. */
const MAX_SHOWN_CHARS = 80;

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

const thresholds = (usual: string, meaning: string) =>
  z
    .string()
    .regex(/^\d{1,9}(,\d{1,9}){2}$/)
    .transform((list): Thresholds => {
      const [degraded = 0, warning = 0, critical = 0] = list.split(',').map(Number);
      return { degraded, warning, critical };
    })
    .refine(({ degraded, warning, critical }) => degraded < warning && warning < critical)
    .prefault(usual)
    .register(about, {
      meaning,
      wants: `three rising whole numbers with commas between them, like ${usual}`,
      unset: usual,
    });

const name = () => z.string().max(MAX_NAME_CHARS).optional();

/** Every variable that Quire reads; what it means and wants stands beside it. */
export const variables = z.object({
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
  WORKERS: wholeNumber(1, MAX_WORKERS)
    .optional()
    .register(about, {
      meaning: 'child processes that process documents',
      wants: `a whole number from 1 to ${MAX_WORKERS}`,
      unset: 'one a processor',
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
  HEALTH_MEMORY_MB: thresholds(
    '1000,1500,2000',
    'MB of memory above which the status is DEGRADED, WARNING, CRITICAL',
  ),
  HEALTH_CPU_PERCENT: thresholds(
    '60,75,90',
    'percent of all cores above which the status is DEGRADED, WARNING, CRITICAL',
  ),
  LIMIT_INIT_MS: limit(3000, 'milliseconds a socket has to send connection_init'),
  LIMIT_MESSAGE_BYTES: limit(262_144, 'bytes of one message; a request may have twice as many'),
  LIMIT_UPLOAD_BYTES: limit(26_214_400, 'bytes of one file'),
  LIMIT_STEP_MS: limit(30_000, 'milliseconds that one step of processing may take'),
  LIMIT_WORKER_MB: limit(512, 'megabytes that one worker may take'),
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

export type VariableName = keyof typeof variables.shape;
export type Settings = z.output<typeof variables>;
export const variableNames = Object.keys(variables.shape) as VariableName[];

/** A row of the table of variables, for documentation and for tests that check it. */
export interface VariableDescription {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
  readonly wants: string;
}

/** What stands beside a variable. */
export const aboutVariable = (variable: VariableName): About => {
  const found = about.get(variables.shape[variable]);
  if (!found) throw new Error(`${variable} is not described`);
  return found;
};

const shownDefault = (variable: VariableName): string => {
  const { unset } = aboutVariable(variable);
  if (unset !== undefined) return unset;
  const value = variables.shape[variable].parse(undefined) ?? 'none';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Every variable that `readConfig` reads, in the order in which a reader wants them. */
export const configVariables: readonly VariableDescription[] = variableNames.map((variable) => {
  const { meaning, wants } = aboutVariable(variable);
  return { name: variable, default: shownDefault(variable), meaning, wants };
});

/** A refused value as an error message shows it. */
export const shown = (value: string, secret: boolean): string => {
  if (secret) return 'has a value (not shown)';
  // JSON keeps a value with line breaks or escape codes on one harmless line.
  return `is ${JSON.stringify(value.length > MAX_SHOWN_CHARS ? `${value.slice(0, MAX_SHOWN_CHARS)}…` : value)}`;
};
