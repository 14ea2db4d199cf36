import type { ChangeDesc, ChangeSet } from '@codemirror/state';

/** Steps that can be undone, and as many that can be done again. */
export const MAX_UNDO_STEPS = 200;
/** UTF-16 code units of removed text that the steps of one side hold. */
export const MAX_UNDO_CHARS = 4_000_000;
/** Milliseconds within which edits that touch each other are one step. */
const JOIN_MS = 500;

/** A way back, as it reads in the text of the moment when it is on top. */
interface Step {
  readonly change: ChangeSet;
  /** What came meanwhile, for the steps below this one: they are mapped when they come to the top. */
  readonly behind: ChangeDesc | null;
  /** UTF-16 code units that it inserts. */
  readonly chars: number;
}

export type UndoSide = 'undo' | 'redo';

export interface UndoHistory {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Remembers a local edit by its inverse. What was undone can not be done again after that. */
  record(inverse: ChangeSet): void;
  /** Maps the steps over somebody else's change of the text. */
  pass(change: ChangeDesc): void;
  /** The change that undoes the last step, or does it again, to be applied at once; null when there is none. */
  take(side: UndoSide, invert: (change: ChangeSet) => ChangeSet): ChangeSet | null;
}

/**
 * Undo of one's own edits among those of others: stacks of inverted changes, each mapped over what the others did, as
 * in the history of CodeMirror (`@codemirror/commands`, `HistoryState`; mapping is put off for all steps but the
 * uppermost, `addMappingToBranch`). Others' text is left as it is: what they inserted into one's own stays when that
 * is taken back.
 */
export function createUndoHistory(now: () => number, maxSteps = MAX_UNDO_STEPS): UndoHistory {
  const stacks: Readonly<Record<UndoSide, Step[]>> = { undo: [], redo: [] };
  let recordedAt = Number.NEGATIVE_INFINITY;

  function push(stack: Step[], step: Step): void {
    stack.push(step);
    let chars = stack.reduce((sum, one) => sum + one.chars, 0);
    while (stack.length > maxSteps || (chars > MAX_UNDO_CHARS && stack.length > 0)) {
      chars -= stack.shift()?.chars ?? 0;
    }
  }

  return {
    get canUndo() {
      return stacks.undo.length > 0;
    },
    get canRedo() {
      return stacks.redo.length > 0;
    },
    record(inverse) {
      if (inverse.empty) return;
      const at = now();
      const last = stacks.undo.at(-1);
      const joins = last && at - recordedAt < JOIN_MS && touches(last.change, inverse);
      recordedAt = at;
      stacks.redo.length = 0;
      if (!joins) return push(stacks.undo, stepOf(inverse, null));
      stacks.undo.pop();
      const both = inverse.compose(last.change);
      if (!both.empty) push(stacks.undo, stepOf(both, last.behind));
      else if (last.behind) passOver(stacks.undo, last.behind);
    },
    pass(change) {
      passOver(stacks.undo, change);
      passOver(stacks.redo, change);
    },
    take(side, invert) {
      const step = stacks[side].pop();
      if (!step) return null;
      if (step.behind) passOver(stacks[side], step.behind);
      push(stacks[side === 'undo' ? 'redo' : 'undo'], stepOf(invert(step.change), null));
      recordedAt = Number.NEGATIVE_INFINITY;
      return step.change;
    },
  };
}

function stepOf(change: ChangeSet, behind: ChangeDesc | null): Step {
  let chars = 0;
  change.iterChanges((_fromA, _toA, fromB, toB) => {
    chars += toB - fromB;
  });
  return { change, behind, chars };
}

/** Maps the uppermost step, and leaves the rest to it. A step of which nothing is left is dropped. */
function passOver(stack: Step[], mapping: ChangeDesc): void {
  let over = mapping;
  for (let step = stack.pop(); step; step = stack.pop()) {
    const below = over.mapDesc(step.change, true);
    const behind = step.behind ? step.behind.composeDesc(below) : below;
    const change = step.change.map(over);
    if (!change.empty) {
      stack.push(stepOf(change, behind));
      return;
    }
    over = behind;
  }
}

/** Whether two inverses that follow each other, the later one second, touch in the text between them. */
function touches(earlier: ChangeDesc, later: ChangeDesc): boolean {
  const ranges: [number, number][] = [];
  earlier.iterChangedRanges((from, to) => ranges.push([from, to]));
  let found = false;
  later.iterChangedRanges((_fromA, _toA, fromB, toB) => {
    found ||= ranges.some(([from, to]) => toB >= from && fromB <= to);
  });
  return found;
}
