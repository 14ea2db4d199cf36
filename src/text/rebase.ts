import type { ChangeSet } from '@codemirror/state';
import { changeOf, type Splice } from './splice.ts';

/*
 * Operational transformation in the manner of Ressel et al. (1996) with one central order, as CodeMirror's
 * collaborative editing does it. Server and clients alike map over the log one splice at a time and in its order:
 * mapping over a composition of splices can give another result, and then replicas would part.
 */

/**
 * A change made at an older revision, as it reads after the splices that were committed since. What the others
 * inserted at the same place stands before it; what they deleted is not deleted again.
 */
export function rebase(change: ChangeSet, since: Iterable<Splice>): ChangeSet {
  let rebased = change;
  for (const splice of since) rebased = rebased.map(changeOf(rebased.length, splice));
  return rebased;
}

/** A committed splice that passed by a client's own unacknowledged changes, and those changes after it. */
export interface Crossing {
  /** The client's changes, each mapped over the remote one. */
  readonly local: readonly ChangeSet[];
  /** The remote change as it applies to the client's present text. */
  readonly remote: ChangeSet;
}

/**
 * Lets a committed splice pass by the client's own changes (in flight first, then the buffer), each of which stands
 * on the one before. The remote change counts as the earlier one at every step.
 */
export function cross(local: readonly ChangeSet[], splice: Splice, length: number): Crossing {
  let remote = changeOf(length, splice);
  const mapped = local.map((change) => {
    const over = change.map(remote);
    remote = remote.map(change, true);
    return over;
  });
  return { local: mapped, remote };
}
