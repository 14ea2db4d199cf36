import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** @import { ChildProcess } from 'node:child_process' */

const START_MS = 30_000;
const STOP_MS = 15_000;
const PROBE = new URL('probe.js', import.meta.url).href;

/** Memory in bytes, once what is garbage has been collected. @typedef {{ rss: number, heapUsed: number }} Memory */

/**
 * Starts a server to be measured. All of them get the same flags and the same environment, besides their own settings.
 * @param {URL} script
 * @param {object} [options]
 * @param {Record<string, string>} [options.env]
 * @param {number | 'ignore'} [options.stdout] A file descriptor.
 * @param {readonly string[]} [options.probes] URLs of more modules that are loaded before it.
 */
export function startMeasured(script, { env = {}, stdout = 'ignore', probes = [] } = {}) {
  return fork(fileURLToPath(script), {
    execArgv: ['--expose-gc', ...[PROBE, ...probes].flatMap((probe) => ['--import', probe])],
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...env },
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  });
}

/**
 * The next message of a kind. Rejects when the process ends, or when it takes too long.
 * @template Message
 * @param {ChildProcess} child @param {string} kind @param {number} [ms]
 * @returns {Promise<Message>}
 */
export async function nextMessage(child, kind, ms = START_MS) {
  const messages = on(child, 'message', { signal: AbortSignal.timeout(ms), close: ['exit'] });
  for await (const [message] of /** @type {AsyncIterable<[{ kind: string }]>} */ (messages)) {
    if (message.kind === kind) return /** @type {Message} */ (message);
  }
  throw new Error(`a process ended before it said "${kind}"`);
}

/** Asks a measured server what it holds. @param {ChildProcess} child @returns {Promise<Memory>} */
export async function memoryOf(child) {
  /** @type {Promise<Memory>} */
  const answer = nextMessage(child, 'memory');
  child.send('memory');
  return await answer;
}

/** Ends a process that the bench has started, and resolves when it is gone. @param {ChildProcess} child */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  const late = new AbortController();
  const patience = sleep(STOP_MS, undefined, { signal: late.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  );
  await gone;
  late.abort();
  await patience;
}
