import { ChangeSet } from '@codemirror/state';
import { applySplices, toText } from '../../text/splice.ts';
import type { Clock } from '../clock.ts';
import type { ReplicaState } from './replica.ts';

/** Shortest time between two writes of a draft, in milliseconds. */
export const DRAFT_INTERVAL_MS = 500;

/** What a person has typed and the server may not have, with the text that it belongs to. Plain data: it can be cloned, and is JSON. */
export interface Draft extends ReplicaState {
  readonly documentId: string;
  /** Why it is not sent again: the code with which the server refused a change of it, or DIVERGED where it did not fit the log. */
  readonly refused: string | null;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

/** Where drafts are kept, one for each document. */
export interface DraftStore {
  load(documentId: string): Promise<Draft | null>;
  save(documentId: string, draft: Draft): Promise<void>;
  /** Idempotent. */
  remove(documentId: string): Promise<void>;
}

/** Drafts that last as long as the page. */
export function memoryDrafts(): DraftStore {
  const drafts = new Map<string, Draft>();
  return {
    load: async (documentId) => drafts.get(documentId) ?? null,
    save: async (documentId, draft) => void drafts.set(documentId, draft),
    remove: async (documentId) => void drafts.delete(documentId),
  };
}

/** Where a draft that does not fit is kept until its person has let go of it. No document's id has such a character. */
export const lostKey = (documentId: string): string => `${documentId}/lost`;

/** The text as its person last saw it. Throws RangeError when the draft does not fit itself. */
export function textOfDraft({ text, inFlight, buffer }: Draft): string {
  const base = toText(text);
  const sent = inFlight ? ChangeSet.fromJSON(inFlight.change).apply(base) : base;
  return applySplices(sent, buffer).toString();
}

export interface DraftKeeperOptions {
  readonly store: DraftStore;
  readonly documentId: string;
  readonly clock: Clock;
  /** Whether there is anything to be kept. */
  readonly isUnsaved: () => boolean;
  /** What is to be kept then. */
  readonly read: () => Draft;
  /** True when there is a draft in the store already. */
  readonly stored: boolean;
  readonly onError: (error: unknown) => void;
}

/** Keeps the store at what is unsaved. */
export interface DraftKeeper {
  /** What is unsaved has changed: it is written in time. */
  changed(): void;
  /**
   * To be awaited before a change is sent. A draft in the store that has the change as one that was never sent would
   * apply it again under another id; so that one is written over first.
   */
  beforeSend(): Promise<void>;
  /** Writes now. Resolves when the store has it. */
  flush(): Promise<void>;
  /** Writes a last time, and stops. */
  close(): Promise<void>;
}

/** One write at a time; while one runs, the next waits with what is newest then. */
export function createDraftKeeper(options: DraftKeeperOptions): DraftKeeper {
  const { store, documentId, clock, isUnsaved, read, onError } = options;
  let { stored } = options;
  let cancel: (() => void) | null = null;
  let writing: Promise<void> | null = null;
  let again = false;
  let closed = false;

  async function write(): Promise<void> {
    try {
      if (isUnsaved()) {
        stored = true;
        await store.save(documentId, read());
      } else if (stored) {
        await store.remove(documentId);
        stored = false;
      }
    } catch (error) {
      onError(error);
    }
  }

  async function writeAll(): Promise<void> {
    while (again) {
      again = false;
      await write();
    }
    writing = null;
  }

  const forget = (): void => {
    cancel?.();
    cancel = null;
  };

  function flush(): Promise<void> {
    forget();
    again = true;
    writing ??= writeAll();
    return writing;
  }

  return {
    changed() {
      if (closed) return;
      // What is saved before the time is over is never written.
      if (!isUnsaved() && !stored) forget();
      else cancel ??= clock.after(DRAFT_INTERVAL_MS, () => void flush());
    },
    beforeSend: async () => (stored ? flush() : undefined),
    flush,
    close() {
      closed = true;
      return flush();
    },
  };
}
