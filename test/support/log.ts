import { placeChange } from '../../src/documents/change.ts';
import { Timeline } from '../../src/documents/timeline.ts';
import type { OutgoingChange } from '../../src/sdk/text/outgoing.ts';
import type { LoggedChange } from '../../src/sdk/text/replica.ts';
import { toText } from '../../src/text/splice.ts';

const LIMITS = { changeChars: 1_000_000, documentChars: 10_000_000 };

/** The server's pure part: one order, the log, rebase. */
export function createLog(text = '') {
  const timeline = new Timeline(toText(text), 0);
  const log: LoggedChange[] = [];
  return {
    log,
    text: () => timeline.text.toString(),
    commit({ changeId, baseRevision, splices }: OutgoingChange) {
      const placed = placeChange(timeline, baseRevision, splices, 'changes', LIMITS);
      for (const splice of placed) {
        timeline.advance(splice);
        log.push({ ...splice, revision: timeline.revision, changeId });
      }
      return { changeId, revision: timeline.revision, count: placed.length };
    },
  };
}
