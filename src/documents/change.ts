import type { Text } from '@codemirror/state';
import { badInput, QuireError } from '../platform/errors.ts';
import { rebase } from '../text/rebase.ts';
import { applySplice, composeSplices, cutsPair, type Splice, splicesOf } from '../text/splice.ts';
import type { Timeline } from './timeline.ts';

export const changeTypes = ['INSERT', 'DELETE', 'REPLACE'] as const;
export type ChangeType = (typeof changeTypes)[number];

/** A change as a client writes it down. */
export interface ChangeInput {
  readonly changeType: ChangeType;
  readonly position: number;
  readonly length?: number | null | undefined;
  readonly content?: string | null | undefined;
}

/** One revision: a splice, who made it, and when. */
export interface DocumentChange extends Splice {
  readonly documentId: string;
  readonly revision: number;
  readonly userId: string;
  readonly clientId: string | null;
  readonly changeId: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly timestamp: number;
  /** The document's access epoch under which it was committed. */
  readonly epoch: number;
}

export interface ChangeLimits {
  /** UTF-16 code units that one change may insert. */
  readonly changeChars: number;
  /** UTF-16 code units that a document may hold. */
  readonly documentChars: number;
}

/** Where the API holds the changes of a call, for error messages: one of them, or a list. */
export type ChangesArgument = 'change' | 'changes';

/** Splices that one call may carry. */
export const MAX_SPLICES_PER_CHANGE = 1000;
/** Revisions by which a change may lie behind; past that its client reads the log and rebases itself. */
export const MAX_REVISIONS_BEHIND = 5_000;
/** Splices of a change times revisions by which it lies behind: what rebasing it costs grows with the product. */
export const MAX_REBASE_STEPS = 500_000;

/** The answer to a change whose base is too old to rebase it here. */
export const tooFarBehind = (): QuireError =>
  new QuireError(
    'RESYNC_REQUIRED',
    'The change lies too far behind. Read the log after your revision, rebase it, and send it again.',
  );

const placeOf = (argument: ChangesArgument, index: number): string =>
  argument === 'change' ? argument : `${argument}[${index}]`;

/** The name that the API gives to what a splice does. */
export function changeTypeOf({ length, content }: Splice): ChangeType {
  if (length === 0) return 'INSERT';
  return content === '' ? 'DELETE' : 'REPLACE';
}

/** Refuses text that could not be stored, sent and read back as the same text: NUL and lone surrogates. */
export function checkText(argument: string, text: string): void {
  if (text.includes('\0')) throw badInput(argument, 'NUL characters cannot be stored; remove them.');
  if (!text.isWellFormed()) {
    throw badInput(argument, 'The text holds half of a surrogate pair; send whole characters.');
  }
}

/** The splices of a call, checked as far as that is possible without the text. Throws BAD_USER_INPUT or PAYLOAD_TOO_LARGE. */
export function readChanges(
  argument: ChangesArgument,
  inputs: readonly ChangeInput[],
  limits: ChangeLimits,
): Splice[] {
  if (inputs.length === 0) throw badInput(argument, 'At least one change is needed.');
  if (inputs.length > MAX_SPLICES_PER_CHANGE) {
    throw new QuireError('PAYLOAD_TOO_LARGE', `At most ${MAX_SPLICES_PER_CHANGE} changes go into one call.`, {
      argument,
    });
  }
  const splices = inputs.map((input, index) => readChange(placeOf(argument, index), input));
  const inserted = splices.reduce((sum, { content }) => sum + content.length, 0);
  if (inserted > limits.changeChars) {
    throw new QuireError(
      'PAYLOAD_TOO_LARGE',
      `The change inserts ${inserted} characters; ${limits.changeChars} are allowed. Split it.`,
      { argument },
    );
  }
  return splices;
}

function readChange(argument: string, { changeType, position, length, content }: ChangeInput): Splice {
  if (position < 0) throw badInput(`${argument}.position`, 'position must not be negative.');
  if (length != null && length < 0) throw badInput(`${argument}.length`, 'length must not be negative.');
  checkText(`${argument}.content`, content ?? '');
  switch (changeType) {
    case 'INSERT':
      if (!content) throw badInput(`${argument}.content`, 'INSERT needs content: the text to insert.');
      if (length)
        throw badInput(`${argument}.length`, 'INSERT removes nothing; use REPLACE or leave length out.');
      return { position, length: 0, content };
    case 'DELETE':
      if (!length) throw badInput(`${argument}.length`, 'DELETE needs length: how many units to remove.');
      if (content)
        throw badInput(`${argument}.content`, 'DELETE inserts nothing; use REPLACE or leave content out.');
      return { position, length, content: '' };
    case 'REPLACE':
      if (length == null)
        throw badInput(`${argument}.length`, 'REPLACE needs length: how many units to remove.');
      if (content == null)
        throw badInput(`${argument}.content`, 'REPLACE needs content: the text to put there.');
      if (length === 0 && content === '')
        throw badInput(argument, 'This REPLACE removes and inserts nothing.');
      return { position, length, content };
  }
}

/** Checks splices against the text they were made for, each against the text after the ones before it. */
function checkAgainst(text: Text, splices: readonly Splice[], argument: ChangesArgument): void {
  let current = text;
  splices.forEach((splice, index) => {
    const place = placeOf(argument, index);
    const end = splice.position + splice.length;
    if (splice.position > current.length) {
      throw badInput(
        `${place}.position`,
        `position ${splice.position} lies past the end: the text has ${current.length} units.`,
      );
    }
    if (end > current.length) {
      throw badInput(
        `${place}.length`,
        `position + length is ${end}, past the end: the text has ${current.length} units.`,
      );
    }
    if (cutsPair(current, splice.position)) {
      throw badInput(`${place}.position`, `position ${splice.position} lies inside a surrogate pair.`);
    }
    if (cutsPair(current, end)) {
      throw badInput(`${place}.length`, `position + length is ${end}, inside a surrogate pair.`);
    }
    if (index < splices.length - 1) current = applySplice(current, splice);
  });
}

/**
 * What a change made at `baseRevision` does to the newest text: the splices to append, none when all it touched is
 * gone already. Pure: the timeline stays as it is. Throws BAD_USER_INPUT for a place that does not exist at its base,
 * PAYLOAD_TOO_LARGE when the document would outgrow its limit, RESYNC_REQUIRED when its base is too old for it.
 */
export function placeChange(
  timeline: Timeline,
  baseRevision: number,
  splices: readonly Splice[],
  argument: ChangesArgument,
  limits: ChangeLimits,
): readonly Splice[] {
  if (splices.length * (timeline.revision - baseRevision) > MAX_REBASE_STEPS) throw tooFarBehind();
  const base = timeline.textAt(baseRevision);
  checkAgainst(base, splices, argument);
  const untouched = baseRevision === timeline.revision && splices.length === 1;
  const placed = untouched
    ? splices
    : splicesOf(rebase(composeSplices(base.length, splices), timeline.since(baseRevision)));
  const grown = placed.reduce(
    (sum, { length, content }) => sum + content.length - length,
    timeline.text.length,
  );
  if (grown > limits.documentChars && grown > timeline.text.length) {
    throw new QuireError(
      'PAYLOAD_TOO_LARGE',
      `The document would have ${grown} characters; ${limits.documentChars} are allowed.`,
      { argument },
    );
  }
  return placed;
}
