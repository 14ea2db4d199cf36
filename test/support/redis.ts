import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const START_MS = 10_000;
const ATTEMPTS = 5;

const onPath = (name: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Whether a Redis can be started and killed here. */
export const redisRestartable = onPath('redis-server');
/** Whether there is a Redis at all: a binary on PATH, or a running one that REDIS_URL names. */
export const redisAvailable = redisRestartable || process.env.REDIS_URL !== undefined;

export interface TestRedis {
  readonly url: string;
  /** Ends it and forgets its folder. Idempotent. */
  stop(): Promise<void>;
  /** Kills it with SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port, killing it first when it runs. */
  restart(): Promise<void>;
  /** Stops it in mid-motion (SIGSTOP): connections stay open and nothing is answered, until `thaw`. */
  freeze(): void;
  thaw(): void;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('data', (data) => done(data.toString().startsWith('+PONG')));
    socket.once('error', () => done(false));
    socket.once('end', () => done(false));
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const running = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

const launch = async (port: number, folder: string): Promise<ChildProcess> => {
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  const child = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  );
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && !failure && running(child)) {
    if ((await answers(port)) && running(child)) return child;
    await pause(10);
  }
  child.kill('SIGKILL');
  throw failure ?? new Error(`redis-server did not start on port ${port}`);
};

const end = async (child: ChildProcess): Promise<void> => {
  if (!running(child)) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
};

/** The Redis of REDIS_URL, which is not ours to kill. */
const borrowed = (url: string): TestRedis => {
  const refuse = (): never => {
    throw new Error('This test needs redis-server on PATH');
  };
  return { url, stop: async () => {}, kill: refuse, restart: refuse, freeze: refuse, thaw: refuse };
};

/**
 * Starts a throwaway Redis on a free port of 127.0.0.1, without persistence. Where there is no binary, it hands out the
 * one of REDIS_URL; see `redisAvailable` and `redisRestartable`.
 */
export const startRedis = async (): Promise<TestRedis> => {
  if (!redisRestartable) return borrowed(process.env.REDIS_URL ?? '');
  const folder = await mkdtemp(join(tmpdir(), 'quire-redis-'));
  let port = await freePort();
  let child: ChildProcess | undefined;
  for (let attempt = 1; child === undefined; attempt += 1) {
    try {
      child = await launch(port, folder);
    } catch (error) {
      // Another process may have taken the port in between.
      if (attempt === ATTEMPTS) throw error;
      port = await freePort();
    }
  }
  let server = child;
  const onExit = (): void => {
    server.kill('SIGKILL');
  };
  process.once('exit', onExit);

  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      process.off('exit', onExit);
      await end(server);
      await rm(folder, { recursive: true, force: true });
    },
    kill: () => end(server),
    async restart() {
      await end(server);
      server = await launch(port, folder);
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
  };
};
