import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KyselyPlugin, RootOperationNode } from 'kysely';
import { pino } from 'pino';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/platform/config.ts';
import type { Database } from '../../src/platform/storage/database.ts';
import { testSecret } from '../support/tokens.ts';

/** What was asked of the database. */
export interface Reads {
  /** Of the log of changes. */
  log: number;
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
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { ...database, query: database.query.withPlugin(counter) };
};

/** Starts it on a disk of its own, with a counter before its database. */
export async function openCountedServer(env: Readonly<Record<string, string>> = {}): Promise<CountedServer> {
  const directory = await mkdtemp(join(tmpdir(), 'quire-counted-'));
  const config = readConfig({ AUTH_SECRET: testSecret, DATA_DIR: directory, PORT: '0', ...env });
  const reads: Reads = { log: 0 };
  const app = await createApp(config, pino({ level: 'silent' }), {
    through: (database) => counted(database, reads),
  });
  const { url } = await app.listen();
  return {
    url,
    reads,
    counts: () => app.counts(),
    async close() {
      await app.close();
      await rm(directory, { recursive: true });
    },
  };
}
