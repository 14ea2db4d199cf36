// The document service on SQLite, and nothing else in the process: durable group commit, 64 edits in flight.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, mustEqual, report } from './measure.js';
import { shipped } from './shipped.js';
import { editsOf, lengthOf, readTrace } from './trace.js';

const IN_FLIGHT = 64;
const LIMITS = { changeChars: 65_536, documentChars: 10_485_760, uploadBytes: 26_214_400 };
const MB = 1_000_000;

/** @type {typeof import('../../src/documents/documents.ts')} */
const { createDocuments } = await shipped('documents/documents.js');
/** @type {typeof import('../../src/documents/tables.ts')} */
const { documentMigrations } = await shipped('documents/tables.js');
/** @type {typeof import('../../src/platform/clock.ts')} */
const { systemClock } = await shipped('platform/clock.js');
/** @type {typeof import('../../src/platform/realtime/memory-broker.ts')} */
const { createMemoryBroker } = await shipped('platform/realtime/memory-broker.js');
/** @type {typeof import('../../src/platform/storage/blob-tables.ts')} */
const { blobMigrations } = await shipped('platform/storage/blob-tables.js');
/** @type {typeof import('../../src/platform/storage/blobs.ts')} */
const { createBlobs } = await shipped('platform/storage/blobs.js');
/** @type {typeof import('../../src/platform/storage/migrate.ts')} */
const { migrate } = await shipped('platform/storage/migrate.js');
/** @type {typeof import('../../src/platform/storage/sqlite.ts')} */
const { openSqlite } = await shipped('platform/storage/sqlite.js');

const [file = '', keyed] = process.argv.slice(2);
const trace = readTrace(file);
const viewer = { tenantId: 'bench', userId: 'ada', name: 'Ada', roles: [], tokenExpiresAt: Infinity };
const directory = await mkdtemp(join(tmpdir(), 'quire-bench-'));

/** Opens the service; as after a restart when the file is there already. */
async function open() {
  const database = await openSqlite({ file: join(directory, 'quire.db') });
  await migrate(database, [...blobMigrations, ...documentMigrations]);
  const documents = createDocuments({
    database,
    broker: createMemoryBroker(),
    clock: systemClock,
    blobs: createBlobs({ database, clock: systemClock }),
    limits: LIMITS,
    onSnapshotError(error) {
      throw error;
    },
  });
  return {
    documents,
    async text() {
      const row = await documents.mustFind(viewer, 'paper', 'VIEWER');
      return documents.contentAt(row, row.revision);
    },
    async close() {
      await documents.settled();
      await database.close();
    },
  };
}

/**
 * Sends the edits in their order, the next one as soon as fewer than 64 wait for their acknowledgement.
 * @param {ReturnType<typeof createDocuments>} documents
 */
async function send(documents) {
  const edits = editsOf(trace);
  let sent = 0;
  const sender = async () => {
    for (const { position, length, content } of edits) {
      sent += 1;
      await documents.apply(viewer, {
        documentId: 'paper',
        changes: [
          {
            changeType: length === 0 ? 'INSERT' : content === '' ? 'DELETE' : 'REPLACE',
            position,
            length,
            content,
          },
        ],
        argument: 'change',
        changeId: keyed ? `change-${sent}` : null,
      });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
}

try {
  const service = await open();
  await service.documents.create(viewer, { id: 'paper', title: 'Paper', content: trace.startContent });
  const measured = await measure(lengthOf(trace), () => send(service.documents));
  await service.documents.settled();
  const rssMb = process.memoryUsage.rss() / MB;
  globalThis.gc?.();
  const heapMb = process.memoryUsage().heapUsed / MB;
  mustEqual(await service.text(), trace.endContent);
  await service.close();

  const again = await open();
  mustEqual(await again.text(), trace.endContent);
  await again.close();
  report({ ...measured, rssMb, heapMb });
} finally {
  await rm(directory, { recursive: true });
}
