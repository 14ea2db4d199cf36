import type { ChangeSet, Text } from '@codemirror/state';
import { cross } from '../text/rebase.ts';
import { changeOf, composeSplices, type Splice, splicesOf, toText } from '../text/splice.ts';

/** UTF-16 code units that one change may insert, and splices that it may hold: the server's limits. */
const MAX_CHANGE_CHARS = 65_536;
const MAX_CHANGE_SPLICES = 1_000;

/** A revision as the log tells it. */
export interface LoggedChange extends Splice {
  readonly revision: number;
  readonly changeId: string;
}

/** A change to be sent: the arguments of `applyDocumentChanges`. Sending it again with the same id is harmless. */
export interface OutgoingChange {
  readonly changeId: string;
  readonly baseRevision: number;
  readonly splices: readonly Splice[];
}

/** What the server said of a change that was sent. */
export interface Acknowledgement {
  readonly changeId: string;
  readonly revision: number;
  /** Revisions that the change made. */
  readonly count: number;
}

interface InFlight {
  readonly outgoing: OutgoingChange;
  /** What is left of it to be seen in the log, mapped over all that came before. */
  readonly splices: readonly Splice[];
  readonly change: ChangeSet;
  /** Set when it applied as nothing: the revision with which it is done. */
  readonly doneAt: number | null;
}

/** The log does not continue where this replica stands, or says otherwise than this replica computed. */
export class ReplicaError extends Error {
  override readonly name = 'ReplicaError';
}

/**
 * One person's replica of a document: local edits apply at once, one change is in flight, the rest is composed in a
 * buffer; revisions of the log are taken in their order. Pure: the caller sends what `takeOutgoing` gives, and feeds
 * it the LOG stream (with echo) and the answers. The client half of CodeMirror's collaborative editing, with the
 * server's transform (see `text/rebase.ts`).
 */
export class SharedText {
  #text: Text;
  #revision: number;
  /** Length of the text at `#revision`, without what the server does not have yet. */
  #length: number;
  #inFlight: InFlight | null = null;
  #buffer: ChangeSet | null = null;
  readonly #newChangeId: () => string;

  constructor(start: { text: string; revision: number; newChangeId: () => string }) {
    this.#text = toText(start.text);
    this.#revision = start.revision;
    this.#length = this.#text.length;
    this.#newChangeId = start.newChangeId;
  }

  /** The text as its person sees it. */
  get text(): string {
    return this.#text.toString();
  }

  /** UTF-16 code units of `text`. */
  get length(): number {
    return this.#text.length;
  }

  /** The newest revision of the log that is in the text; resume a LOG stream after it. */
  get revision(): number {
    return this.#revision;
  }

  /** True when the server has every local edit and this replica knows it. */
  get saved(): boolean {
    return this.#inFlight === null && this.#buffer === null;
  }

  /** The change that was sent and not acknowledged; send it again, as it is, after a reconnect. */
  get inFlight(): OutgoingChange | null {
    return this.#inFlight?.outgoing ?? null;
  }

  /** Applies a local edit. Throws RangeError when it lies outside of the text. */
  edit(splice: Splice): void {
    const change = changeOf(this.#text.length, splice);
    this.#text = change.apply(this.#text);
    this.#buffer = this.#buffer ? this.#buffer.compose(change) : change;
  }

  /** The next change to send, or null when there is none or one is in flight. */
  takeOutgoing(): OutgoingChange | null {
    if (this.#inFlight || !this.#buffer) return null;
    const [splices, rest] = firstChange(splicesOf(this.#buffer));
    this.#buffer = null;
    if (splices.length === 0) return null;
    // What is sent is what is mapped from now on: the same change written differently might map differently.
    const change = composeSplices(this.#length, splices);
    const outgoing = { changeId: this.#newChangeId(), baseRevision: this.#revision, splices };
    this.#inFlight = { outgoing, splices: splicesOf(change), change, doneAt: null };
    if (rest.length > 0) this.#buffer = composeSplices(change.newLength, rest);
    return outgoing;
  }

  /**
   * Takes the next revision of the log; an older one is ignored. Returns what it does to the text that the person
   * sees, or null when it was their own. Throws ReplicaError on a gap or a divergence.
   */
  receive(logged: LoggedChange): ChangeSet | null {
    if (logged.revision <= this.#revision) return null;
    if (logged.revision !== this.#revision + 1) {
      throw new ReplicaError(`revision ${logged.revision} came after ${this.#revision}`);
    }
    const applied =
      logged.changeId === this.#inFlight?.outgoing.changeId ? this.#confirm(logged) : this.#pass(logged);
    this.#revision = logged.revision;
    this.#length += logged.content.length - logged.length;
    this.#settle();
    return applied;
  }

  /** Takes the server's answer to a change. What changed comes by the log; this matters where nothing did. */
  acknowledge({ changeId, revision, count }: Acknowledgement): void {
    if (changeId !== this.#inFlight?.outgoing.changeId || count > 0) return;
    this.#inFlight = { ...this.#inFlight, doneAt: revision };
    this.#settle();
  }

  #confirm(logged: LoggedChange): null {
    const inFlight = this.#inFlight;
    const [expected, ...rest] = inFlight?.splices ?? [];
    if (!inFlight || !expected || !isSame(expected, logged)) {
      throw new ReplicaError(
        `revision ${logged.revision} is not what this replica expected of its own change`,
      );
    }
    // What was confirmed belongs to the common text now; the rest of the change stands on it.
    const length = this.#length + logged.content.length - logged.length;
    this.#inFlight =
      rest.length === 0 ? null : { ...inFlight, splices: rest, change: composeSplices(length, rest) };
    return null;
  }

  #pass(logged: LoggedChange): ChangeSet {
    const local = [this.#inFlight?.change, this.#buffer].filter((change) => change != null);
    const crossing = cross(local, logged, this.#length);
    const mapped = [...crossing.local];
    if (this.#inFlight) {
      const change = mapped.shift() ?? this.#inFlight.change;
      this.#inFlight = { ...this.#inFlight, change, splices: splicesOf(change) };
    }
    this.#buffer = mapped.shift() ?? null;
    this.#text = crossing.remote.apply(this.#text);
    return crossing.remote;
  }

  #settle(): void {
    const doneAt = this.#inFlight?.doneAt ?? null;
    if (doneAt === null || this.#revision < doneAt) return;
    if (this.#inFlight && this.#inFlight.splices.length > 0) {
      throw new ReplicaError('the server applied a change as nothing, but this replica did not');
    }
    this.#inFlight = null;
  }
}

const isSame = (a: Splice, b: Splice): boolean =>
  a.position === b.position && a.length === b.length && a.content === b.content;

/** As many of the splices as one change may hold, and the rest. A long insertion is cut between characters. */
function firstChange(splices: readonly Splice[]): [Splice[], Splice[]] {
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
