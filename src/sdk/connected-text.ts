import type { Splice } from '../text/splice.ts';
import { ConnectionLost, OperationError } from './errors.ts';
import type { ChangeFieldsFragment } from './generated.ts';
import { type Acknowledgement, type OutgoingChange, SharedText } from './shared-text.ts';

/** Milliseconds before a lost connection is tried again, unless said otherwise. */
const RETRY_MS = 1_000;
/**
 * Close codes after which the server, or another instance, may be asked again; after 4403 with a new token. 1011 says
 * that it has a defect.
 */
const PASSING_CODES = [1001, 1005, 1006, 1012, 1013, 4403];

/** What the server said of a change. */
export interface Answer extends Acknowledgement {
  readonly changes: readonly ChangeFieldsFragment[];
  readonly replayed: boolean;
}

/** The way between a replica and the server. It may fail at any time with ConnectionLost. */
export interface TextLink {
  /** What a replica starts from. */
  open(): Promise<{ text: string; revision: number }>;
  /** The log after a revision, own changes included, for as long as the connection holds. */
  changes(after: number): AsyncIterable<ChangeFieldsFragment>;
  /** Sends a change, once. */
  send(change: OutgoingChange): Promise<Answer>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Makes the id of each change that is sent; no two changes of a user may share one. */
  readonly newChangeId: () => string;
  /** Milliseconds before a lost connection is tried again; default: 1,000. */
  readonly retryMs?: number;
  /** Told of each revision that is not one's own, when it is in the text. */
  readonly onRemote?: (change: ChangeFieldsFragment) => void;
  /** Told each time that something failed that will be tried again. */
  readonly onRetry?: (error: Error) => void;
}

/** A replica that keeps itself at the server's state. */
export interface ConnectedText {
  readonly text: SharedText;
  /** Why it goes on no more: access has ended, a change was refused, or it was closed. */
  readonly ended: Error | undefined;
  /** Applies a local edit, which is sent in time. Throws RangeError when it lies outside of the text. */
  edit(splice: Splice): void;
  /** Resolves when the server has every local edit and has said so, and the replica has them back. */
  saved(): Promise<void>;
  /** Resolves when the replica has a revision. */
  reached(revision: number): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Milliseconds after which what failed is worth trying again; null when it is not. */
function retryAfter(error: unknown, retryMs: number): number | null {
  if (error instanceof ConnectionLost) return PASSING_CODES.includes(error.code) ? retryMs : null;
  if (!(error instanceof OperationError)) return null;
  if (error.code === 'RATE_LIMITED') return Number(error.extensions['retryAfterMs'] ?? retryMs);
  return error.code === 'UNAVAILABLE' ? retryMs : null;
}

/** Tries until it succeeds, as long as what fails is a connection, or a server that will be back; rejects otherwise. */
export async function persistently<T>(
  attempt: () => Promise<T>,
  { retryMs = RETRY_MS, onRetry }: Pick<ConnectOptions, 'retryMs' | 'onRetry'> = {},
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const ms = retryAfter(error, retryMs);
      if (ms === null) throw error;
      onRetry?.(error as Error);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}

interface Waiting {
  isTrue(): boolean;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Drives a SharedText over a link: the log is read on from the replica's revision, whatever happens; one change is on
 * its way, and it is sent again as it is until it is answered. What is not worth trying again (access has ended, the
 * change was refused) ends it, and rejects all that waits.
 */
export async function connectSharedText(link: TextLink, options: ConnectOptions): Promise<ConnectedText> {
  const { newChangeId } = options;
  const waiting = new Set<Waiting>();
  let ended: Error | undefined;
  let unanswered = false;

  const persist = <T>(attempt: () => Promise<T>): Promise<T> =>
    persistently(() => {
      if (ended) throw ended;
      return attempt();
    }, options);

  /** To be called after everything that changes the replica. */
  function look(): void {
    for (const one of waiting) {
      if (!ended && !one.isTrue()) continue;
      waiting.delete(one);
      if (ended) one.reject(ended);
      else one.resolve();
    }
  }

  const until = (isTrue: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.add({ isTrue, resolve, reject });
      look();
    });

  function end(error: Error): void {
    ended ??= error;
    look();
  }

  async function receive(): Promise<never> {
    for (;;) {
      await persist(async () => {
        for await (const change of link.changes(text.revision)) {
          if (text.receive(change)) options.onRemote?.(change);
          look();
        }
      });
    }
  }

  async function send(): Promise<never> {
    for (;;) {
      await until(() => !text.saved && text.inFlight === null);
      const outgoing = text.takeOutgoing();
      if (outgoing) {
        unanswered = true;
        text.acknowledge(await persist(() => link.send(outgoing)));
        unanswered = false;
      }
      // Without one there is nothing left to send: local edits that undid each other.
      look();
    }
  }

  const text = new SharedText({ ...(await persist(() => link.open())), newChangeId });
  const running = Promise.all([receive(), send()]).catch((error: unknown) =>
    end(error instanceof Error ? error : new Error(String(error))),
  );

  return {
    text,
    get ended() {
      return ended;
    },
    edit(splice) {
      text.edit(splice);
      look();
    },
    saved: () => until(() => text.saved && !unanswered),
    reached: (revision) => until(() => text.revision >= revision),
    async close() {
      end(new Error('closed'));
      await link.close();
      await running;
    },
  };
}
