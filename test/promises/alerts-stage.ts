import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createDirectory } from '../fuzz/directory.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { startServer, type TestServer } from '../support/server.ts';
import type { TokenOptions } from '../support/tokens.ts';
import { type Guest, openGuest, type Result, type Stream } from './guest.ts';

const SCRIPT = fileURLToPath(new URL('../support/alerts-process.ts', import.meta.url));

export const ALERTS =
  'subscription ($after: ID, $framework: ComplianceFramework, $minSeverity: Int! = 0) { complianceAlerts(after: $after, framework: $framework, minSeverity: $minSeverity) { id framework severity message documentId findings { rule excerpt } } }';

export interface Alert {
  readonly id: string;
  readonly framework: string;
  readonly severity: number;
  readonly documentId: string;
}

/** The alert that a result of `ALERTS` carries. */
export const alertOf = ({ data }: Result): Alert | undefined =>
  data?.['complianceAlerts'] as Alert | undefined;

/** The places in the log of what a stream has given. */
export const placesOf = ({ results }: Pick<Stream, 'results'>): number[] =>
  results.map((result) => Number(alertOf(result)?.id));

/** Two instances on one SQLite file and one Redis, and a third process that raises alerts. */
export interface AlertsStage {
  readonly servers: readonly [TestServer, TestServer];
  readonly redis: TestRedis;
  /** Scans a text and raises what it holds. Resolves with the alerts' places in the tenant's log. */
  raise(documentId: string, text: string, tenantId?: string): Promise<number[]>;
  /** Connects a user to one of the instances. */
  enter(instance: 0 | 1, userId: string, claims?: TokenOptions): Promise<Guest>;
  /** All bytes of the database's files. */
  bytes(): Promise<Buffer>;
  /** What the instances have logged lately. */
  log(): string;
  /** Stops all. Throws when an instance does not exit with 0. */
  close(): Promise<void>;
}

/** Starts all of it, with these settings besides. */
export async function openAlertsStage(env: Readonly<Record<string, string>> = {}): Promise<AlertsStage> {
  const directory = await createDirectory();
  const redis = await startRedis();
  const started: TestServer[] = [];
  const guests: Guest[] = [];
  let worker: ChildProcess | undefined;

  async function close(): Promise<void> {
    try {
      for (const { socket } of guests) socket.ws.terminate();
      worker?.kill('SIGKILL');
      await Promise.all(started.map((server) => server.stop()));
    } finally {
      await redis.stop();
      await directory.remove();
    }
  }

  try {
    const settings = { DATA_DIR: directory.path, REDIS_URL: redis.url, ...env };
    // One after the other: the first makes the tables.
    const a = await startServer({ env: settings });
    started.push(a);
    const b = await startServer({ env: settings });
    started.push(b);
    const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, directory.path, redis.url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    worker = child;
    const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    const ended = once(child, 'exit').then((): never => {
      throw new Error('the process that raises alerts has ended');
    });
    ended.catch(() => {});

    return {
      servers: [a, b],
      redis,
      async raise(documentId, text, tenantId = 'default') {
        child.stdin.write(`${JSON.stringify({ tenantId, documentId, text })}\n`);
        const answer = await Promise.race([answers.next(), ended]);
        return (JSON.parse(String(answer.value)) as { sequences: number[] }).sequences;
      },
      async enter(instance, userId, claims) {
        const guest = await openGuest([a, b][instance]?.url ?? '', userId, claims);
        guests.push(guest);
        return guest;
      },
      async bytes() {
        const files = (await readdir(directory.path)).filter((name) => name.startsWith('quire.db'));
        return Buffer.concat(await Promise.all(files.map((name) => readFile(join(directory.path, name)))));
      },
      log: () => `instance A:\n${a.log()}\ninstance B:\n${b.log()}`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
