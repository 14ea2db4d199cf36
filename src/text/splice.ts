import { ChangeSet, Text } from '@codemirror/state';

/**
 * The unit of change: at `position`, `length` UTF-16 code units go and `content` comes. In a list of splices each
 * position refers to the text after the ones before it.
 */
export interface Splice {
  readonly position: number;
  readonly length: number;
  readonly content: string;
}

/** A rope over the text. Lines are split at `\n` alone, so that every other character stays as it came. */
export const toText = (content: string): Text => Text.of(content.split('\n'));

/** What a splice does to a text of `length` code units, as the change set that the transform works on. */
export const changeOf = (length: number, { position, length: removed, content }: Splice): ChangeSet =>
  ChangeSet.of({ from: position, to: position + removed, insert: toText(content) }, length);

/** The splices as one change set of a text of `length` code units. Throws RangeError where one lies outside. */
export function composeSplices(length: number, splices: readonly Splice[]): ChangeSet {
  let before = length;
  const changes = splices.map((splice) => {
    const change = changeOf(before, splice);
    before = change.newLength;
    return change;
  });
  return composeAll(changes) ?? ChangeSet.empty(length);
}

/** Composed by halves: one by one, a thousand changes would take a thousand times the length of the result. */
function composeAll(changes: readonly ChangeSet[]): ChangeSet | undefined {
  if (changes.length < 2) return changes[0];
  const half = changes.length >> 1;
  const rest = composeAll(changes.slice(half));
  const first = composeAll(changes.slice(0, half));
  return rest ? first?.compose(rest) : first;
}

/** The splices that make up a change set, from left to right. What touches is one splice. */
export function splicesOf(change: ChangeSet): Splice[] {
  const splices: Splice[] = [];
  change.iterChanges((fromA, toA, fromB, _toB, inserted) => {
    splices.push({ position: fromB, length: toA - fromA, content: inserted.toString() });
  });
  return splices;
}

/** The text after a splice. Throws RangeError where the splice lies outside: `Text.replace` would move it inside. */
export function applySplice(text: Text, { position, length, content }: Splice): Text {
  const end = position + length;
  if (position < 0 || length < 0 || end > text.length) {
    throw new RangeError(
      `a splice from ${position} to ${end} lies outside of a text of ${text.length} units`,
    );
  }
  return text.replace(position, end, toText(content));
}

/** The text after the splices, one by one. */
export const applySplices = (text: Text, splices: readonly Splice[]): Text =>
  splices.reduce(applySplice, text);

/**
 * The same text, without the longer one that it was cut from: V8 keeps the whole of that for as long as a cut of 13
 * units or more is kept.
 */
const detached = (cut: string): string => ` ${cut}`.slice(1);

/** The splice that undoes `splice`; `before` is the text it was applied to. */
export const invertSplice = (before: Text, { position, length, content }: Splice): Splice => ({
  position,
  length: content.length,
  content: detached(before.sliceString(position, position + length)),
});

/**
 * Where a position ends up after a splice, as `ChangeSet.mapPos` has it: at an insertion, and inside what was
 * replaced, it goes before the new text (`assoc` -1) or behind it (1).
 */
export function mapPosition(at: number, { position, length, content }: Splice, assoc: -1 | 1 = -1): number {
  if (at < position || (at === position && (length > 0 || assoc < 0))) return at;
  if (at >= position + length) return at - length + content.length;
  return assoc < 0 ? position : position + content.length;
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;

/** True where a cut at `position` would part the two halves of a character outside the basic plane. */
export function cutsPair(text: Text, position: number): boolean {
  if (position <= 0 || position >= text.length) return false;
  const around = text.sliceString(position - 1, position + 1);
  return isHighSurrogate(around.charCodeAt(0)) && isLowSurrogate(around.charCodeAt(1));
}

/** The smallest single splice that turns one text into the other, or null when they are equal. */
export function difference(from: Text, to: Text): Splice | null {
  if (from.eq(to)) return null;
  const before = from.toString();
  const after = to.toString();
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  if (start > 0 && isHighSurrogate(before.charCodeAt(start - 1))) start -= 1;
  let tail = 0;
  while (
    tail < shorter - start &&
    before.charCodeAt(before.length - 1 - tail) === after.charCodeAt(after.length - 1 - tail)
  ) {
    tail += 1;
  }
  if (tail > 0 && isLowSurrogate(before.charCodeAt(before.length - tail))) tail -= 1;
  return {
    position: start,
    length: before.length - tail - start,
    content: after.slice(start, after.length - tail),
  };
}
