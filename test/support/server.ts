import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { testSecret } from './tokens.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const START_MS = 20_000;
const STOP_MS = 15_000;
/** Lines of a server's log that are kept to be shown when a test fails. */
const MAX_LOG_LINES = 200;

export interface ServerOptions {
  /** Settings besides the ones that every test server has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs it so that permissions count for it, though the tests run as root. */
  readonly unprivileged?: boolean;
}

const isRoot = process.getuid?.() === 0;
/**
 * Root without what lets root pass by permissions. (Another user might not be able to read the checkout.) The command becomes
 * the server, so that signals reach that.
 */
const BOUND = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'];

/** A real server in a process of its own: `node dist/main.js`. */
export interface TestServer {
  readonly url: string;
  /** Its DATA_DIR: a temporary directory, unless `env` names one. */
  readonly dataDir: string;
  /** What it has logged lately, without the operations that went well: to be shown when a test fails. */
  log(): string;
  /** Of its process, or of the last one that it had. */
  pid(): number;
  /** False when it was killed, or has ended unasked: `stop` throws then. */
  isRunning(): boolean;
  /** Stops it as an operator would (SIGTERM), and removes its directory. Throws when it does not exit with 0. Idempotent. */
  stop(): Promise<void>;
  /** Kills it at once (SIGKILL). Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same data and port. */
  restart(): Promise<void>;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Rejects when `promise` is not settled in time. */
async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a server on a free port. Rejects when it does not come up, with what it said. */
export async function startServer({
  env = {},
  unprivileged = false,
}: ServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'quire-test-'));
  const dataDir = env['DATA_DIR'] ?? directory;
  const [command = '', ...args] = [...(unprivileged && isRoot ? BOUND : []), process.execPath, main];
  const lines: string[] = [];
  let port = '0';
  let child: ChildProcess | undefined;
  /** Set before a signal of ours: any other end is the server's own, or somebody else's doing. */
  let expected = false;
  let surprise: string | undefined;

  const keep = (line: string): void => {
    // One line an operation that went well would push out what matters.
    if (line.includes('"msg":"operation"') && line.includes('"code":"OK"')) return;
    lines.push(line);
    if (lines.length > MAX_LOG_LINES) lines.shift();
  };

  async function launch(): Promise<string> {
    const server = spawn(command, args, {
      env: {
        PATH: process.env['PATH'],
        LOG_LEVEL: 'info',
        AUTH_SECRET: testSecret,
        DATA_DIR: dataDir,
        ...env,
        PORT: port,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = server;
    expected = false;
    server.once('exit', (code, signal) => {
      if (expected) return;
      surprise = `the server ended by itself, or by somebody else (code ${code}, signal ${signal})`;
      keep(surprise);
    });
    createInterface({ input: server.stderr }).on('line', keep);
    const listening = new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stdout }).on('line', (line) => {
        keep(line);
        const url = line.includes('"msg":"listening"') && (JSON.parse(line) as { url: string }).url;
        if (url) resolve(url);
      });
      server.once('error', reject);
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${lines.join('\n')}`)));
    });
    return within(START_MS, 'the start of a server', listening);
  }

  /** Resolves with its exit code; null when a signal ended it. */
  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child && isRunning(child)) {
      expected = true;
      const exited = once(child, 'exit');
      child.kill(signal);
      await within(STOP_MS, `the end of a server by ${signal}`, exited);
    }
    return child?.exitCode ?? null;
  }

  const killOnExit = (): void => void child?.kill('SIGKILL');
  process.once('exit', killOnExit);

  async function discard(): Promise<void> {
    process.off('exit', killOnExit);
    await rm(directory, { recursive: true, force: true });
  }

  let url: string;
  try {
    url = await launch();
    port = new URL(url).port;
  } catch (error) {
    await end('SIGKILL');
    await discard();
    throw error;
  }

  return {
    url,
    dataDir,
    log: () => lines.join('\n'),
    pid: () => child?.pid ?? 0,
    isRunning: () => child !== undefined && isRunning(child),
    async stop() {
      try {
        const code = await end('SIGTERM');
        if (code) throw new Error(`the server stopped with ${code}:\n${lines.join('\n')}`);
        if (surprise) throw new Error(`${surprise}:\n${lines.join('\n')}`);
      } finally {
        await end('SIGKILL');
        await discard();
      }
    },
    async kill() {
      await end('SIGKILL');
    },
    async restart() {
      await end('SIGKILL');
      await launch();
    },
  };
}
