import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { developmentAuth } from '../../src/auth/development.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import { parseDuration } from '../../src/cli/duration.ts';
import { run } from '../../src/cli/run.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { testAuth, testSecret } from '../support/tokens.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-'));
});
afterEach(() => rm(directory, { recursive: true }));

const quire = async (args: string[], env: NodeJS.ProcessEnv = { AUTH_SECRET: testSecret }) => {
  let out = '';
  let err = '';
  const code = await run(args, {
    env: { DATA_DIR: directory, ...env },
    input: Readable.from([]),
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { code, out, err };
};

describe('quire token', () => {
  it('prints a token that the server accepts, and nothing else', async () => {
    const started = Date.now();
    const { code, out, err } = await quire(
      'token --user ada --name=Ada --tenant acme --role admin --role service --expires 15m'.split(' '),
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^[\w.-]+\n$/);
    const viewer = await createTokens(testAuth, systemClock).verify(out.trim());
    expect(viewer).toMatchObject({
      userId: 'ada',
      name: 'Ada',
      tenantId: 'acme',
      roles: ['admin', 'service'],
    });
    expect(viewer.tokenExpiresAt - started).toBeGreaterThanOrEqual(15 * 60_000);
    expect(viewer.tokenExpiresAt - started).toBeLessThan(16 * 60_000);
  });

  it('has the issuer and audience that the server wants', async () => {
    const { out } = await quire(['token', '--user', 'ada'], {
      AUTH_SECRET: testSecret,
      AUTH_ISSUER: 'us',
      AUTH_AUDIENCE: 'quire',
    });
    const tokens = createTokens({ ...testAuth, issuer: 'us', audience: 'quire' }, systemClock);
    expect((await tokens.verify(out.trim())).userId).toBe('ada');
  });

  it('works in development mode, before and after the server has made the secret', async () => {
    const { out } = await quire(['token', '--user', 'ada'], {});
    const tokens = createTokens(await developmentAuth(directory), systemClock);
    expect((await tokens.verify(out.trim())).userId).toBe('ada');
    const again = await quire(['token', '--user', 'ada'], {});
    expect((await tokens.verify(again.out.trim())).userId).toBe('ada');
  });

  it('is refused when the server takes tokens from an identity provider', async () => {
    const { code, out, err } = await quire(['token', '--user', 'ada'], {
      AUTH_JWKS_URL: 'https://id.example/keys',
      AUTH_ISSUER: 'i',
      AUTH_AUDIENCE: 'a',
    });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('AUTH_JWKS_URL is set');
  });

  it('is refused when the configuration is not usable', async () => {
    const { code, out, err } = await quire(['token', '--user', 'ada'], { AUTH_SECRET: 'short' });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('AUTH_SECRET has a value (not shown), but must be at least 32 bytes');
  });

  it.each([
    [['token'], '--user is missing'],
    [['token', '--user'], '--user'],
    [['token', '--user', ''], '"sub" must be'],
    [['token', '--user', 'ada', '--tenant', 'a b'], '"tenant" must be'],
    [['token', '--usr', 'ada'], '--usr'],
    [['token', 'ada'], 'ada'],
    [['token', '--user', 'ada', '--expires', '12'], '--expires must be'],
    [['token', '--user', 'ada', '--expires', '9999d'], '--expires must be'],
    [['tokens'], '"tokens" is not a command'],
    [['--verbose'], '"--verbose" is not a command'],
    [[], 'a command is missing'],
  ])('%j exits with 2 and says what to do', async (args, complaint) => {
    const { code, out, err } = await quire(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(complaint);
    expect(err).toMatch(/Try: quire (token )?--help\n$/);
  });

  it('no secret is made when the arguments make no sense', async () => {
    expect((await quire(['token', '--user', 'ada', '--expires', 'never'], {})).code).toBe(2);
    await expect(access(join(directory, 'dev-secret'))).rejects.toThrow('ENOENT');
  });
});

describe('quire', () => {
  it.each([
    [['--help'], 'quire COMMAND'],
    [['-h'], 'quire COMMAND'],
    [['token', '--help'], '--expires TIME'],
  ])('%j prints help', async (args, text) => {
    const { code, out, err } = await quire(args);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(text);
  });

  it('runs as a program', async () => {
    const program = ['--import', 'tsx', 'src/cli/quire.ts'];
    const options = {
      timeout: 20_000,
      env: { ...process.env, DATA_DIR: directory, AUTH_SECRET: testSecret },
    };
    const start = (...args: string[]) =>
      promisify(execFile)(process.execPath, [...program, ...args], options);
    const [version, token, unknown] = await Promise.all([
      start('--version'),
      start('token', '--user', 'ada'),
      start('dance').catch((error: unknown) => error),
    ]);
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(version.stdout).toBe(`${manifest.version}\n`);
    expect((await createTokens(testAuth, systemClock).verify(token.stdout.trim())).userId).toBe('ada');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('parseDuration', () => {
  it.each([
    ['30s', 30_000],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['3650d', 315_360_000_000],
    ['3651d', null],
    ['0s', null],
    ['-1s', null],
    ['1.5h', null],
    ['1 h', null],
    ['1w', null],
    ['h', null],
    ['', null],
    ['1s\n', null],
  ])('%j is %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});
