import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIST, shipped } from '../edits/shipped.js';
import { EDITOR, START, splicesOf } from './events.js';
import { memoryOf, startMeasured, stop } from './process.js';

/** @import { ChildProcess } from 'node:child_process' */
/** @import { MeasuredServer } from './servers.js' */

const START_MS = 20_000;
const TOKEN_MS = 60 * 60_000;

const CREATE = 'mutation Create($input: CreateDocumentInput!) { createDocument(input: $input) { revision } }';
const SHARE = `mutation Share($documentId: ID!, $userId: ID!) {
  addCollaborator(documentId: $documentId, userId: $userId, role: VIEWER) { id }
}`;
const APPLY = `mutation Apply($documentId: ID!, $changes: [DocumentChangeInput!]!, $changeId: ID, $clientId: ID) {
  applyDocumentChanges(documentId: $documentId, changes: $changes, changeId: $changeId, clientId: $clientId) { revision }
}`;

/**
 * Starts Quire as it is shipped (SQLite on disk, a line in its log for each operation), with documents that each reader
 * may read. An event is a real edit over HTTP: authorized, durable, with a `changeId`, as an editor sends it.
 * @param {{ documents: number, readers: number }} options
 * @returns {Promise<MeasuredServer>}
 */
export async function startQuire({ documents, readers }) {
  const directory = await mkdtemp(join(tmpdir(), 'quire-bench-'));
  const secret = randomBytes(32).toString('hex');
  const logFile = join(directory, 'server.log');
  // Into a file: reading the lines would take time from who is measured.
  const log = openSync(logFile, 'w');
  const server = startMeasured(new URL('main.js', DIST), {
    stdout: log,
    env: { HOST: '127.0.0.1', PORT: '0', DATA_DIR: directory, AUTH_SECRET: secret, LOG_LEVEL: 'info' },
  });
  closeSync(log);
  const agent = new Agent({ keepAlive: true });
  const close = async () => {
    agent.destroy();
    await stop(server);
    await rm(directory, { recursive: true, force: true });
  };

  try {
    const url = await listening(server, logFile);
    const sign = await signer(secret);
    const call = createCaller(`${url}/graphql`, await sign(EDITOR.id, EDITOR.name), agent);
    const names = Array.from({ length: readers }, (_, index) => `reader-${index}`);
    const tokens = await Promise.all(names.map((name) => sign(name, name)));
    const documentIds = Array.from({ length: documents }, () => randomUUID());
    /** @type {number[]} */
    const revisions = [];
    for (const id of documentIds) {
      const input = { id, title: 'Bench', content: START };
      revisions.push((await call(CREATE, { input })).createDocument?.revision ?? 0);
      for (const userId of names) await call(SHARE, { documentId: id, userId });
    }
    return {
      dialect: 'graphql',
      port: Number(new URL(url).port),
      pid: server.pid ?? 0,
      documentIds,
      tokens,
      revisions,
      async publish(document, count) {
        const changes = splicesOf(count).map((splice) => ({ changeType: 'INSERT', ...splice }));
        const ids = { documentId: documentIds[document], changeId: randomUUID(), clientId: EDITOR.clientId };
        const revision = (revisions[document] ?? 0) + count;
        revisions[document] = revision;
        const { applyDocumentChanges } = await call(APPLY, { ...ids, changes });
        if (applyDocumentChanges?.revision !== revision) {
          throw new Error(`revision ${applyDocumentChanges?.revision} instead of ${revision}`);
        }
      },
      memory: () => memoryOf(server),
      stop: close,
    };
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

/** @typedef {Record<string, { revision?: number } | undefined>} Data */

/**
 * Sends operations over connections that are kept. Throws what the server says is wrong.
 * @param {string} url @param {string} token @param {Agent} agent
 * @returns {(query: string, variables: object) => Promise<Data>}
 */
function createCaller(url, token, agent) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return (query, variables) =>
    new Promise((resolve, reject) => {
      const call = request(url, { method: 'POST', agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (/** @type {string} */ part) => {
          text += part;
        });
        response.on('error', reject);
        response.on('end', () => {
          const data = dataOf(text);
          if (data) resolve(data);
          else reject(new Error(`Quire answered ${response.statusCode}: ${text.slice(0, 1_000)}`));
        });
      });
      call.on('error', reject);
      call.end(JSON.stringify({ query, variables }));
    });
}

/** What an operation returned; null when something went wrong. @param {string} text */
function dataOf(text) {
  try {
    /** @type {unknown} */
    const parsed = JSON.parse(text);
    const { data, errors } = /** @type {{ data?: Data, errors?: unknown }} */ (parsed);
    return errors === undefined ? (data ?? null) : null;
  } catch {
    return null;
  }
}
