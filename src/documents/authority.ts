import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import type { Database } from '../platform/storage/database.ts';
import type { Splice } from '../text/splice.ts';
import { type DocumentChange, tooFarBehind } from './change.ts';
import { changeInserts, type Receipt, readChanges, receiptInserts, selectReceipts } from './log.ts';
import { documentNotFound, refusal } from './permissions.ts';
import { accessFrom, type DocumentAccess, type DocumentKey, documentUpdate, selectAccess } from './store.ts';
import type { DocumentQuery, DocumentTables } from './tables.ts';
import type { Texts } from './texts.ts';
import type { Timeline } from './timeline.ts';
import { documentChanged } from './topics.ts';

/** Changes of one document that may wait for their answer. */
export const MAX_WAITING_CHANGES = 4_000;
/** Changes that one transaction commits together. */
const MAX_GROUP_CHANGES = 256;
/** Milliseconds after which a group takes no further change: while it is worked out, nothing else in the process runs. */
const MAX_GROUP_MS = 20;
/** Times that a group is tried anew when another instance has appended first. */
const MAX_APPEND_ATTEMPTS = 10;

/** A wish to change a document's text. */
export interface ChangeRequest {
  readonly userId: string;
  readonly clientId: string | null;
  /** The sender's idempotency key; null for a change that is never sent again. */
  readonly changeId: string | null;
  /** What the key stands for: the same key with another digest is a CONFLICT. */
  digest(): string;
  /** The revision that the change refers to; null for the newest. */
  readonly baseRevision: number | null;
  /** The splices to append to the timeline. Pure; throws a QuireError to refuse. */
  place(timeline: Timeline, baseRevision: number): readonly Splice[];
}

export interface ChangeResult {
  readonly changes: readonly DocumentChange[];
  readonly revision: number;
  readonly replayed: boolean;
}

interface Waiting {
  readonly request: ChangeRequest;
  resolve(result: ChangeResult): void;
  reject(error: unknown): void;
}

type Verdict = { readonly result: ChangeResult } | { readonly error: unknown };

/** A group of changes in the making: what the transaction is to write. */
interface Draft {
  readonly timeline: Timeline;
  readonly timestamp: number;
  readonly epoch: number;
  readonly appended: DocumentChange[];
  readonly receipts: Receipt[];
}

export interface AuthorityOptions {
  readonly database: Database;
  readonly texts: Texts;
  readonly broker: Broker;
  readonly clock: Clock;
}

/**
 * The one place where the text of a document changes. Changes of one document are taken in the order of their
 * arrival; those that wait together are committed together, in one transaction: access, idempotency, splices,
 * revision. They are announced and acknowledged after the commit. Any instance may do this for any document: the
 * log's unique key decides a race, and the loser rebases and tries again.
 */
export function createAuthority({ database, texts, broker, clock }: AuthorityOptions) {
  const query: DocumentQuery = database.query.withTables<DocumentTables>();
  /** Documents with changes under way. An entry goes when its queue is empty. */
  const queues = new Map<string, Waiting[]>();
  const running = new Set<Promise<void>>();

  async function drain(name: string, key: DocumentKey, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      // One turn of the event loop: who was just answered, and who speaks in this tick, comes into the same group.
      await setImmediate();
      const group = queue.slice(0, MAX_GROUP_CHANGES).map(({ request }) => request);
      const verdicts = await commit(key, group).catch((error: unknown) =>
        group.map((): Verdict => ({ error })),
      );
      for (const verdict of verdicts) {
        const waiting = queue.shift();
        if ('result' in verdict) waiting?.resolve(verdict.result);
        else waiting?.reject(verdict.error);
      }
    }
    queues.delete(name);
  }

  /** Commits changes of a group, the first one at least, and says in their order what became of them. */
  async function commit(key: DocumentKey, group: readonly ChangeRequest[]): Promise<Verdict[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await tryCommit(key, group);
      } catch (error) {
        if (!database.isUniqueViolation(error) || attempt === MAX_APPEND_ATTEMPTS) throw error;
      }
    }
  }

  async function tryCommit(key: DocumentKey, group: readonly ChangeRequest[]): Promise<Verdict[]> {
    const timeline = await texts.reaching(
      key,
      group.flatMap(({ baseRevision }) => baseRevision ?? []),
    );
    const before = timeline.revision;
    const { verdicts, appended } = await query.transaction().execute(async (transaction) => {
      const { access, receipts } = await look(transaction, key, group);
      if (!access) return { verdicts: group.map(() => ({ error: documentNotFound() })), appended: [] };
      if (access.revision > timeline.revision) await texts.readOn(key, timeline, transaction);

      const known = await earlierResults(transaction, key, receipts);
      const draft: Draft = {
        timeline,
        timestamp: clock.now(),
        epoch: access.epoch,
        appended: [],
        receipts: [],
      };
      const verdicts: Verdict[] = [];
      const until = performance.now() + MAX_GROUP_MS;
      for (const request of group) {
        if (verdicts.length > 0 && performance.now() > until) break;
        try {
          const refused = refusal(access.accessOf(request.userId), 'EDITOR');
          if (refused) throw refused;
          verdicts.push({ result: take(key, request, draft, known) });
        } catch (error) {
          verdicts.push({ error });
        }
      }
      await write(transaction, key, draft);
      return { verdicts, appended: draft.appended };
    });
    if (timeline.revision > before) texts.committed(key, timeline);
    if (appended.length > 0) {
      broker.publish(documentChanged, addressOf(key), { head: timeline.revision, events: appended });
    }
    return verdicts;
  }

  /** Where the document stands, who of the group may change it, and what of the group was sent before. */
  async function look(
    transaction: DocumentQuery,
    key: DocumentKey,
    group: readonly ChangeRequest[],
  ): Promise<{ access: DocumentAccess | null; receipts: readonly Receipt[] }> {
    const users = new Set(group.map(({ userId }) => userId));
    const changeIds = group.flatMap(({ changeId }) => changeId ?? []);
    const access = selectAccess(transaction, key, [...users]);
    if (changeIds.length === 0) return { access: accessFrom(await access.execute()), receipts: [] };
    const [rows, receipts] = await database.batch(transaction, [
      access,
      selectReceipts(transaction, key, changeIds),
    ]);
    return { access: accessFrom(rows), receipts };
  }

  /** Writes what a group comes to, and commits. */
  async function write(transaction: DocumentQuery, key: DocumentKey, draft: Draft): Promise<void> {
    const { timeline, appended, receipts, timestamp: updatedAt } = draft;
    if (appended.length === 0 && receipts.length === 0) return;
    const update = { revision: timeline.revision, length: timeline.text.length, updatedAt };
    const queries = [
      ...changeInserts(transaction, key, appended),
      ...(appended.length > 0 ? [documentUpdate(transaction, key, update)] : []),
      ...receiptInserts(transaction, key, receipts),
    ];
    await database.batch(transaction, queries, { commit: true });
  }

  /** What was answered to the changes of a group that had been sent before. */
  async function earlierResults(
    transaction: DocumentQuery,
    key: DocumentKey,
    receipts: readonly Receipt[],
  ): Promise<Map<string, { digest: string; result: ChangeResult }>> {
    const known = new Map<string, { digest: string; result: ChangeResult }>();
    for (const receipt of receipts) {
      const { revision, splices, digest } = receipt;
      const changes = splices > 0 ? await readChanges(transaction, key, revision - splices, splices) : [];
      known.set(receiptName(receipt), { digest, result: { changes, revision, replayed: true } });
    }
    return known;
  }

  return {
    /**
     * Changes a document. Resolves when the change is durable. Rejects with NOT_FOUND, FORBIDDEN, BAD_USER_INPUT,
     * CONFLICT, PAYLOAD_TOO_LARGE or RESYNC_REQUIRED, and with RATE_LIMITED when too many changes wait.
     */
    submit(key: DocumentKey, request: ChangeRequest): Promise<ChangeResult> {
      const name = `${key.tenantId}/${key.documentId}`;
      const queue = queues.get(name);
      if (queue && queue.length >= MAX_WAITING_CHANGES) {
        return Promise.reject(
          new QuireError('RATE_LIMITED', 'Too many changes of this document wait.', { retryAfterMs: 250 }),
        );
      }
      return new Promise((resolve, reject) => {
        const waiting = { request, resolve, reject };
        if (queue) {
          queue.push(waiting);
          return;
        }
        const fresh = [waiting];
        queues.set(name, fresh);
        const run = drain(name, key, fresh);
        running.add(run);
        void run.finally(() => running.delete(run));
      });
    },

    /** Resolves when every change submitted so far has been answered. */
    async settled(): Promise<void> {
      await Promise.all(running);
    },
  };
}

export type Authority = ReturnType<typeof createAuthority>;

/** Where a document's announcements go. */
export const addressOf = ({ tenantId, documentId }: DocumentKey) => ({ tenantId, key: documentId });

const receiptName = ({ userId, changeId }: { userId: string; changeId: string }) => `${userId}\0${changeId}`;

/** One change of a group: answered from a receipt, or placed on the draft. Throws to refuse it, changing nothing. */
function take(
  { documentId }: DocumentKey,
  request: ChangeRequest,
  draft: Draft,
  known: Map<string, { digest: string; result: ChangeResult }>,
): ChangeResult {
  const { userId, clientId } = request;
  const named = request.changeId === null ? null : receiptName({ userId, changeId: request.changeId });
  const earlier = named === null ? undefined : known.get(named);
  if (earlier) {
    if (earlier.digest === request.digest()) return earlier.result;
    throw new QuireError(
      'CONFLICT',
      'This changeId was used for another change. Use a new one for each change.',
      {
        argument: 'changeId',
      },
    );
  }

  const { timeline, timestamp, epoch } = draft;
  const base = request.baseRevision ?? timeline.revision;
  if (base < 0) throw badInput('baseRevision', 'baseRevision must not be negative.');
  if (base > timeline.revision) {
    throw badInput(
      'baseRevision',
      `baseRevision ${base} does not exist yet; the newest is ${timeline.revision}.`,
    );
  }
  if (base < timeline.oldest) throw tooFarBehind();

  const changeId = request.changeId ?? randomUUID();
  const changes = request.place(timeline, base).map((splice): DocumentChange => {
    timeline.advance(splice);
    const { position, length, content } = splice;
    const revision = timeline.revision;
    return { documentId, revision, position, length, content, userId, clientId, changeId, timestamp, epoch };
  });
  draft.appended.push(...changes);
  const result = { changes, revision: timeline.revision, replayed: false };
  if (named !== null) {
    const digest = request.digest();
    known.set(named, { digest, result: { ...result, replayed: true } });
    draft.receipts.push({ userId, changeId, digest, revision: timeline.revision, splices: changes.length });
  }
  return result;
}
