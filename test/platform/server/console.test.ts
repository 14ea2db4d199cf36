import { mkdir, mkdtemp, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_STAMP } from '../../../src/platform/server/console.ts';
import { type Edge, startEdge } from './edge.ts';
import { rawRequest } from './raw-request.ts';

const INDEX = '<!doctype html><title>Quire</title>';
const SCRIPT = `console.log(${JSON.stringify('a script '.repeat(200))});`;

describe('the console', () => {
  let directory: string;
  let edge: Edge;

  const build = async (index: string, builtAt: Date): Promise<void> => {
    await mkdir(join(directory, 'assets'), { recursive: true });
    await writeFile(join(directory, 'index.html'), index);
    await writeFile(join(directory, 'assets/index-a1b2c3.js'), SCRIPT);
    await writeFile(join(directory, 'assets/index-a1b2c3.js.br'), brotliCompressSync(SCRIPT));
    await writeFile(join(directory, 'assets/index-a1b2c3.js.gz'), gzipSync(SCRIPT));
    await writeFile(join(directory, CONSOLE_STAMP), 'built');
    await utimes(join(directory, CONSOLE_STAMP), builtAt, builtAt);
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quire-console-'));
    await writeFile(join(tmpdir(), 'quire-outside.txt'), 'outside');
    await build(INDEX, new Date(1_000_000));
    edge = await startEdge({ consoleDirectory: directory });
  });
  afterAll(async () => {
    await edge.server.close();
    await rm(directory, { recursive: true });
    await rm(join(tmpdir(), 'quire-outside.txt'));
  });

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    rawRequest(edge, { method, path, headers: { host: `localhost:${edge.port}`, ...headers } });

  it.each([
    '/',
    '/documents',
    '/documents/notes',
    '/documents/report.2026.pdf',
    '/documents/%C3%A9t%C3%A9',
    '/processing',
    '/operations',
    '/documents?search=a',
  ])('is one page, at %s', async (path) => {
    const { status, headers, body } = await get(path);
    expect([status, body]).toEqual([200, INDEX]);
    expect(headers).toMatchObject({
      'content-type': 'text/html;charset=utf-8',
      'cache-control': 'no-cache',
      etag: expect.stringMatching(/^W\//) as string,
    });
  });

  it('loads nothing from others, tells nobody where it is, and is in nobody’s frame', async () => {
    const { headers } = await get('/documents');
    const host = `localhost:${edge.port}`;
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        `connect-src 'self' ws://${host} wss://${host}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'`,
    );
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('takes no Host into its policy that would add to it', async () => {
    const { status } = await get('/', { host: "localhost; script-src 'unsafe-inline'" });
    expect(status).toBe(400);
  });

  it('is asked for once: what has not changed is 304', async () => {
    const first = await get('/');
    const again = await get('/', { 'if-none-match': String(first.headers['etag']) });
    expect([again.status, again.body]).toEqual([304, '']);
    expect(again.headers['content-security-policy']).toBe(first.headers['content-security-policy']);
  });

  it('has files named by their content, which are kept for a year', async () => {
    const { status, headers, body } = await get('/assets/index-a1b2c3.js');
    expect([status, body]).toEqual([200, SCRIPT]);
    expect(headers).toMatchObject({
      'content-type': 'text/javascript',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
      'content-length': String(SCRIPT.length),
    });
  });

  it.each([
    ['br', 'gzip, deflate, br'],
    ['gzip', 'gzip'],
  ])('was compressed when it was built: %s', async (encoding, accepted) => {
    const { headers } = await get('/assets/index-a1b2c3.js', { 'accept-encoding': accepted });
    expect(headers['content-encoding']).toBe(encoding);
    expect(Number(headers['content-length'])).toBeLessThan(SCRIPT.length / 2);
    const decoded = await fetch(`${edge.url}/assets/index-a1b2c3.js`, {
      headers: { 'accept-encoding': accepted },
    });
    expect(await decoded.text()).toBe(SCRIPT);
  });

  it('answers HEAD without the body', async () => {
    const { status, headers, body } = await get('/assets/index-a1b2c3.js', {}, 'HEAD');
    expect([status, body, headers['content-length']]).toEqual([200, '', String(SCRIPT.length)]);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('is not asked for by %s', async (method) => {
    for (const path of ['/', '/documents', '/assets/index-a1b2c3.js']) {
      const { status, headers } = await get(path, {}, method);
      expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
    }
  });

  it.each([
    '/assets/index-000000.js',
    '/assets/',
    '/assets/../index.html',
    '/assets/%2e%2e/%2e%2e/quire-outside.txt',
    '/assets/..%2f..%2fquire-outside.txt',
    '/assets/%00',
    '/assets/%',
    '/assets/%2e%2e/.built',
    '/.built',
    '/index.html',
    '/favicon.ico',
    '/quire-outside.txt',
    '/%2e%2e/quire-outside.txt',
    '/documents/a/b',
    '/elsewhere',
  ])('is not there at %s', async (path) => {
    const { status, headers, body } = await get(path);
    expect(status).toBe(404);
    expect(body).not.toContain('outside');
    expect(headers['cache-control']).toBeUndefined();
  });

  it('[P11] gives whole files, whatever range is asked for', async () => {
    for (const range of ['bytes=5-2', 'bytes=-1', 'bytes=0-0', 'bytes=99999-', 'lines=1-2']) {
      const { status, body } = await get('/assets/index-a1b2c3.js', { range });
      expect([status, body]).toEqual([200, SCRIPT]);
    }
  });

  it('leaves /graphql, /health and what can be polled as they are', async () => {
    expect((await get('/graphql', { accept: 'text/html' })).headers['content-security-policy']).toContain(
      "'unsafe-inline'",
    );
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/api/kettles/none', { authorization: 'Bearer ada' })).status).toBe(404);
  });

  it('is another one as soon as it was built anew, without a restart', async () => {
    await build('<!doctype html><title>Newer</title>', new Date(2_000_000));
    expect((await get('/')).body).toContain('Newer');
  });

  it('[P11] survives that a file goes which it knew', async () => {
    await build(INDEX, new Date(3_000_000));
    expect((await get('/assets/index-a1b2c3.js')).status).toBe(200);
    await unlink(join(directory, 'assets/index-a1b2c3.js'));
    await expect(
      fetch(`${edge.url}/assets/index-a1b2c3.js`, { headers: { 'accept-encoding': 'identity' } }).then(
        (answer) => answer.text(),
      ),
    ).rejects.toThrow();
    expect((await get('/')).status).toBe(200);
    await build(INDEX, new Date(4_000_000));
  });

  it('says what to run where it was not built', async () => {
    const empty = await startEdge({ consoleDirectory: join(directory, 'nothing') });
    const none = await startEdge();
    try {
      const response = await fetch(empty.url);
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(await response.text()).toMatch(/npm start[^]*npm run dev:console/);
      expect((await fetch(none.url)).status).toBe(404);
    } finally {
      await Promise.all([empty.server.close(), none.server.close()]);
    }
  });

  it('is served to this machine only in development mode', async () => {
    const open = await startEdge({ consoleDirectory: directory, development: true });
    try {
      const rebound = await rawRequest(open, { path: '/', headers: { host: 'evil.example' } });
      expect(rebound.status).toBe(403);
    } finally {
      await open.server.close();
    }
  });
});
