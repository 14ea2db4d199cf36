import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import type { Blobs } from '../platform/storage/blobs.ts';
import type { Database, QueryBuilder } from '../platform/storage/database.ts';
import { difference } from '../text/splice.ts';
import { addressOf, type ChangeRequest, type ChangeResult, createAuthority } from './authority.ts';
import type { AuthoredRange } from './authorship.ts';
import { createAuthorships } from './authorships.ts';
import {
  type ChangeInput,
  type ChangeLimits,
  type ChangesArgument,
  type DocumentChange,
  placeChange,
  readChanges as readChangeInputs,
} from './change.ts';
import { createChangeStreams } from './change-streams.ts';
import { checkContent, checkRevision, checkTitle } from './checks.ts';
import { createCollaborators } from './collaborators.ts';
import { insertNewDocument } from './creation.ts';
import { createFiles } from './files.ts';
import { checkClientId, isClientId } from './ids.ts';
import { appendChanges, readChanges } from './log.ts';
import { documentNotFound, type Role } from './permissions.ts';
import { createSearch } from './search.ts';
import { dropParts, putTitle } from './search-index.ts';
import { createIndexer } from './search-indexer.ts';
import {
  countDocuments,
  type DocumentKey,
  type DocumentRow,
  type DocumentStanding,
  findDocument,
  findSeed,
  type ListPosition,
  listDocuments,
  listStandings,
  lookUpDocument,
  mustFindDocument,
  updateDocument,
} from './store.ts';
import type { DocumentQuery, DocumentTables } from './tables.ts';
import { createTexts } from './texts.ts';
import { documentEvents } from './topics.ts';

export interface DocumentLimits extends ChangeLimits {
  /** Of one file. */
  readonly uploadBytes: number;
}

export interface DocumentsOptions {
  readonly database: Database;
  readonly broker: Broker;
  readonly clock: Clock;
  /** Where the bytes of files are. */
  readonly blobs: Blobs;
  readonly limits: DocumentLimits;
  /** Told of a snapshot that could not be written; nothing is lost by it. */
  readonly onSnapshotError: (error: unknown) => void;
  /** Told of each change that was handed to live subscribers, and to how many. */
  readonly onDelivered?: (change: DocumentChange, subscribers: number) => void;
}

/** A change as it comes from the API. */
export interface ApplyInput {
  readonly documentId: string;
  readonly changes: readonly ChangeInput[];
  readonly argument: ChangesArgument;
  readonly baseRevision?: number | null | undefined;
  readonly changeId?: string | null | undefined;
  readonly clientId?: string | null | undefined;
}

/** Who does something, without the rest that a token says. */
export type Actor = Pick<Viewer, 'tenantId' | 'userId'>;

/** Documents: their rows, their text, who may do what, and the streams of their changes. */
export function createDocuments(options: DocumentsOptions) {
  const { database, broker, clock, blobs, limits, onSnapshotError, onDelivered } = options;
  const query: DocumentQuery = database.query.withTables<DocumentTables>();
  const texts = createTexts(query, onSnapshotError);
  const authority = createAuthority({ database, texts, broker, clock });
  const authorships = createAuthorships(query);
  const collaborators = createCollaborators({ query, broker, clock });
  const indexer = createIndexer({ query, texts, clock });
  const files = createFiles({ query, blobs, clock, uploadBytes: limits.uploadBytes });

  const keyOf = (viewer: Actor, documentId: string): DocumentKey => ({
    tenantId: viewer.tenantId,
    documentId,
  });

  /** The document, when the viewer may read it. */
  async function find(viewer: Viewer, documentId: string): Promise<DocumentRow | null> {
    const found = await findDocument(query, keyOf(viewer, documentId), viewer.userId);
    return found?.role ? found.document : null;
  }

  /** The document, when the viewer has the role; otherwise NOT_FOUND or FORBIDDEN. */
  const mustFind = (viewer: Viewer, documentId: string, needed: Role): Promise<DocumentRow> =>
    mustFindDocument(query, keyOf(viewer, documentId), viewer.userId, needed);

  /** The viewer's role; NOT_FOUND when there is none. */
  async function roleOf(viewer: Viewer, documentId: string): Promise<Role> {
    const role = (await findDocument(query, keyOf(viewer, documentId), viewer.userId))?.role;
    if (!role) throw documentNotFound();
    return role;
  }

  async function submit(key: DocumentKey, request: ChangeRequest): Promise<ChangeResult> {
    const result = await authority.submit(key, request);
    if (result.changes.length > 0) indexer.changed(key);
    return result;
  }

  /** Changes a row as one with the role may. Resolves with the time of the change. */
  async function change(
    viewer: Viewer,
    documentId: string,
    needed: Role,
    write: (transaction: DocumentQuery, key: DocumentKey, row: DocumentRow, at: number) => Promise<void>,
  ): Promise<number> {
    const key = keyOf(viewer, documentId);
    return query.transaction().execute(async (transaction) => {
      const row = await mustFindDocument(transaction, key, viewer.userId, needed);
      const at = clock.now();
      await write(transaction, key, row, at);
      return at;
    });
  }

  return {
    collaborators,
    streams: createChangeStreams({ query, broker, clock, onDelivered }),
    /** What of the viewer's documents has all of these words, in title or text. Throws BAD_USER_INPUT. */
    search: createSearch(query),
    /** Brings texts into the search index, once it is started. */
    indexer,
    /** What documents were uploaded as, and the making of documents from files. */
    files,
    find,
    mustFind,
    roleOf,
    /** `mustFind` as a transaction sees it. */
    mustFindIn: (
      transaction: QueryBuilder,
      actor: Actor,
      documentId: string,
      needed: Role,
    ): Promise<DocumentRow> =>
      mustFindDocument(
        transaction.withTables<DocumentTables>(),
        keyOf(actor, documentId),
        actor.userId,
        needed,
      ),
    /** The document, for what was allowed before: nobody's access is asked for. */
    lookUp: (key: DocumentKey): Promise<DocumentRow | null> => lookUpDocument(query, key),
    /** Where the user stands with each of these documents, in one query; what does not exist is left out. */
    standing: (actor: Actor, documentIds: readonly string[]): Promise<DocumentStanding[]> =>
      listStandings(query, actor, documentIds),

    /** A page of what the viewer may read, newest first: up to `first` rows and one more when there are more. */
    async page(viewer: Viewer, first: number, after: ListPosition | null): Promise<DocumentRow[]> {
      if (after && !isClientId(after.id)) throw badInput('after', 'after is not a cursor of this list.');
      return listDocuments(query, viewer.tenantId, viewer.userId, first + 1, after);
    },
    count: (viewer: Viewer): Promise<number> => countDocuments(query, viewer.tenantId, viewer.userId),

    /** Creates a document. With an id of the client's choice it may be called again: the document is returned. */
    async create(
      viewer: Viewer,
      input: { id?: string | null | undefined; title: string; content: string },
    ): Promise<DocumentRow> {
      const id = input.id == null ? randomUUID() : checkClientId('input.id', input.id);
      const title = checkTitle('input.title', input.title);
      checkContent(input.content, limits);
      const key = keyOf(viewer, id);
      const digest = digestOf([title, input.content]);
      try {
        await createOnce();
      } catch (error) {
        if (!database.isUniqueViolation(error)) throw error;
        // The same call came twice at once, and the other one was first: its document is found now.
        await createOnce();
      }
      if (input.content !== '') indexer.changed(key);
      return mustFind(viewer, id, 'VIEWER');

      function createOnce(): Promise<void> {
        return query.transaction().execute(async (transaction) => {
          const seed = await findSeed(transaction, key);
          if (!seed) return write(transaction);
          if (seed.deleted || seed.createdBy !== viewer.userId || seed.digest !== digest) {
            throw new QuireError('CONFLICT', 'This id is taken by another document.', {
              argument: 'input.id',
            });
          }
        });
      }

      async function write(transaction: DocumentQuery): Promise<void> {
        const at = clock.now();
        const { userId } = viewer;
        const { length } = input.content;
        await insertNewDocument(transaction, key, {
          title,
          createdBy: userId,
          createdAt: at,
          length,
          digest,
        });
        if (length === 0) return;
        await appendChanges(transaction, key, [
          {
            documentId: id,
            revision: 1,
            position: 0,
            length: 0,
            content: input.content,
            userId,
            clientId: null,
            changeId: randomUUID(),
            timestamp: at,
            epoch: 0,
          },
        ]);
      }
    },

    /** Changes the title. Needs EDITOR. */
    async update(
      viewer: Viewer,
      documentId: string,
      input: { title?: string | null | undefined },
    ): Promise<DocumentRow> {
      const title = input.title == null ? null : checkTitle('input.title', input.title);
      let changed = false;
      const at = await change(viewer, documentId, 'EDITOR', async (transaction, key, row, at) => {
        if (title === null || title === row.title) return;
        changed = true;
        await updateDocument(transaction, key, { title, updatedAt: at });
        await putTitle(transaction, key, title);
      });
      if (changed) {
        const event = { kind: 'updated' as const, changedFields: ['title'], by: viewer.userId, at };
        broker.publish(documentEvents, addressOf(keyOf(viewer, documentId)), event);
      }
      return mustFind(viewer, documentId, 'VIEWER');
    },

    /** Deletes the document for everybody; its streams end. Needs OWNER. */
    async delete(viewer: Viewer, documentId: string): Promise<void> {
      const key = keyOf(viewer, documentId);
      const at = await change(viewer, documentId, 'OWNER', async (transaction, _key, row, at) => {
        await updateDocument(transaction, key, { deletedAt: at, epoch: row.epoch + 1, updatedAt: at });
        await dropParts(transaction, key);
        await files.drop(transaction, key);
      });
      texts.forget(key);
      broker.publish(documentEvents, addressOf(key), { kind: 'deleted', by: viewer.userId, at });
    },

    /** Applies a change; see the contract for the rules, `authority.ts` for what is promised and thrown. */
    async apply(viewer: Actor, input: ApplyInput): Promise<ChangeResult> {
      if (!isClientId(input.documentId)) throw documentNotFound();
      const splices = readChangeInputs(input.argument, input.changes, limits);
      return submit(keyOf(viewer, input.documentId), {
        userId: viewer.userId,
        ...checkIds(input),
        digest: () => digestOf(splices.map(({ position, length, content }) => [position, length, content])),
        baseRevision: input.baseRevision ?? null,
        place: (timeline, base) => placeChange(timeline, base, splices, input.argument, limits),
      });
    },

    /** Restores the text of an earlier revision by a new change. Needs EDITOR. */
    async revert(
      viewer: Viewer,
      input: { documentId: string; toRevision: number; changeId?: string | null | undefined },
    ): Promise<ChangeResult> {
      const { documentId, toRevision } = input;
      const row = await mustFind(viewer, documentId, 'EDITOR');
      checkRevision('toRevision', toRevision, row.revision);
      const target = await texts.at(keyOf(viewer, documentId), toRevision);
      return submit(keyOf(viewer, documentId), {
        userId: viewer.userId,
        ...checkIds(input),
        digest: () => digestOf(['revert', toRevision]),
        baseRevision: null,
        place(timeline) {
          const splice = difference(timeline.text, target);
          return splice ? [splice] : [];
        },
      });
    },

    /** The text at a revision of a document that the viewer was given. */
    async contentAt({ tenantId, id, revision: newest }: DocumentRow, revision: number): Promise<string> {
      checkRevision('revision', revision, newest);
      return (await texts.at({ tenantId, documentId: id }, revision)).toString();
    },

    /** The log after a revision, oldest first, up to the revision that the row shows. */
    async changes(row: DocumentRow, after: number, first: number): Promise<DocumentChange[]> {
      if (after < 0) throw badInput('after', 'after must not be negative.');
      const limit = Math.min(first, row.revision - after);
      return limit > 0
        ? readChanges(query, { tenantId: row.tenantId, documentId: row.id }, after, limit)
        : [];
    },

    authorship: (row: DocumentRow): Promise<AuthoredRange[]> => authorships.of(row),

    /** Resolves when every change and snapshot under way is written. */
    async settled(): Promise<void> {
      await authority.settled();
      await texts.settled();
    },
  };
}

export type Documents = ReturnType<typeof createDocuments>;
export { checkClientId } from './ids.ts';

const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');

const checkIds = ({ changeId, clientId }: Pick<ApplyInput, 'changeId' | 'clientId'>) => ({
  changeId: changeId == null ? null : checkClientId('changeId', changeId),
  clientId: clientId == null ? null : checkClientId('clientId', clientId),
});
