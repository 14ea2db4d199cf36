import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrations } from '../../src/app.ts';
import { createCollaboration } from '../../src/collaboration/collaboration.ts';
import { createDocuments } from '../../src/documents/documents.ts';
import type { Viewer } from '../../src/platform/graphql/context.ts';
import { createMemoryBroker } from '../../src/platform/realtime/memory-broker.ts';
import { createBlobs } from '../../src/platform/storage/blobs.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import { createManualClock } from '../support/manual-clock.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long a test waits for what must come, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Documents on a real database, and the people on them. */
export async function openHouse() {
  const directory = await mkdtemp(join(tmpdir(), 'quire-'));
  const database = await openSqlite({ file: join(directory, 'quire.db') });
  await migrate(database, migrations);
  const broker = createMemoryBroker();
  const clock = createManualClock();
  const documents = createDocuments({
    database,
    broker,
    clock,
    blobs: createBlobs({ database, clock }),
    limits: { changeChars: 10_000, documentChars: 100_000, uploadBytes: 1_000 },
    onSnapshotError(error) {
      throw error;
    },
  });
  const collaboration = createCollaboration({ documents, broker, clock });

  const viewer = (userId: string, tenantId = 'default'): Viewer => ({
    tenantId,
    userId,
    name: userId,
    roles: [],
    tokenExpiresAt: clock.now() + DAY_MS,
  });
  const ada = viewer('ada');

  return {
    database,
    broker,
    clock,
    documents,
    collaboration,
    viewer,
    ada,
    /** A document of Ada's that bob may edit and cem may read. */
    async newDocument(content = '0123456789'): Promise<string> {
      const { id } = await documents.create(ada, { title: 'Tides', content });
      await documents.collaborators.add(ada, id, 'bob', 'EDITOR');
      await documents.collaborators.add(ada, id, 'cem', 'VIEWER');
      return id;
    },
    insert: (who: Viewer, documentId: string, position: number, content: string, clientId?: string) =>
      documents.apply(who, {
        documentId,
        changes: [{ changeType: 'INSERT', position, content }],
        argument: 'change',
        clientId,
      }),
    async close() {
      collaboration.close();
      await documents.settled();
      await broker.close();
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}

export type House = Awaited<ReturnType<typeof openHouse>>;

/** Rejects when a promise takes too long, so that a test says where it waits. */
export async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('nothing came')), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a stream in the background, as a socket does. */
export function follow<T>(stream: AsyncIterable<T>) {
  const seen: T[] = [];
  const iterator = stream[Symbol.asyncIterator]();
  let failure: unknown = null;
  let over = false;
  let wake = () => {};
  const reading = (async () => {
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        seen.push(next.value);
        wake();
      }
    } catch (error) {
      failure = error;
    } finally {
      over = true;
      wake();
    }
  })();
  return {
    seen,
    /** Resolves with the first value, seen already or to come, that the test accepts. */
    async until(accepts: (value: T) => boolean): Promise<T> {
      for (;;) {
        const found = seen.find(accepts);
        if (found !== undefined) return found;
        if (over) throw new Error('the stream has ended', { cause: failure });
        await soon(new Promise<void>((resolve) => (wake = resolve)));
      }
    },
    /** Resolves with what has ended the stream; null for an ordinary end. */
    async ended(): Promise<unknown> {
      await soon(reading);
      return failure;
    },
    stop: async () => {
      await iterator.return?.();
      await soon(reading);
    },
  };
}
