import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIST, shipped } from '../edits/shipped.js';
import { startMeasured, stop } from './process.js';

/** @import { ChildProcess } from 'node:child_process' */

const START_MS = 20_000;
const TOKEN_MS = 60 * 60_000;

/**
 * Quire as it is shipped: its defaults, SQLite on disk, a line in its log for each operation.
 * @typedef {object} ShippedServer
 * @property {ChildProcess} process
 * @property {string} url
 * @property {string} databaseFile
 * @property {(id: string, name: string) => Promise<string>} sign A token for a user.
 * @property {() => Promise<void>} end Ends the process; what it has written stays.
 * @property {() => Promise<void>} stop Ends it, if that was not done, and removes its directory.
 */

/** @param {{ probes?: readonly string[] }} [options] @returns {Promise<ShippedServer>} */
export async function startShipped(options = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'quire-bench-'));
  const secret = randomBytes(32).toString('hex');
  const logFile = join(directory, 'server.log');
  // Into a file: reading the lines would take time from who is measured.
  const log = openSync(logFile, 'w');
  const server = startMeasured(new URL('main.js', DIST), {
    ...options,
    stdout: log,
    env: { HOST: '127.0.0.1', PORT: '0', DATA_DIR: directory, AUTH_SECRET: secret, LOG_LEVEL: 'info' },
  });
  closeSync(log);
  const end = () => stop(server);
  const close = async () => {
    await end();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const url = await listening(server, logFile);
    const sign = await signer(secret);
    return { process: server, url, databaseFile: join(directory, 'quire.db'), sign, end, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param {ChildProcess} server @param {string} logFile @returns {Promise<string>} its URL */
async function listening(server, logFile) {
  const until = Date.now() + START_MS;
  for (;;) {
    const lines = readFileSync(logFile, 'utf8');
    const url = /"url":"(http[^"]+)".*"listening"/.exec(lines)?.[1];
    if (url !== undefined) return url;
    if (server.exitCode !== null || Date.now() > until) throw new Error(`Quire did not start:\n${lines}`);
    await sleep(20);
  }
}

/** @param {string} secret */
async function signer(secret) {
  /** @type {typeof import('../../src/auth/tokens.ts')} */
  const { signToken } = await shipped('auth/tokens.js');
  /** @type {typeof import('../../src/platform/clock.ts')} */
  const { systemClock } = await shipped('platform/clock.js');
  return (/** @type {string} */ sub, /** @type {string} */ name) =>
    signToken({ mode: 'secret', secret }, { sub, name }, TOKEN_MS, systemClock);
}

/**
 * Sends operations of one user, over connections that are kept.
 * @typedef {object} Caller
 * @property {<Data>(query: string, variables: object) => Promise<Data>} call Rejects with what the server says is wrong.
 * @property {<Data>(query: string, variables: object, path: string, file: { name: string, bytes: Uint8Array }) => Promise<Data>} upload
 * The same with a file, in the place of a variable.
 * @property {() => void} close
 */

/** @param {string} url Of the server. @param {string} token @returns {Caller} */
export function createCaller(url, token) {
  const agent = new Agent({ keepAlive: true });
  const authorization = `Bearer ${token}`;

  /** @template Data @param {Record<string, string>} headers @param {string | Uint8Array} body @returns {Promise<Data>} */
  const send = (headers, body) =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', agent, headers: { ...headers, authorization } };
      const call = request(`${url}/graphql`, options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (/** @type {string} */ part) => {
          text += part;
        });
        response.on('error', reject);
        response.on('end', () => {
          const data = dataOf(text);
          if (data) resolve(/** @type {Data} */ (data));
          else reject(new Error(`Quire answered ${response.statusCode}: ${text.slice(0, 1_000)}`));
        });
      });
      call.on('error', reject);
      call.end(body);
    });

  return {
    call: (query, variables) =>
      send({ 'content-type': 'application/json' }, JSON.stringify({ query, variables })),
    async upload(query, variables, path, { name, bytes }) {
      const form = new FormData();
      form.set('operations', JSON.stringify({ query, variables }));
      form.set('map', JSON.stringify({ 0: [`variables.${path}`] }));
      form.set('0', new Blob([Uint8Array.from(bytes)]), name);
      const encoded = new Response(form);
      const contentType = encoded.headers.get('content-type') ?? '';
      const body = new Uint8Array(await encoded.arrayBuffer());
      return send({ 'content-type': contentType, 'graphql-require-preflight': '1' }, body);
    },
    close: () => agent.destroy(),
  };
}

/** What an operation returned; null when something went wrong. @param {string} text @returns {unknown} */
function dataOf(text) {
  try {
    /** @type {unknown} */
    const parsed = JSON.parse(text);
    const { data, errors } = /** @type {{ data?: unknown, errors?: unknown }} */ (parsed);
    return errors === undefined ? (data ?? null) : null;
  } catch {
    return null;
  }
}
