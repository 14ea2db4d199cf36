import { startRedis, type TestRedis } from '../support/redis.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createDirectory } from './directory.ts';

/** One instance on a disk of its own; `stop` removes that, too. */
export async function startInstance(): Promise<TestServer> {
  const directory = await createDirectory();
  const server = await startServer({ env: { DATA_DIR: directory.path } }).catch(async (error: unknown) => {
    await directory.remove();
    throw error;
  });
  return {
    ...server,
    async stop() {
      try {
        await server.stop();
      } finally {
        await directory.remove();
      }
    },
  };
}

/** Two instances of one server: one SQLite file, one Redis. */
export interface Instances {
  readonly servers: readonly [TestServer, TestServer];
  readonly urls: readonly [string, string];
  readonly redis: TestRedis;
  log(): string;
  /** Stops all. Throws when an instance does not exit with 0. */
  stop(): Promise<void>;
}

/** Starts Redis and both instances. */
export async function startInstances(): Promise<Instances> {
  const directory = await createDirectory();
  const redis = await startRedis();
  const env = { DATA_DIR: directory.path, REDIS_URL: redis.url };
  const started: TestServer[] = [];

  async function stop(): Promise<void> {
    try {
      await Promise.all(started.map((server) => server.stop()));
    } finally {
      await redis.stop();
      await directory.remove();
    }
  }

  try {
    // One after the other: the first makes the tables.
    const a = await startServer({ env });
    started.push(a);
    const b = await startServer({ env });
    started.push(b);
    const log = (): string => `instance A:\n${a.log()}\ninstance B:\n${b.log()}`;
    return { servers: [a, b], urls: [a.url, b.url], redis, log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
