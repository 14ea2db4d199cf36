import type { ChangeDesc } from '@codemirror/state';
import type { PresenceStatus, SessionFieldsFragment } from '../generated.ts';
import { createSubject, type Observable } from '../observable.ts';

/** People whose cursors are followed; more are not shown. */
export const MAX_CURSORS = 1_000;
/** A cursor stays before what others insert at its place, as the server has it, and goes behind what its own person types. */
const BEFORE_OTHERS = -1;
const BEHIND_OWN = 1;

/** Where somebody else is. Places are UTF-16 code units of the text as one sees it oneself. */
export interface RemoteCursor {
  readonly user: { readonly id: string; readonly name: string };
  /** Where the caret is. */
  readonly position: number;
  /** The other end of the selection; null when nothing is selected. */
  readonly selectionEnd: number | null;
  readonly typing: boolean;
  readonly status: PresenceStatus;
}

type Participant = SessionFieldsFragment['participants'][number];
type Cursor = NonNullable<Participant['cursor']>;

export interface RemoteCursors {
  readonly cursors: Observable<readonly RemoteCursor[]>;
  /** Takes the session as the server tells it. */
  take(session: SessionFieldsFragment): void;
  /** Moves the cursors along with a change of the text that one sees, by `userId`. */
  pass(change: ChangeDesc, userId: string): void;
  /** Forgets all: who is there is not known while one is not connected. */
  clear(): void;
}

export interface RemoteCursorsOptions {
  /** Whose own cursor is left out. */
  readonly ownId: string;
  /** Where a place of the server's text is in the one that one sees. */
  readonly locate: (position: number, assoc: -1 | 1) => number;
  /** Runs the telling of listeners when it is its turn. */
  readonly later: (tell: () => void) => void;
}

/**
 * The others' cursors. The server tells where each was in its own text, at no named revision and at most ten times a
 * second. In between they go along with the changes; what the server says is taken when it says something else than before.
 */
export function createRemoteCursors({ ownId, locate, later }: RemoteCursorsOptions): RemoteCursors {
  const cursors = createSubject<readonly RemoteCursor[]>([]);
  let current: readonly RemoteCursor[] = [];
  /** What the server last said, by user. */
  let told = new Map<string, Cursor>();

  function show(next: readonly RemoteCursor[]): void {
    if (next.length === current.length && next.every((one, index) => isSame(one, current[index]))) return;
    current = next;
    later(() => {
      if (cursors.current !== current) cursors.set(current);
    });
  }

  return {
    cursors,
    take({ participants }) {
      const shown = new Map(current.map((cursor) => [cursor.user.id, cursor]));
      const heard = new Map<string, Cursor>();
      const next: RemoteCursor[] = [];
      for (const { user, cursor, typing, status } of participants) {
        if (!cursor || user.id === ownId || next.length >= MAX_CURSORS) continue;
        const before = told.get(user.id);
        const known = shown.get(user.id);
        const stays = known && before && isSamePlace(before, cursor);
        heard.set(user.id, cursor);
        next.push({
          user,
          position: stays ? known.position : locate(cursor.position, BEFORE_OTHERS),
          selectionEnd: stays ? known.selectionEnd : selectionEndOf(cursor, locate),
          typing,
          status,
        });
      }
      told = heard;
      show(next);
    },
    pass(change, userId) {
      show(
        current.map((cursor) => {
          const assoc = cursor.user.id === userId ? BEHIND_OWN : BEFORE_OTHERS;
          const { position, selectionEnd } = cursor;
          return {
            ...cursor,
            position: change.mapPos(position, assoc),
            selectionEnd: selectionEnd === null ? null : change.mapPos(selectionEnd, assoc),
          };
        }),
      );
    },
    clear() {
      told = new Map();
      show([]);
    },
  };
}

const selectionEndOf = ({ selectionEnd }: Cursor, locate: RemoteCursorsOptions['locate']): number | null =>
  selectionEnd === null ? null : locate(selectionEnd, BEFORE_OTHERS);

const isSamePlace = (a: Cursor, b: Cursor): boolean =>
  a.position === b.position && a.selectionEnd === b.selectionEnd;

const isSame = (a: RemoteCursor, b: RemoteCursor | undefined): boolean =>
  a.user.id === b?.user.id &&
  a.user.name === b.user.name &&
  a.position === b.position &&
  a.selectionEnd === b.selectionEnd &&
  a.typing === b.typing &&
  a.status === b.status;
