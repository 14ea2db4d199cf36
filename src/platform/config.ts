import { BlockList, isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import {
  aboutVariable,
  type LogLevel,
  type Settings,
  shown,
  type Thresholds,
  type VariableName,
  variableNames,
  variables,
} from './config-variables.ts';

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
  /** Of one file. */
  readonly uploadBytes: number;
  /** Of one step of processing. */
  readonly stepMs: number;
  /** Megabytes of one worker's memory. */
  readonly workerMb: number;
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
  /** Child processes that process documents. */
  readonly workers: number;
  readonly logLevel: LogLevel;
  readonly production: boolean;
  readonly graphiql: boolean;
  readonly health: {
    /** MB of 2^20 bytes. */
    readonly memoryMb: Thresholds;
    /** 100 are all cores. */
    readonly cpuPercent: Thresholds;
  };
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

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True when only this machine can reach a server that listens at `host`: 127.0.0.0/8, ::1 and localhost. */
export const isLoopback = (host: string): boolean => {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
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
    workers: settings.WORKERS ?? availableParallelism(),
    logLevel: settings.LOG_LEVEL,
    production,
    graphiql: settings.GRAPHIQL ? settings.GRAPHIQL === '1' : !production,
    health: { memoryMb: settings.HEALTH_MEMORY_MB, cpuPercent: settings.HEALTH_CPU_PERCENT },
    limits: {
      initMs: settings.LIMIT_INIT_MS,
      messageBytes: settings.LIMIT_MESSAGE_BYTES,
      uploadBytes: settings.LIMIT_UPLOAD_BYTES,
      stepMs: settings.LIMIT_STEP_MS,
      workerMb: settings.LIMIT_WORKER_MB,
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
  for (const variable of variableNames) {
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
