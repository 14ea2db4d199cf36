import { OperationError } from '../errors.ts';
import { type Draft, type DraftStore, lostKey } from './drafts.ts';
import type { Opened, TextLink } from './link.ts';
import { Replica } from './replica.ts';

/** Where a shared text begins. */
export interface OpenedReplica {
  readonly replica: Replica;
  /** Who one is; empty where the server has not said it. */
  readonly userId: string;
  /** Set when there is a draft, but no document to go on with. */
  readonly ended: Error | undefined;
  readonly lostDraft: Draft | null;
  /** Whether the replica began with a draft, which is in the store. */
  readonly stored: boolean;
}

/**
 * Begins with the draft when it fits: then it goes on where it was, and the log says whether its change in flight was
 * applied. One that does not fit (the document is gone or was restored, the server has refused a change of it) is put
 * aside and offered. Rejects with what the link does, and with what the store does.
 */
export async function openReplica(
  link: TextLink,
  newChangeId: () => string,
  drafts: DraftStore | undefined,
): Promise<OpenedReplica> {
  const { documentId } = link;
  const draft = (await drafts?.load(documentId)) ?? null;
  let opened: Opened;
  try {
    opened = await link.open();
  } catch (error) {
    const replica = draft && error instanceof OperationError ? goOn(draft, newChangeId) : null;
    if (!replica) throw error;
    return { replica, userId: '', ended: error as OperationError, lostDraft: draft, stored: true };
  }
  const { userId } = opened;
  const replica = draft && (await fits(draft, opened, link)) ? goOn(draft, newChangeId) : null;
  if (replica) {
    const lostDraft = (await drafts?.load(lostKey(documentId))) ?? null;
    return { replica, userId, ended: undefined, lostDraft, stored: true };
  }
  if (draft) {
    await drafts?.save(lostKey(documentId), draft);
    await drafts?.remove(documentId);
  }
  const lostDraft = draft ?? (await drafts?.load(lostKey(documentId))) ?? null;
  return { replica: new Replica(opened, newChangeId), userId, ended: undefined, lostDraft, stored: false };
}

/** The replica of a draft; null when what it has unsaved does not fit its own text. */
function goOn(draft: Draft, newChangeId: () => string): Replica | null {
  try {
    return new Replica(draft, newChangeId);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Whether the document still has the text that the draft stands on. */
async function fits(draft: Draft, { text, revision }: Opened, link: TextLink): Promise<boolean> {
  if (draft.refused !== null || draft.revision > revision) return false;
  const base = draft.revision === revision ? text : await link.textAt(draft.revision);
  return base === draft.text;
}
