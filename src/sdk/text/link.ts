import type {
  ChangeFieldsFragment,
  CursorPositionInput,
  PresenceStatus,
  SessionFieldsFragment,
} from '../generated.ts';
import type { Observable } from '../observable.ts';
import type { OutgoingChange } from './outgoing.ts';
import type { Acknowledgement } from './replica.ts';

/** What the server said of a change. */
export interface Answer extends Acknowledgement {
  readonly changes: readonly ChangeFieldsFragment[];
  readonly replayed: boolean;
}

/** What a replica starts from. */
export interface Opened {
  readonly text: string;
  readonly revision: number;
  /** Who one is. */
  readonly userId: string;
}

/**
 * The way between a shared text and the server. It retries by itself: what it rejects with is final, but for
 * ConnectionLost of `send`, after which the change may have been applied or not.
 */
export interface TextLink {
  readonly documentId: string;
  readonly connection: Observable<{
    readonly state: 'connecting' | 'connected' | 'reconnecting' | 'offline' | 'closed';
  }>;
  /** The document as it stands. */
  open(): Promise<Opened>;
  /** The newest revision; `known` is one that the document has. */
  head(known: number): Promise<number>;
  /** The text at a revision. Rejects with BAD_USER_INPUT where there is none. */
  textAt(revision: number): Promise<string>;
  /** The LOG after a revision, own changes included. It goes on for ever. */
  changes(after: number, signal: AbortSignal): AsyncIterable<ChangeFieldsFragment>;
  /** Sends a change, once. */
  send(change: OutgoingChange, signal: AbortSignal): Promise<Answer>;
  /** Who is here, as a STATE; subscribing joins. It goes on for ever. */
  session(signal: AbortSignal): AsyncIterable<SessionFieldsFragment>;
  moveCursor(position: CursorPositionInput): Promise<void>;
  setTyping(typing: boolean): Promise<void>;
  setStatus(status: PresenceStatus): Promise<void>;
}
