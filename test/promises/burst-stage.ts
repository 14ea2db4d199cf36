import { join } from 'node:path';
import { readChanges } from '../../src/documents/log.ts';
import type { DocumentKey } from '../../src/documents/store.ts';
import type { DocumentTables } from '../../src/documents/tables.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import { createDirectory } from '../fuzz/directory.ts';
import { redisRestartable, startRedis, type TestRedis } from '../support/redis.ts';
import { startServer, type TestServer } from '../support/server.ts';

/**
 * Bytes that may wait for a reader here: less than what one commit of a burst comes to, so that its readers fall behind
 * and catch up all the time.
 */
const UNSENT_BYTES = '2048';
/** Far more than a burst has. */
const MAX_CHANGES = 10_000;

/** A revision as the database holds it, with the access epoch that it was committed under. */
export interface LoggedChange {
  readonly revision: number;
  readonly content: string;
  readonly userId: string;
  readonly epoch: number;
}

/** One or two instances of a server, and a look into their database. */
export interface Stage {
  readonly urls: readonly string[];
  /** All revisions of a document. */
  logOf(documentId: string): Promise<readonly LoggedChange[]>;
  /** The document's access epoch now. */
  epochOf(documentId: string): Promise<number>;
  /** Lets no announcement pass between the instances until all who have asked for it have called what is returned. */
  hush(): () => void;
  /** What the instances have logged lately. */
  log(): string;
  /** Stops all. Throws when an instance does not exit with 0. */
  close(): Promise<void>;
}

const keyOf = (documentId: string): DocumentKey => ({ tenantId: 'default', documentId });

/** Starts one instance, or two on one SQLite file and one Redis. */
export async function openStage(instances: 1 | 2): Promise<Stage> {
  const directory = await createDirectory();
  const servers: TestServer[] = [];
  let redis: TestRedis | undefined;
  let hushing = 0;

  async function stop(): Promise<void> {
    try {
      await Promise.all(servers.map((server) => server.stop()));
    } finally {
      await redis?.stop();
      await directory.remove();
    }
  }

  try {
    if (instances === 2) redis = await startRedis();
    const env = {
      DATA_DIR: directory.path,
      LIMIT_UNSENT_BYTES: UNSENT_BYTES,
      ...(redis && { REDIS_URL: redis.url }),
    };
    // One after the other: the first makes the tables.
    while (servers.length < instances) servers.push(await startServer({ env }));
    const database = await openSqlite({ file: join(directory.path, 'quire.db') });
    const query = database.query.withTables<DocumentTables>();
    return {
      urls: servers.map(({ url }) => url),
      logOf: (documentId) => readChanges(query, keyOf(documentId), 0, MAX_CHANGES),
      async epochOf(documentId) {
        const { epoch } = await query
          .selectFrom('documents')
          .select('epoch')
          .where('document_id', '=', documentId)
          .executeTakeFirstOrThrow();
        return epoch;
      },
      hush() {
        let isMine = redisRestartable;
        if (isMine && (hushing += 1) === 1) redis?.freeze();
        return () => {
          if (isMine && (hushing -= 1) === 0) redis?.thaw();
          isMine = false;
        };
      },
      log: () => servers.map((server, index) => `instance ${index + 1}:\n${server.log()}`).join('\n'),
      async close() {
        await database.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
