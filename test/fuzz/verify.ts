import { isDeepStrictEqual } from 'node:util';
import {
  type ChangeFieldsFragment,
  DocumentLogDocument,
  DocumentTextDocument,
} from '../../src/sdk/generated.ts';
import { applySplices, toText } from '../../src/text/splice.ts';
import type { TestClient } from '../support/client.ts';
import type { Answer } from '../support/shared-text.ts';

/** Entries of the log that are read at a time. */
const PAGE = 500;

/** What a server holds of a document. */
export interface Stored {
  readonly content: string;
  readonly revision: number;
  /** From revision 1. */
  readonly log: readonly ChangeFieldsFragment[];
}

/** Reads a document and all of its log. */
export async function readStored(client: TestClient, documentId: string): Promise<Stored> {
  const { document } = await client.request(DocumentTextDocument, { id: documentId });
  if (!document) throw new Error('the document is gone');
  const log: ChangeFieldsFragment[] = [];
  for (;;) {
    const page = await client.request(DocumentLogDocument, {
      id: documentId,
      after: log.length,
      first: PAGE,
    });
    const changes = page.document?.changes ?? [];
    log.push(...changes);
    if (changes.length < PAGE) return { content: document.content, revision: document.revision, log };
  }
}

/** All changes of one client, by their ids, with every answer that came. */
export interface Sent {
  readonly userId: string;
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
}

/**
 * Throws unless the log is whole and makes the content, and holds each change as it was acknowledged, once; nothing
 * else is in it but what made the document.
 */
export function verifyStored({ content, revision, log }: Stored, sent: readonly Sent[]): void {
  const gap = log.findIndex((change, index) => change.revision !== index + 1);
  if (gap >= 0) throw new Error(`revision ${log[gap]?.revision} stands at place ${gap + 1} of the log`);
  if (log.length !== revision)
    throw new Error(`${log.length} changes are in the log, revision is ${revision}`);
  if (applySplices(toText(''), log).toString() !== content)
    throw new Error('the log does not make the content');

  const logged = new Map<string, ChangeFieldsFragment[]>();
  for (const change of log) {
    const name = `${change.userId} ${change.changeId}`;
    logged.set(name, [...(logged.get(name) ?? []), change]);
  }
  for (const { userId, answers } of sent) {
    for (const [changeId, all] of answers) {
      const name = `${userId} ${changeId}`;
      verifyAnswers(name, all, logged.get(name) ?? []);
      logged.delete(name);
    }
  }
  const [made] = log;
  if (made) logged.delete(`${made.userId} ${made.changeId}`);
  if (logged.size > 0) throw new Error(`nobody was answered about ${[...logged.keys()].join(', ')}`);
}

/** The answers to one change tell the same, and it is what the log has. */
function verifyAnswers(
  name: string,
  answers: readonly Answer[],
  logged: readonly ChangeFieldsFragment[],
): void {
  const fresh = answers.filter(({ replayed }) => !replayed);
  if (fresh.length > 1) throw new Error(`${name} was applied ${fresh.length} times`);
  for (const { changes, revision } of answers) {
    if (!isDeepStrictEqual(changes, logged)) {
      throw new Error(
        `${name} was acknowledged as ${JSON.stringify(changes)}, the log has ${JSON.stringify(logged)}`,
      );
    }
    const last = logged.at(-1)?.revision ?? revision;
    if (revision !== last) throw new Error(`${name} was acknowledged at ${revision}, and stands at ${last}`);
  }
}
