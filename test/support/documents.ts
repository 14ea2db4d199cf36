import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { migrations } from '../../src/app.ts';
import type { ChangeInput, DocumentChange } from '../../src/documents/change.ts';
import { createDocuments, type DocumentLimits, type Documents } from '../../src/documents/documents.ts';
import type { DocumentQuery, DocumentTables } from '../../src/documents/tables.ts';
import type { ErrorCode } from '../../src/platform/errors.ts';
import type { Viewer } from '../../src/platform/graphql/context.ts';
import type { Broker } from '../../src/platform/realtime/broker.ts';
import { createMemoryBroker } from '../../src/platform/realtime/memory-broker.ts';
import { createBlobs } from '../../src/platform/storage/blobs.ts';
import type { Database } from '../../src/platform/storage/database.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import { applySplices, type Splice, toText } from '../../src/text/splice.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

export const LIMITS: DocumentLimits = {
  changeChars: 65_536,
  documentChars: 1_000_000,
  uploadBytes: 1_000_000,
};

/** Somebody with a token, in tenant `acme` unless another one is named. */
export const viewerOf = (userId: string, tenantId = 'acme'): Viewer => ({
  tenantId,
  userId,
  name: userId,
  roles: [],
  tokenExpiresAt: Number.MAX_SAFE_INTEGER,
});

/** What a change may say besides the change itself. */
export interface Extras {
  readonly base?: number;
  readonly changeId?: string;
  readonly clientId?: string;
}

/** A user at work: the documents service in few words. */
export function personOf(documents: Documents, viewer: Viewer) {
  const row = (id: string) => documents.mustFind(viewer, id, 'VIEWER');
  const apply = (id: string, changes: readonly ChangeInput[], { base, ...ids }: Extras = {}) =>
    documents.apply(viewer, { documentId: id, changes, argument: 'changes', baseRevision: base, ...ids });
  const logAfter = async (id: string, after: number) =>
    documents.changes(await row(id), after, Number.MAX_SAFE_INTEGER);
  return {
    viewer,
    row,
    apply,
    /** Creates a document and gives its id. */
    create: async (content = '', id?: string) =>
      (await documents.create(viewer, { id, title: 'Notes', content })).id,
    insert: (id: string, position: number, content: string, extras?: Extras) =>
      apply(id, [{ changeType: 'INSERT', position, content }], extras),
    erase: (id: string, position: number, length: number, extras?: Extras) =>
      apply(id, [{ changeType: 'DELETE', position, length }], extras),
    replace: (id: string, position: number, length: number, content: string, extras?: Extras) =>
      apply(id, [{ changeType: 'REPLACE', position, length, content }], extras),
    text: async (id: string) => {
      const now = await row(id);
      return documents.contentAt(now, now.revision);
    },
    textAt: async (id: string, revision: number) => documents.contentAt(await row(id), revision),
    logAfter,
    /** The whole log. */
    log: (id: string) => logAfter(id, 0),
  };
}

export type Person = ReturnType<typeof personOf>;

export interface Service {
  readonly documents: Documents;
  readonly database: Database;
  readonly query: DocumentQuery;
  readonly broker: Broker;
  readonly clock: ManualClock;
  readonly snapshotErrors: unknown[];
  as(userId: string, tenantId?: string): Person;
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly limits?: DocumentLimits;
  readonly broker?: Broker;
  /** Stands between the service and its database. */
  readonly through?: (database: Database) => Database;
}

/** The documents service over a SQLite file, with connections and a memory of its own: one instance. */
export async function openService(file: string, options: ServiceOptions = {}): Promise<Service> {
  const opened = await openSqlite({ file });
  await migrate(opened, migrations);
  const database = options.through?.(opened) ?? opened;
  const broker = options.broker ?? createMemoryBroker();
  const clock = createManualClock();
  const snapshotErrors: unknown[] = [];
  const documents = createDocuments({
    database,
    broker,
    clock,
    blobs: createBlobs({ database, clock }),
    limits: options.limits ?? LIMITS,
    onSnapshotError: (error) => snapshotErrors.push(error),
  });
  return {
    documents,
    database,
    query: database.query.withTables<DocumentTables>(),
    broker,
    clock,
    snapshotErrors,
    as: (userId, tenantId) => personOf(documents, viewerOf(userId, tenantId)),
    async close() {
      await documents.settled();
      await broker.close();
      await database.close();
    },
  };
}

/** A database file in a directory of its own, and the instances that were opened on it. */
export async function createDesk() {
  const directory = await mkdtemp(join(tmpdir(), 'quire-documents-'));
  const file = join(directory, 'quire.db');
  const services: Service[] = [];
  return {
    file,
    /** One more instance on the file: what it knows, it has read there. */
    async open(options?: ServiceOptions): Promise<Service> {
      const service = await openService(file, options);
      services.push(service);
      return service;
    },
    async close(): Promise<void> {
      for (const service of services) await service.close();
      await rm(directory, { recursive: true });
    },
  };
}

export type Desk = Awaited<ReturnType<typeof createDesk>>;

/** Expects a refusal with this code, and with this argument where one is to be named. */
export async function expectRefusal(
  result: Promise<unknown>,
  code: ErrorCode,
  argument?: string,
): Promise<void> {
  const details = argument === undefined ? {} : { details: { argument } };
  await expect(result).rejects.toMatchObject({ name: 'QuireError', code, ...details });
}

/** The text that a log makes. */
export const replay = (log: readonly Splice[]): string => applySplices(toText(''), log).toString();

/** Expects a log to be without a gap or a duplicate, from revision 1. */
export const expectContiguous = (log: readonly DocumentChange[]): void =>
  expect(log.map(({ revision }) => revision)).toEqual(log.map((_, index) => index + 1));

/** A document whose text takes `thousand` by `thousand` revisions, quickly: each call makes a thousand. */
export const LONG_TEXT = 'a'.repeat(2000);
export const thousandChanges = (letter: string): ChangeInput[] =>
  Array.from({ length: 1000 }, (_, index) => ({
    changeType: 'REPLACE',
    position: index * 2,
    length: 1,
    content: letter,
  }));

/** Some turns of the event loop, for what is under way to go on as far as it can without being awaited. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until so many streams of a service have nothing to deliver: each has set a timer for its next look. */
export const untilRest = (service: Service, streams = 1): Promise<void> =>
  expect.poll(() => service.clock.pending, { timeout: 10_000, interval: 2 }).toBe(streams);

/** Begins to wait for the next change of a stream; what it rejects with is for whoever awaits it. */
export function begin<T>(stream: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const next = stream.next();
  next.catch(() => undefined);
  return next;
}
