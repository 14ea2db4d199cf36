import type { ChangeSet, Text } from '@codemirror/state';
import { cutsPair } from '../../text/splice.ts';
import { EditError } from './errors.ts';

/** UTF-16 code units of inserted text that may wait to be sent. */
export const MAX_OFFLINE_CHARS = 2_000_000;

/** What the server would refuse an edit for, found before it is made; null when it is a good one. */
export function problemOf(doc: Text, change: ChangeSet): EditError | null {
  if (change.length !== doc.length) {
    return bad(`The edit was made for a text of ${change.length} units; this one has ${doc.length}.`);
  }
  let problem: EditError | null = null;
  change.iterChanges((from, to, _fromB, _toB, inserted) => {
    if (cutsPair(doc, from) || cutsPair(doc, to)) {
      problem ??= bad(`The edit from ${from} to ${to} cuts a character in two; take all of it.`);
    }
    const text = inserted.toString();
    if (text.includes('\0')) problem ??= bad('NUL characters cannot be stored; remove them.');
    if (!text.isWellFormed())
      problem ??= bad('The text holds half of a surrogate pair; give whole characters.');
  });
  return problem;
}

/** Refuses what would wait in vain: null while there is room for `change` behind `waiting` units. */
export function lackOfRoom(waiting: number, change: ChangeSet): EditError | null {
  let inserted = 0;
  change.iterChanges((_fromA, _toA, fromB, toB) => {
    inserted += toB - fromB;
  });
  if (inserted === 0 || waiting + inserted <= MAX_OFFLINE_CHARS) return null;
  return new EditError(
    'OFFLINE_FULL',
    `${waiting} characters wait to be sent, and at most ${MAX_OFFLINE_CHARS} may. Connect and let them be saved first.`,
  );
}

const bad = (message: string): EditError => new EditError('BAD_EDIT', message);
