import type { ChangeDesc, Text } from '@codemirror/state';
import type { Clock } from '../clock.ts';
import { ConnectionLost, OperationError } from '../errors.ts';
import type { TextLink } from './link.ts';

/** Shortest time between two positions that are sent, in milliseconds. */
export const CURSOR_INTERVAL_MS = 100;
/** Milliseconds after the last edit at which typing ends. */
export const TYPING_STOPS_MS = 3_000;
/** Milliseconds after which it is said again; the server forgets it after 6 s. */
const TYPING_REPEAT_MS = 4_000;

/** What ends the text, too, which says so. */
const TOLD_BY_THE_TEXT = ['FORBIDDEN', 'NOT_FOUND', 'UNAUTHENTICATED'];

export interface OwnPresenceOptions {
  readonly link: Pick<TextLink, 'moveCursor' | 'setTyping'>;
  readonly clock: Clock;
  /** Whether anything can be said. */
  readonly isConnected: () => boolean;
  readonly doc: () => Text;
  readonly onError: (error: unknown) => void;
}

/** What the others are told of oneself. Nothing of it is kept for later, but for the newest position. */
export interface OwnPresence {
  /** Sent at most ten times a second; the newest wins. */
  moveCursor(position: number, selectionEnd: number | null): void;
  /** One's own text was edited: one is typing. */
  edited(): void;
  /** Moves the position that is not sent yet along with a change: behind what is inserted at it (1), or not (-1). */
  pass(change: ChangeDesc, assoc: -1 | 1): void;
  /** One has come, or come back: the server knows nothing of it all. */
  joined(): void;
  /** Stops the timers. */
  close(): void;
}

export function createOwnPresence(options: OwnPresenceOptions): OwnPresence {
  const { link, clock, isConnected, doc, onError } = options;
  let cursor: { readonly position: number; readonly selectionEnd: number | null } | null = null;
  let unsent = false;
  let sending = false;
  let cancelPause: (() => void) | null = null;
  let editedAt = Number.NEGATIVE_INFINITY;
  /** When typing was last said; null when one is not. */
  let typingSaidAt: number | null = null;
  let cancelTyping: (() => void) | null = null;

  const report = (error: unknown): void => {
    // It is said again when the connection is back.
    if (error instanceof ConnectionLost) return;
    if (error instanceof OperationError && TOLD_BY_THE_TEXT.includes(error.code)) return;
    onError(error);
  };

  function sendCursor(): void {
    if (!cursor || !unsent || sending || cancelPause || !isConnected()) return;
    const text = doc();
    const position = Math.min(cursor.position, text.length);
    const line = text.lineAt(position);
    const { selectionEnd } = cursor;
    unsent = false;
    sending = true;
    cancelPause = clock.after(CURSOR_INTERVAL_MS, () => {
      cancelPause = null;
      sendCursor();
    });
    link
      .moveCursor({ line: line.number, column: position - line.from, position, selectionEnd })
      .catch(report)
      .finally(() => {
        sending = false;
        sendCursor();
      });
  }

  function sayTyping(typing: boolean): void {
    typingSaidAt = typing ? clock.now() : null;
    if (isConnected()) link.setTyping(typing).catch(report);
  }

  function lookLater(ms: number): void {
    cancelTyping ??= clock.after(ms, () => {
      cancelTyping = null;
      const left = editedAt + TYPING_STOPS_MS - clock.now();
      if (left > 0) lookLater(left);
      else sayTyping(false);
    });
  }

  return {
    moveCursor(position, selectionEnd) {
      cursor = { position, selectionEnd };
      unsent = true;
      sendCursor();
    },
    edited() {
      editedAt = clock.now();
      if (typingSaidAt === null || editedAt - typingSaidAt >= TYPING_REPEAT_MS) sayTyping(true);
      lookLater(TYPING_STOPS_MS);
    },
    pass(change, assoc) {
      if (!cursor) return;
      const map = (at: number): number => change.mapPos(Math.min(at, change.length), assoc);
      const { position, selectionEnd } = cursor;
      cursor = { position: map(position), selectionEnd: selectionEnd === null ? null : map(selectionEnd) };
    },
    joined() {
      typingSaidAt = null;
      unsent = cursor !== null;
      sendCursor();
    },
    close() {
      cursor = null;
      cancelPause?.();
      cancelTyping?.();
    },
  };
}
