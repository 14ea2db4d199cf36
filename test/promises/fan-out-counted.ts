import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KyselyPlugin, RootOperationNode } from 'kysely';
import { pino } from 'pino';
import { buildSchema } from '../../src/app.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import { createUsers, userMigrations } from '../../src/auth/users.ts';
import { createCollaboration } from '../../src/collaboration/collaboration.ts';
import { createDocuments } from '../../src/documents/documents.ts';
import { documentMigrations } from '../../src/documents/tables.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createMemoryBroker } from '../../src/platform/realtime/memory-broker.ts';
import { createServer } from '../../src/platform/server/http.ts';
import type { Database } from '../../src/platform/storage/database.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import { testAuth, testSecret } from '../support/tokens.ts';

/** What was asked of the database. */
export interface Reads {
  /** Of the log of changes. */
  log: number;
  /** Of anything else. */
  other: number;
}

/** A whole server in the test's process that counts what it reads from its database. */
export interface CountedServer {
  readonly url: string;
  readonly reads: Reads;
  counts(): { readonly feeds: number; readonly groups: number; readonly subscribers: number };
  close(): Promise<void>;
}

const isOfLog = (node: RootOperationNode): boolean =>
  node.kind === 'SelectQueryNode' && JSON.stringify(node.from).includes('"document_changes"');

const counted = (database: Database, reads: Reads): Database => {
  const counter: KyselyPlugin = {
    transformQuery({ node }) {
      if (isOfLog(node)) reads.log += 1;
      else if (node.kind === 'SelectQueryNode') reads.other += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { ...database, query: database.query.withPlugin(counter) };
};

/** Starts it on a disk of its own; as `createApp` does, with a counter before the documents' database. */
export async function openCountedServer(env: Readonly<Record<string, string>> = {}): Promise<CountedServer> {
  const directory = await mkdtemp(join(tmpdir(), 'quire-counted-'));
  const config = readConfig({ AUTH_SECRET: testSecret, DATA_DIR: directory, PORT: '0', ...env });
  const log = pino({ level: 'silent' });
  const clock = systemClock;
  const database = await openSqlite({ file: config.databaseFile });
  await migrate(database, [...userMigrations, ...documentMigrations]);
  const reads: Reads = { log: 0, other: 0 };
  const broker = createMemoryBroker();
  const documents = createDocuments({
    database: counted(database, reads),
    broker,
    clock,
    limits: config.limits,
    onSnapshotError() {},
  });
  const users = createUsers(database, clock);
  const collaboration = createCollaboration({ documents, broker, clock });
  const tokens = createTokens(testAuth, clock);
  const server = createServer({
    schema: buildSchema({ users, documents, collaboration }, config.limits),
    authenticate: (token) => tokens.verify(token),
    config: { ...config, development: false },
    log,
    clock,
    ready: async () => ({}),
  });
  const { url } = await server.listen();
  return {
    url,
    reads,
    counts: () => documents.streams.counts(),
    async close() {
      await server.close();
      collaboration.close();
      await documents.settled();
      await broker.close();
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}
