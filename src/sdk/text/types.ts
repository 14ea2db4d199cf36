import type { ChangeSet, Text } from '@codemirror/state';
import type { Splice } from '../../text/splice.ts';
import type { Clock } from '../clock.ts';
import type { PresenceStatus } from '../generated.ts';
import type { Observable } from '../observable.ts';
import type { RemoteCursor } from './cursors.ts';
import type { Draft, DraftStore } from './drafts.ts';
import type { EditError } from './errors.ts';

export type SharedTextStatus = 'saved' | 'saving' | 'offline' | 'ended';

/** A change of the text that one sees. */
export interface TextChanged {
  /** Of the text as it was after the change that was told before. */
  readonly change: ChangeSet;
  readonly origin: 'local' | 'remote' | 'undo' | 'redo';
  /** The id of the user who made it. */
  readonly by: string;
}

/** What is told, and with what. */
export interface SharedTextEvents {
  readonly changed: TextChanged;
  /** All local edits are saved, at this revision. */
  readonly saved: number;
  /** After an offline period: the log was caught up and all local edits are confirmed, at this revision. */
  readonly 'conflict-free': number;
}

export interface SharedTextOptions {
  /** Makes the id of each change that is sent; no two changes of a user may share one. Default: a random one. */
  readonly newChangeId?: () => string;
  /** Keeps what is unsaved beyond the end of the page. */
  readonly drafts?: DraftStore;
  readonly clock?: Clock;
  /** Steps that can be undone; at most, and by default, 200. */
  readonly maxUndo?: number;
  /** Whether one is seen in the document's session, and sees who else is; default: true. */
  readonly presence?: boolean;
  /** Told of what a listener throws, and of what went wrong beside the text (presence, drafts). Default: the console. */
  readonly onError?: (error: unknown) => void;
}

/** A text that several people edit, as one of them sees it. */
export interface SharedText {
  readonly text: string;
  /** The same as a rope; its lines are split at `\n` alone. */
  readonly doc: Text;
  /** UTF-16 code units. */
  readonly length: number;
  /** The newest revision of the log that is in the text. */
  readonly revision: number;
  readonly status: Observable<SharedTextStatus>;
  /** Why it goes on no more: access has ended, a change was refused, or it was closed. */
  readonly ended: Error | undefined;
  /** Unsaved edits of an earlier time that cannot be applied: `textOfDraft` gives their text. Null when there are none. */
  readonly lostDraft: Draft | null;
  readonly cursors: Observable<readonly RemoteCursor[]>;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Applies a local edit, which is sent in time. Throws EditError and changes nothing when it cannot be. */
  edit(splice: Splice): void;
  /** The same for an edit of many places. */
  change(change: ChangeSet): void;
  /** Why such an edit of the present text would be refused; null when it would not. */
  problemOf(change: ChangeSet): EditError | null;
  /** Takes the last own edit back. False when there is none. */
  undo(): boolean;
  /** Does again what was undone last. False when there is nothing. */
  redo(): boolean;
  /** Says where one's cursor is; sent at most ten times a second. `selectionEnd` is the other end of a selection. */
  moveCursor(position: number, selectionEnd?: number | null): void;
  /** AWAY lasts until the next activity. Not said while one is not connected. */
  setStatus(status: PresenceStatus): void;
  /** Returns what ends the listening. Listeners may edit; what one throws goes to `onError`. */
  on<Name extends keyof SharedTextEvents>(
    event: Name,
    listener: (event: SharedTextEvents[Name]) => void,
  ): () => void;
  /** Resolves when the server has every local edit and has said so, and the text has them back. Rejects when it ends before. */
  saved(): Promise<void>;
  /** Resolves when the text has a revision. */
  reached(revision: number): Promise<void>;
  /** Lets go of `lostDraft`. */
  discardLostDraft(): Promise<void>;
  /** Stops. What is not saved stays in the draft, when there are drafts. Idempotent. */
  close(): Promise<void>;
}
