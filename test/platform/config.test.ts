import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, isLoopback, readConfig } from '../../src/platform/config.ts';
import { configVariables } from '../../src/platform/config-variables.ts';

const secret = 's'.repeat(32);

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('readConfig', () => {
  it('an empty environment gives the defaults', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      dataDir: resolve('.data'),
      databaseFile: resolve('.data/quire.db'),
      redis: null,
      auth: { mode: 'development' },
      allowedOrigins: null,
      workers: availableParallelism(),
      logLevel: 'info',
      production: false,
      graphiql: true,
      health: {
        memoryMb: { degraded: 1000, warning: 1500, critical: 2000 },
        cpuPercent: { degraded: 60, warning: 75, critical: 90 },
      },
      limits: {
        initMs: 3000,
        messageBytes: 262_144,
        uploadBytes: 26_214_400,
        stepMs: 30_000,
        workerMb: 512,
        changeChars: 65_536,
        documentChars: 10_485_760,
        subscriptionsPerSocket: 100,
        unsentBytes: 262_144,
        stallMs: 30_000,
        depth: 10,
        aliases: 30,
        cost: 5000,
        queryChars: 15_000,
        page: 100,
      },
    });
  });

  it('empty variables count as unset', () => {
    const empty = Object.fromEntries(configVariables.map(({ name }) => [name, '']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it('every setting is read', () => {
    const config = readConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      DATA_DIR: '/var/lib/quire',
      REDIS_URL: 'rediss://:pass@redis.example:6380/2',
      REDIS_PREFIX: '{q}',
      AUTH_SECRET: secret,
      AUTH_ISSUER: 'me',
      AUTH_AUDIENCE: 'quire',
      ALLOWED_ORIGINS: 'https://app.example, http://localhost:5173',
      WORKERS: '3',
      LOG_LEVEL: 'silent',
      NODE_ENV: 'production',
      HEALTH_MEMORY_MB: '1,2,3',
      HEALTH_CPU_PERCENT: '0,50,1000',
      LIMIT_PAGE: '7',
      LIMIT_UPLOAD_BYTES: '8',
      LIMIT_STEP_MS: '9',
      LIMIT_WORKER_MB: '10',
      LIMIT_INIT_MS: '2147483647',
    });
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      databaseFile: '/var/lib/quire/quire.db',
      redis: { url: 'rediss://:pass@redis.example:6380/2', prefix: '{q}' },
      auth: { mode: 'secret', secret, issuer: 'me', audience: 'quire' },
      allowedOrigins: ['https://app.example', 'http://localhost:5173'],
      logLevel: 'silent',
      production: true,
      graphiql: false,
      health: {
        memoryMb: { degraded: 1, warning: 2, critical: 3 },
        cpuPercent: { degraded: 0, warning: 50, critical: 1000 },
      },
      workers: 3,
      limits: { page: 7, initMs: 2_147_483_647, uploadBytes: 8, stepMs: 9, workerMb: 10 },
    });
  });

  it('GRAPHIQL=1 holds in production too, and GRAPHIQL=0 elsewhere', () => {
    expect(readConfig({ NODE_ENV: 'production', GRAPHIQL: '1', AUTH_SECRET: secret }).graphiql).toBe(true);
    expect(readConfig({ GRAPHIQL: '0' }).graphiql).toBe(false);
  });

  it.each([
    ['sqlite:/data/a.db', '/data/a.db'],
    ['sqlite:///data/a.db', '/data/a.db'],
    ['sqlite:./a.db', resolve('a.db')],
    ['sqlite:a b.db', resolve('a b.db')],
  ])('DATABASE_URL=%s is a file', (url, file) => {
    expect(readConfig({ DATABASE_URL: url }).databaseFile).toBe(file);
  });

  it('a JWKS needs its issuer and audience', () => {
    const AUTH_JWKS_URL = 'https://id.example/keys';
    expect(problemsOf({ AUTH_JWKS_URL })).toEqual([
      'AUTH_ISSUER is not set, but AUTH_JWKS_URL requires it',
      'AUTH_AUDIENCE is not set, but AUTH_JWKS_URL requires it',
    ]);
    const { auth } = readConfig({ AUTH_JWKS_URL, AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a', HOST: '::' });
    expect(auth).toEqual({ mode: 'jwks', url: AUTH_JWKS_URL, issuer: 'i', audience: 'a' });
  });

  it('two ways to verify tokens are refused', () => {
    const env = {
      AUTH_SECRET: secret,
      AUTH_JWKS_URL: 'http://id.example',
      AUTH_ISSUER: 'i',
      AUTH_AUDIENCE: 'a',
    };
    expect(problemsOf(env)).toEqual([expect.stringContaining('both set')]);
  });

  it('a half finished auth setting does not become development mode', () => {
    expect(problemsOf({ AUTH_ISSUER: 'i' })).toEqual([expect.stringContaining('AUTH_ISSUER is set, but')]);
  });

  it.each(['0.0.0.0', '::', '192.168.1.4', 'quire.example', '::ffff:8.8.8.8'])(
    'HOST=%s without an auth setting is refused and says what is missing',
    (HOST) => {
      expect(problemsOf({ HOST })).toEqual([
        expect.stringMatching(/^AUTH_SECRET or AUTH_JWKS_URL must be set, because HOST is /),
      ]);
    },
  );

  it.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost', 'LOCALHOST'])(
    'HOST=%s without an auth setting is development mode',
    (HOST) => {
      expect(readConfig({ HOST }).auth).toEqual({ mode: 'development' });
    },
  );

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '4000 '],
    ['PORT', '1e3'],
    ['PORT', '0x10'],
    ['HOST', 'a b'],
    ['HOST', 'http://localhost'],
    ['REDIS_PREFIX', 'a:b'],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'null'],
    ['ALLOWED_ORIGINS', ','],
    ['ALLOWED_ORIGINS', 'https://*.good.example'],
    ['ALLOWED_ORIGINS', 'https://good.example/'],
    ['ALLOWED_ORIGINS', 'https://Good.example'],
    ['ALLOWED_ORIGINS', 'https://good.example:443'],
    ['ALLOWED_ORIGINS', 'https://good.example,good.example'],
    ['LOG_LEVEL', 'verbose'],
    ['GRAPHIQL', 'yes'],
    ['HEALTH_MEMORY_MB', '1000'],
    ['HEALTH_MEMORY_MB', '1000,1500'],
    ['HEALTH_MEMORY_MB', '1000,1500,2000,2500'],
    ['HEALTH_MEMORY_MB', '1000, 1500, 2000'],
    ['HEALTH_CPU_PERCENT', '60,60,90'],
    ['HEALTH_CPU_PERCENT', '90,75,60'],
    ['HEALTH_CPU_PERCENT', '-1,75,90'],
    ['LIMIT_DEPTH', '0'],
    ['LIMIT_DEPTH', '1.5'],
    ['LIMIT_INIT_MS', '2147483648'],
  ])('%s=%s is refused with what it is and what it must be', (name, value) => {
    const { wants } = configVariables.find((variable) => variable.name === name) ?? {};
    expect(problemsOf({ [name]: value, AUTH_SECRET: secret })).toEqual([
      `${name} is ${JSON.stringify(value)}, but must be ${wants}`,
    ]);
  });

  it.each([
    ['AUTH_SECRET', 'hunter2'],
    ['AUTH_JWKS_URL', 'ftp://hunter2'],
    ['AUTH_JWKS_URL', 'https://hunter2:x@id.example'],
    ['AUTH_JWKS_URL', 'https://:hunter2@id.example'],
    ['REDIS_URL', 'http://:hunter2@localhost'],
    ['REDIS_URL', 'redis:hunter2'],
    ['DATABASE_URL', 'sqlite:'],
    ['DATABASE_URL', 'sqlite::memory:'],
    ['DATABASE_URL', 'sqlite://hunter2/a.db'],
    ['DATABASE_URL', 'mysql://quire:hunter2@db.example/quire'],
  ])('%s=%s is refused without being shown', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems[0]).toMatch(new RegExp(`^${name} has a value \\(not shown\\), but must be `));
    expect(problems.join()).not.toContain('hunter2');
  });

  it('postgres:// is refused, saying what this version runs on', () => {
    const [problem] = problemsOf({ DATABASE_URL: 'postgres://quire:hunter2@db.example/quire' });
    expect(problem).toContain('this version runs on SQLite');
    expect(problem).not.toContain('hunter2');
  });

  it('an error names all that is wrong, one line each, however the values look', () => {
    const env = { PORT: 'x\ny', GRAPHIQL: 'x'.repeat(5000), LOG_LEVEL: '\u001b[31m', HOST: '0.0.0.0' };
    const problems = problemsOf(env);
    expect(problems).toHaveLength(4);
    for (const problem of problems) {
      expect(problem).not.toMatch(/\p{Cc}/u);
      expect(problem.length).toBeLessThan(400);
    }
    expect(new ConfigError(problems).message.split('\n')).toHaveLength(5);
  });

  it('a secret is measured in bytes', () => {
    expect(problemsOf({ AUTH_SECRET: 'é'.repeat(16) })).toEqual([]);
    expect(problemsOf({ AUTH_SECRET: 's'.repeat(31) })).toHaveLength(1);
  });
});

describe('configVariables', () => {
  it('describes each variable with its default', () => {
    const table = new Map(configVariables.map((variable) => [variable.name, variable]));
    expect(table.get('PORT')?.default).toBe('4000');
    expect(table.get('REDIS_URL')?.default).toBe('none');
    expect(table.get('LIMIT_DOCUMENT_CHARS')?.default).toBe('10485760');
    for (const { meaning, wants } of configVariables) expect(meaning && wants).not.toBe('');
  });

  it('a stated default is what an unset variable means', () => {
    const stated = configVariables.filter(({ name, default: usual }) => name.startsWith('LIMIT_') && usual);
    const env = Object.fromEntries(stated.map((variable) => [variable.name, variable.default]));
    expect(readConfig(env)).toEqual(readConfig({}));
  });
});

describe('isLoopback', () => {
  it.each(['127.1', '128.0.0.1', 'localhost.evil.example', '', '0.0.0.0', '::2'])('%s is not', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});

it('each variable is described by words of its own', () => {
  const meanings = configVariables.map(({ meaning }) => meaning);
  expect(new Set(meanings).size).toBe(meanings.length);
});

it('production wants an auth setting on a loopback HOST too: a proxy could show it to the world', () => {
  expect(problemsOf({ NODE_ENV: 'production' })).toEqual([
    'AUTH_SECRET or AUTH_JWKS_URL must be set, because NODE_ENV is "production"',
  ]);
});
