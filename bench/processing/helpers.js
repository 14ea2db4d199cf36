import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nextMessage, stop } from '../fan-out/process.js';

/** @import { ProcessingServer } from './server.js' */
/** @import { Quantiles } from './quantiles.js' */

const RUN_MS = 10 * 60_000;

/** Starts a script of this folder in a process of its own. @param {string} script @param {readonly string[]} args */
const start = (script, args) =>
  fork(fileURLToPath(new URL(script, import.meta.url)), args, {
    execArgv: [],
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production' },
  });

/** An editor and a watcher of one document. @param {ProcessingServer} server */
export async function startPair({ url, token }) {
  const pair = start('pair.js', [url, token]);
  await nextMessage(pair, 'ready');
  return {
    /** How long changes were on their way. @param {number} seconds @returns {Promise<Quantiles>} */
    async measure(seconds) {
      /** @type {Promise<{ latency: Quantiles }>} */
      const measured = nextMessage(pair, 'measured', RUN_MS);
      pair.send({ seconds });
      return (await measured).latency;
    },
    stop: () => stop(pair),
  };
}

/** What so many watchers of one batch were told. @typedef {{ updates: number, ended: number }} Watched */

/** Sockets that all watch the same batch. @param {ProcessingServer} server @param {number} watchers */
export async function startWatchers({ url, token }, watchers) {
  const process = start('watchers.js', [url, token, `${watchers}`]);
  await nextMessage(process, 'ready');
  return {
    /** Resolves when all of them watch. @param {string} batchId */
    async watch(batchId) {
      const watching = nextMessage(process, 'watching');
      process.send({ batchId });
      await watching;
    },
    /** What they were told, when the batch has ended for the last of them. @returns {Promise<Watched>} */
    async ended() {
      return nextMessage(process, 'ended', RUN_MS);
    },
    stop: () => stop(process),
  };
}

/**
 * Work without a server.
 * @typedef {object} Alone
 * @property {number} jobs
 * @property {number} ms
 * @property {number} cpu Milliseconds of CPU a job, of all processes.
 */

/** @param {string} script @param {readonly (string | number)[]} args @returns {Promise<Alone>} */
export async function runAlone(script, ...args) {
  const process = start(script, args.map(String));
  try {
    return await nextMessage(process, 'done', RUN_MS);
  } finally {
    await stop(process);
  }
}
