import { ChangeSet, type Text } from '@codemirror/state';
import { cross } from '../../text/rebase.ts';
import { applySplice, changeOf, composeSplices, type Splice, splicesOf, toText } from '../../text/splice.ts';
import { firstChange, type OutgoingChange } from './outgoing.ts';

/** A revision as the log tells it. */
export interface LoggedChange extends Splice {
  readonly revision: number;
  readonly changeId: string;
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

/** A replica with all that it has not been told is saved, as plain data: it goes on from there. */
export interface ReplicaState {
  readonly revision: number;
  /** The server's text at `revision`. */
  readonly text: string;
  /** The change that was sent, and `change`: what is left of it (`ChangeSet.toJSON`, whose form matters when it is mapped). */
  readonly inFlight: (OutgoingChange & { readonly change: unknown; readonly doneAt: number | null }) | null;
  /** What was not sent, on top of that. */
  readonly buffer: readonly Splice[];
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
export class Replica {
  #text: Text;
  #revision: number;
  /** The text at `#revision`, without what the server does not have yet. */
  #base: Text;
  #inFlight: InFlight | null = null;
  #buffer: ChangeSet | null = null;
  readonly #newChangeId: () => string;

  /** Throws RangeError when what `start` has unsaved does not fit its text. */
  constructor(
    start: Pick<ReplicaState, 'text' | 'revision'> & Partial<ReplicaState>,
    newChangeId: () => string,
  ) {
    const { inFlight, buffer = [] } = start;
    this.#base = toText(start.text);
    this.#text = this.#base;
    this.#revision = start.revision;
    this.#newChangeId = newChangeId;
    if (inFlight) {
      const change = ChangeSet.fromJSON(inFlight.change);
      const { changeId, baseRevision, splices, doneAt } = inFlight;
      const outgoing = { changeId, baseRevision, splices };
      this.#inFlight = { outgoing, splices: splicesOf(change), change, doneAt };
      this.#text = change.apply(this.#text);
    }
    if (buffer.length > 0) this.apply(composeSplices(this.#text.length, buffer));
  }

  /** The text as its person sees it. */
  get text(): string {
    return this.#text.toString();
  }

  /** The same as a rope. */
  get doc(): Text {
    return this.#text;
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

  /** UTF-16 code units of inserted text that wait to be sent. */
  get waitingChars(): number {
    let chars = 0;
    this.#buffer?.iterChanges((_fromA, _toA, fromB, toB) => {
      chars += toB - fromB;
    });
    return chars;
  }

  /** All that is needed to go on from here. */
  get state(): ReplicaState {
    const inFlight = this.#inFlight;
    return {
      revision: this.#revision,
      text: this.#base.toString(),
      inFlight: inFlight && {
        ...inFlight.outgoing,
        change: inFlight.change.toJSON() as unknown,
        doneAt: inFlight.doneAt,
      },
      buffer: this.#buffer ? splicesOf(this.#buffer) : [],
    };
  }

  /** Applies a local edit. Throws RangeError when it lies outside of the text. */
  edit(splice: Splice): void {
    this.apply(changeOf(this.#text.length, splice));
  }

  /** Applies a local edit of many places. Throws RangeError when it was made for a text of another length. */
  apply(change: ChangeSet): void {
    this.#text = change.apply(this.#text);
    this.#buffer = this.#buffer ? this.#buffer.compose(change) : change;
  }

  /** Where a place of the server's text at `revision` stands in the text that the person sees. */
  locate(position: number, assoc: -1 | 1): number {
    const start = Math.max(0, Math.min(position, this.#base.length));
    return this.#unsaved().reduce((at, change) => change.mapPos(at, assoc), start);
  }

  /** The next change to send, or null when there is none or one is in flight. */
  takeOutgoing(): OutgoingChange | null {
    if (this.#inFlight || !this.#buffer) return null;
    const [splices, rest] = firstChange(splicesOf(this.#buffer));
    this.#buffer = null;
    if (splices.length === 0) return null;
    // What is sent is what is mapped from now on: the same change written differently might map differently.
    const change = composeSplices(this.#base.length, splices);
    const outgoing = { changeId: this.#newChangeId(), baseRevision: this.#revision, splices };
    this.#inFlight = { outgoing, splices: splicesOf(change), change, doneAt: null };
    if (rest.length > 0) this.#buffer = composeSplices(change.newLength, rest);
    return outgoing;
  }

  /**
   * Takes back the change in flight, which the server has certainly not applied, as it reads at this revision: it is
   * sent anew, with a new id, before what was typed after it.
   */
  recall(): void {
    const change = this.#inFlight?.change;
    if (!change) return;
    this.#buffer = this.#buffer ? change.compose(this.#buffer) : change;
    this.#inFlight = null;
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
    const base = applySplice(this.#base, logged);
    const applied =
      logged.changeId === this.#inFlight?.outgoing.changeId
        ? this.#confirm(logged, base.length)
        : this.#pass(logged);
    this.#revision = logged.revision;
    this.#base = base;
    this.#settle();
    return applied;
  }

  /** Takes the server's answer to a change. What changed comes by the log; this matters where nothing did. */
  acknowledge({ changeId, revision, count }: Acknowledgement): void {
    if (changeId !== this.#inFlight?.outgoing.changeId || count > 0) return;
    this.#inFlight = { ...this.#inFlight, doneAt: revision };
    this.#settle();
  }

  #unsaved(): readonly ChangeSet[] {
    return [this.#inFlight?.change, this.#buffer].filter((change) => change != null);
  }

  #confirm(logged: LoggedChange, length: number): null {
    const inFlight = this.#inFlight;
    const [expected, ...rest] = inFlight?.splices ?? [];
    if (!inFlight || !expected || !isSame(expected, logged)) {
      throw new ReplicaError(
        `revision ${logged.revision} is not what this replica expected of its own change`,
      );
    }
    // What was confirmed belongs to the common text now; the rest of the change stands on it.
    this.#inFlight =
      rest.length === 0 ? null : { ...inFlight, splices: rest, change: composeSplices(length, rest) };
    return null;
  }

  #pass(logged: LoggedChange): ChangeSet {
    const crossing = cross(this.#unsaved(), logged, this.#base.length);
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
