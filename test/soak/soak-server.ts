import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Counts } from '../../src/app.ts';
import { testSecret } from '../support/tokens.ts';

const SCRIPT = fileURLToPath(new URL('server.js', import.meta.url));
/** Milliseconds that a server has to start, to answer and to stop. */
const PATIENCE_MS = 30_000;

/** What the server's process holds, once what is garbage has been collected. */
export interface Holdings {
  readonly counts: Counts;
  /** Timers of the server's clock that are set. */
  readonly alarms: number;
  /** Other timers that keep the process alive. */
  readonly timeouts: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes of `heapUsed` and `external` together. */
  readonly heap: number;
  /** Bytes of `heapTotal` and `external` together: what the main thread has of the RSS, used or not. */
  readonly reserved: number;
}

export interface SoakServer {
  readonly url: string;
  holdings(): Promise<Holdings>;
  /** Stops it gracefully. Rejects unless the process then ends by itself, with 0. */
  stop(): Promise<void>;
  /** Kills it when it still runs, and removes its data. */
  discard(): Promise<void>;
}

/** Starts a server with the usual limits in a process of its own. */
export async function startSoakServer(): Promise<SoakServer> {
  const directory = await mkdtemp(join(tmpdir(), 'quire-soak-'));
  const child = fork(SCRIPT, {
    // The young generation has its full size from the beginning: that it grows once, by and by, is no leak.
    execArgv: ['--expose-gc', '--min-semi-space-size=16'],
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      AUTH_SECRET: testSecret,
      DATA_DIR: directory,
      PORT: '0',
    },
  });
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`the server ended with ${code ?? signal}`)));
    child.once('error', reject);
  });
  // It is of interest only to whoever waits for an answer.
  ended.catch(() => {});

  const next = async (): Promise<unknown> => {
    const answer = once(child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    const [message] = (await Promise.race([answer, ended])) as [unknown];
    return message;
  };

  async function discard(): Promise<void> {
    process.off('exit', killOnExit);
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await rm(directory, { recursive: true, force: true });
  }

  try {
    const { url } = (await next()) as { url: string };
    return {
      url,
      async holdings() {
        const answer = next();
        child.send('holdings');
        return (await answer) as Holdings;
      },
      async stop() {
        const exit = once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) });
        child.send('stop');
        const [code, signal] = (await exit) as [number | null, NodeJS.Signals | null];
        if (code !== 0) throw new Error(`the server stopped with ${code ?? signal}`);
      },
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}
