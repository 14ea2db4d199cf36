import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { print } from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemStatusDocument, SystemStatusUpdatesDocument } from '../../src/sdk/generated.ts';
import { childrenOf } from '../support/processes.ts';
import { redisRestartable, startRedis } from '../support/redis.ts';
import { type ServerOptions, startServer, type TestServer } from '../support/server.ts';
import { holdWriteLock } from '../support/write-lock.ts';
import { codeOf, type Guest, must, openEventStream, openGuest, type Result, type Stream } from './guest.ts';

/** Milliseconds within which trouble, and its end, is told. */
const TOLD_MS = 5_000;

const WATCH = print(SystemStatusUpdatesDocument);
const ASK = print(SystemStatusDocument);
const METRICS = '{ metrics { instances activeConnections } }';

interface Status {
  readonly status: string;
  readonly activeServices: readonly string[];
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string | null;
    readonly instanceId: string;
    readonly version: string;
    readonly latencyMs: number | null;
  }[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly timestamp: string;
}

const statusOf = ({ data }: Result): Status => {
  const status = data?.['systemStatusUpdates'] ?? data?.['systemStatus'];
  if (!status) throw new Error(`no status: ${JSON.stringify(data)}`);
  return status as Status;
};

/** What is wrong, as `name LEVEL`. */
const troubleIn = ({ services }: Status): string[] =>
  services.filter(({ status }) => status !== 'HEALTHY').map(({ name, status }) => `${name} ${status}`);

/** What the machine does besides is nobody's business here. */
const QUIET = { HEALTH_CPU_PERCENT: '100000,200000,300000' };

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = async ({ env, ...options }: ServerOptions = {}): Promise<TestServer> => {
  const server = await startServer({ env: { ...QUIET, ...env }, ...options });
  closers.push(() => server.stop());
  return server;
};

const enter = async (url: string, roles: string[] = ['admin']): Promise<Guest> => {
  const guest = await openGuest(url, 'olga', { roles });
  closers.push(() => guest.socket.ws.terminate());
  return guest;
};

/** Waits for a pushed status like this, no longer than it may take. */
const told = async (stream: Stream, isIt: (status: Status) => boolean): Promise<Status> => {
  const since = performance.now();
  const found = await stream.find((result) => isIt(statusOf(result)));
  expect(performance.now() - since).toBeLessThan(TOLD_MS);
  return statusOf(found);
};

describe('the status of a server', () => {
  it('is HEALTHY when it is left alone, with a figure for everything that it names', async () => {
    const { url } = await start();
    const admin = await enter(url);
    const status = statusOf(await admin.ask(ASK));
    expect(troubleIn(status)).toEqual([]);
    expect(status.status).toBe('HEALTHY');
    expect(status.activeServices).toEqual(['http', 'websocket', 'database', 'pubsub', 'queue', 'worker']);
    expect(status.services.map(({ name }) => name)).toEqual([...status.activeServices, 'memory', 'cpu']);
    for (const { name, latencyMs, message, version } of status.services) {
      expect(message).toBeNull();
      expect(version).toMatch(/^\d+\.\d+\.\d+/);
      if (status.activeServices.includes(name)) expect(latencyMs).toBeGreaterThanOrEqual(0);
    }
    expect(new Set(status.services.map(({ instanceId }) => instanceId)).size).toBe(1);
    const { metrics } = status;
    // The socket that asks, and not the one of the probe.
    expect(metrics).toMatchObject({ active_connections: 1, active_subscriptions: 0, active_documents: 0 });
    expect(metrics['memory_usage_mb']).toBeGreaterThan(30);
    expect(metrics['cpu_usage']).toBeGreaterThanOrEqual(0);
    expect(metrics['event_loop_lag_ms']).toBeGreaterThanOrEqual(0);
    expect(metrics['uptime_seconds']).toBeLessThan(60);
    if (process.platform === 'linux') expect(metrics['thread_count']).toBeGreaterThan(2);
    else expect(metrics).not.toHaveProperty('thread_count');
  });

  it('names memory when it is over its thresholds', async () => {
    const { url } = await start({ env: { HEALTH_MEMORY_MB: '1,2,3' } });
    const admin = await enter(url);
    const status = statusOf(await admin.subscribe(WATCH).next());
    expect(status.status).toBe('CRITICAL');
    expect(troubleIn(status)).toEqual(['memory CRITICAL']);
    expect(status.services.find(({ name }) => name === 'memory')?.message).toContain('more than 3 MB');
  });

  it.runIf(redisRestartable)('names pubsub while Redis is away, and its recovery', async () => {
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const { url } = await start({ env: { REDIS_URL: redis.url } });
    const stream = (await enter(url)).subscribe(WATCH);
    expect(troubleIn(statusOf(await stream.next()))).toEqual([]);
    await redis.kill();
    const status = await told(stream, (one) => one.status === 'CRITICAL');
    expect(troubleIn(status)).toEqual(['pubsub OFFLINE']);
    expect(status.activeServices).not.toContain('pubsub');
    await redis.restart();
    expect(troubleIn(await told(stream, (one) => one.status === 'HEALTHY'))).toEqual([]);
    // Open, and silent.
    redis.freeze();
    expect(troubleIn(await told(stream, (one) => one.status === 'CRITICAL'))).toEqual(['pubsub OFFLINE']);
    redis.thaw();
    await told(stream, (one) => one.status === 'HEALTHY');
  });

  it('names the database when its file may not be written any more, and its recovery', async () => {
    const { url, dataDir } = await start({ unprivileged: true });
    const stream = (await enter(url)).subscribe(WATCH);
    expect(troubleIn(statusOf(await stream.next()))).toEqual([]);
    for (const [path, closed, open, what] of [
      [join(dataDir, 'quire.db'), 0o400, 0o600, 'file'],
      [dataDir, 0o500, 0o700, 'folder'],
    ] as const) {
      await chmod(path, closed);
      const status = await told(stream, (one) => one.status === 'WARNING');
      expect(troubleIn(status)).toEqual(['database WARNING']);
      expect(status.services.find(({ name }) => name === 'database')?.message).toContain(what);
      await chmod(path, open);
      await told(stream, (one) => one.status === 'HEALTHY');
    }
  });

  it('names the database while another process keeps it from being written, and its recovery', async () => {
    const { url, dataDir } = await start();
    const stream = (await enter(url)).subscribe(WATCH);
    await stream.next();
    const giveBack = await holdWriteLock(join(dataDir, 'quire.db'));
    closers.push(giveBack);
    const status = await told(stream, (one) => one.status === 'CRITICAL');
    expect(troubleIn(status)).toEqual(['database CRITICAL']);
    expect(status.services.find(({ name }) => name === 'database')?.message).toMatch(/^Writes wait/);
    // It answers all the same: what is read waits for nobody.
    expect(status.activeServices).toContain('database');
    await giveBack();
    await told(stream, (one) => one.status === 'HEALTHY');
  });

  it('names the workers when one is killed, and its successor', async () => {
    const server = await start();
    const admin = await enter(server.url);
    const stream = admin.subscribe(WATCH);
    expect(troubleIn(statusOf(await stream.next()))).toEqual([]);
    await must(
      admin.ask(
        `mutation { createDocument(input: { id: "d", title: "D", content: "A sentence to count." }) { id } }`,
      ),
    );
    await must(admin.ask('mutation { startProcessing(documentId: "d") { id } }'));
    await admin.subscribe('subscription { processingUpdates(documentId: "d") { status } }').ended();
    const [worker] = childrenOf(server.pid());
    process.kill(worker ?? Number.NaN, 'SIGKILL');
    const status = await told(stream, (one) => one.status !== 'HEALTHY');
    expect(troubleIn(status)).toEqual(['worker DEGRADED']);
    expect(status.services.find(({ name }) => name === 'worker')?.message).toContain('SIGKILL');
    await told(stream, (one) => one.status === 'HEALTHY');
  });

  it('is for admins, by every way to it', async () => {
    const { url } = await start();
    const somebody = await enter(url, ['service']);
    for (const query of [ASK, METRICS, WATCH, 'subscription { metricsUpdates { instances } }']) {
      expect(codeOf(await somebody.subscribe(query).next())).toBe('FORBIDDEN');
    }
    const stream = await openEventStream(url, 'olga', WATCH, {}, { roles: ['service'] });
    expect(codeOf(await stream.next())).toBe('FORBIDDEN');
  });

  it('is open in development mode for everybody who has signed in, and for nobody else', async () => {
    const server = await start({ env: { AUTH_SECRET: '' } });
    const ask = async (headers: Record<string, string>): Promise<Result> => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: METRICS }),
      });
      return (await response.json()) as Result;
    };
    const tokenOfAda = (): string | undefined => /Ada's token:\n(\S+)/.exec(server.log())?.[1];
    await expect.poll(tokenOfAda).toBeDefined();
    expect(await must(ask({ authorization: `Bearer ${tokenOfAda()}` }))).toEqual({
      metrics: { instances: 1, activeConnections: 0 },
    });
    expect(codeOf(await ask({}))).toBe('UNAUTHENTICATED');
  });

  it('ends with the token of whoever watches it', async () => {
    const { url } = await start();
    const stream = await openEventStream(url, 'olga', WATCH, {}, { roles: ['admin'], expiresIn: 1_500 });
    const results = await stream.ended();
    expect(statusOf(results[0] ?? {}).status).toBe('HEALTHY');
    expect(codeOf(results.at(-1) ?? {})).toBe('UNAUTHENTICATED');
  });
});

describe('two instances on one database', () => {
  it('count each other, and not the one that was killed', async () => {
    const a = await start();
    const b = await start({ env: { DATABASE_URL: `sqlite:${join(a.dataDir, 'quire.db')}` } });
    const [atA, atB] = [await enter(a.url), await enter(b.url)];
    const instances = async (guest: Guest): Promise<unknown> =>
      ((await must(guest.ask(METRICS)))['metrics'] as { instances: number }).instances;
    const wait = { timeout: 10_000, interval: 100 };
    await expect.poll(() => instances(atA), wait).toBe(2);
    await expect.poll(() => instances(atB), wait).toBe(2);
    await b.kill();
    // 15 s after it was last seen, and as much again as a busy machine may need.
    const since = performance.now();
    await expect.poll(() => instances(atA), { timeout: 25_000, interval: 250 }).toBe(1);
    expect(performance.now() - since).toBeLessThan(20_000);
  }, 60_000);
});
