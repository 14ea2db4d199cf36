import type { Splice } from '../../text/splice.ts';

/** UTF-16 code units that one change may insert, and splices that it may hold: the server's limits. */
const MAX_CHANGE_CHARS = 65_536;
const MAX_CHANGE_SPLICES = 1_000;

/** A change to be sent: the arguments of `applyDocumentChanges`. Sending it again with the same id is harmless. */
export interface OutgoingChange {
  readonly changeId: string;
  readonly baseRevision: number;
  readonly splices: readonly Splice[];
}

/** As many of the splices as one change may hold, and the rest. A long insertion is cut between characters. */
export function firstChange(splices: readonly Splice[]): [Splice[], Splice[]] {
  const taken: Splice[] = [];
  let room = MAX_CHANGE_CHARS;
  for (const [index, splice] of splices.entries()) {
    if (taken.length === MAX_CHANGE_SPLICES) return [taken, splices.slice(index)];
    if (splice.content.length <= room) {
      taken.push(splice);
      room -= splice.content.length;
      continue;
    }
    const head = splice.content.slice(0, room).isWellFormed() ? room : room - 1;
    const rest = splices.slice(index + 1);
    if (head <= 0) return [taken, [splice, ...rest]];
    const { position, length, content } = splice;
    taken.push({ position, length, content: content.slice(0, head) });
    return [taken, [{ position: position + head, length: 0, content: content.slice(head) }, ...rest]];
  }
  return [taken, []];
}
