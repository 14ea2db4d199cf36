import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DIST, shipped } from './shipped.js';

/** @import { Measured } from './measure.js' */

/** Milliseconds after which a run is given up. */
const RUN_MS = 15 * 60_000;
const START_MS = 20_000;

/**
 * Runs a script of this folder in a process of its own, and returns what it has measured.
 * @param {string} script
 * @param {readonly (string | number)[]} args
 * @returns {Promise<Measured>}
 */
export async function run(script, ...args) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', path, ...args.map(String)], {
    timeout: RUN_MS,
  });
  /** @type {unknown} */
  const measured = JSON.parse(stdout);
  return /** @type {Measured} */ (measured);
}

/**
 * Starts the server as it is shipped, with its defaults, on a free port.
 * @param {string} directory For its data and its log.
 */
export async function startServer(directory) {
  const secret = randomBytes(32).toString('hex');
  const logFile = join(directory, 'server.log');
  // Into a file: reading the lines would take time from who is measured.
  const log = openSync(logFile, 'w');
  const server = spawn(process.execPath, [fileURLToPath(new URL('main.js', DIST))], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', DATA_DIR: directory, AUTH_SECRET: secret },
    stdio: ['ignore', log, 'inherit'],
  });
  closeSync(log);
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const stop = async () => {
    server.kill();
    await exited;
  };

  const until = Date.now() + START_MS;
  let url = '';
  while (url === '') {
    url = /"url":"(http[^"]+)".*"listening"/.exec(readFileSync(logFile, 'utf8'))?.[1] ?? '';
    if (server.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error(`The server did not start:\n${readFileSync(logFile, 'utf8')}`);
    }
    await sleep(20);
  }
  /** @type {typeof import('../../src/auth/tokens.ts')} */
  const { signToken } = await shipped('auth/tokens.js');
  /** @type {typeof import('../../src/platform/clock.ts')} */
  const { systemClock } = await shipped('platform/clock.js');
  const claims = { sub: 'ada', name: 'Ada' };
  const token = await signToken({ mode: 'secret', secret }, claims, RUN_MS, systemClock);
  return { url, token, pid: server.pid ?? 0, stop };
}
