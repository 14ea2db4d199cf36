import type { ChangeSet } from '@codemirror/state';
import { changeOf, type Splice } from '../../text/splice.ts';
import { systemClock } from '../clock.ts';
import { createSubject } from '../observable.ts';
import { lackOfRoom, problemOf } from './check-edit.ts';
import { createRemoteCursors } from './cursors.ts';
import { createDraftKeeper, lostKey } from './drafts.ts';
import { ChangeRefused, createDriver } from './driver.ts';
import { asError, EditError } from './errors.ts';
import { createEmitter } from './events.ts';
import type { TextLink } from './link.ts';
import { openReplica } from './open.ts';
import { createOwnPresence } from './own-presence.ts';
import { ReplicaError } from './replica.ts';
import type {
  SharedText,
  SharedTextEvents,
  SharedTextOptions,
  SharedTextStatus,
  TextChanged,
} from './types.ts';
import { createUndoHistory, MAX_UNDO_STEPS, type UndoSide } from './undo.ts';
import { createWaiting } from './waiting.ts';

export type * from './types.ts';

/** 128 random bits. (`crypto.randomUUID` is not there on pages without TLS.) */
const randomId = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
};

/** Opens a text. Rejects with what the link does when it cannot be read; with a draft of it, it is given as ended. */
export async function createSharedText(link: TextLink, options: SharedTextOptions = {}): Promise<SharedText> {
  const { clock = systemClock, drafts, presence = true, maxUndo = MAX_UNDO_STEPS } = options;
  const { newChangeId = randomId, onError = (error) => console.error(error) } = options;
  const opened = await openReplica(link, newChangeId, drafts);
  const { replica, userId } = opened;

  const stopping = new AbortController();
  const waiting = createWaiting();
  const events = createEmitter<SharedTextEvents>(onError);
  const status = createSubject<SharedTextStatus>('saved');
  const history = createUndoHistory(() => clock.now(), Math.min(maxUndo, MAX_UNDO_STEPS));
  const isOffline = (): boolean => !['connected', 'connecting'].includes(link.connection.current.state);
  const cursors = createRemoteCursors({
    ownId: userId,
    locate: (position, assoc) => replica.locate(position, assoc),
    later: (tell) => events.later(tell),
  });
  const own = createOwnPresence({
    link,
    clock,
    onError,
    isConnected: () => joined && link.connection.current.state === 'connected',
    doc: () => replica.doc,
  });
  let ended = opened.ended;
  /** One is in the session; before that, what one says of oneself would be said by nobody who is there. */
  let joined = false;
  let { lostDraft } = opened;
  let refused: string | null = null;
  /** Set by an offline period, until `conflict-free`. */
  let wasOffline = false;
  /** What there is of the log after an offline period; null while it is not known. */
  let head: number | null = null;

  const keeper =
    drafts &&
    createDraftKeeper({
      store: drafts,
      documentId: link.documentId,
      clock,
      stored: opened.stored,
      isUnsaved: () => !replica.saved,
      read: () => ({ ...replica.state, documentId: link.documentId, refused, savedAt: clock.now() }),
      onError,
    });

  const isSaved = (): boolean => replica.saved && !driver.unanswered;

  function show(next: SharedTextStatus): void {
    const before = status.current;
    if (next === before) return;
    try {
      status.set(next);
    } catch (error) {
      onError(error);
    }
    if (next === 'saved') events.emit('saved', replica.revision);
  }

  /** To be called after everything that changes the replica or the connection. */
  function progressed(): void {
    waiting.look();
    if (ended) return show('ended');
    if (isOffline()) return show('offline');
    show(isSaved() ? 'saved' : 'saving');
    if (head === null || replica.revision < head || !isSaved()) return;
    head = null;
    wasOffline = false;
    events.emit('conflict-free', replica.revision);
  }

  /** Puts a change of the text out to all that goes along with it. */
  function tell(change: ChangeSet, origin: TextChanged['origin'], by: string): void {
    events.together(() => {
      if (origin === 'remote') history.pass(change);
      own.pass(change, origin === 'remote' ? -1 : 1);
      events.emit('changed', { change, origin, by });
      cursors.pass(change, by);
    });
  }

  function applyOwn(change: ChangeSet, origin: 'local' | UndoSide): void {
    replica.apply(change);
    tell(change, origin, userId);
    if (presence) own.edited();
    keeper?.changed();
    progressed();
  }

  const endedError = (): EditError =>
    new EditError('ENDED', `This text is not followed any more: ${ended?.message}`, { cause: ended });

  function findProblem(change: ChangeSet): EditError | null {
    if (ended) return endedError();
    return problemOf(replica.doc, change) ?? lackOfRoom(replica.waitingChars, change);
  }

  function change(edit: ChangeSet): void {
    const problem = findProblem(edit);
    if (problem) throw problem;
    if (edit.empty) return;
    history.record(edit.invert(replica.doc));
    applyOwn(edit, 'local');
  }

  function edit(splice: Splice): void {
    const { position, length } = splice;
    if (!(position >= 0 && length >= 0 && position + length <= replica.doc.length)) {
      throw new EditError(
        'BAD_EDIT',
        `An edit from ${position} to ${position + length} lies outside of a text of ${replica.doc.length} units.`,
      );
    }
    change(changeOf(replica.doc.length, splice));
  }

  function travel(side: UndoSide): boolean {
    if (ended) return false;
    // Never refused: what it brings back is bounded by what the history holds.
    const way = history.take(side, (step) => step.invert(replica.doc));
    if (way) applyOwn(way, side);
    return way !== null;
  }

  function end(error: Error): void {
    if (ended) return;
    if (error instanceof ChangeRefused) refused = error.cause.code;
    // What does not fit the log now would not fit it the next time.
    if (error instanceof ReplicaError || error instanceof RangeError) refused = 'DIVERGED';
    ended = error instanceof ChangeRefused ? error.cause : error;
    stopping.abort();
    own.close();
    cursors.clear();
    waiting.close(ended);
    void keeper?.flush();
    progressed();
  }

  /** Finds out what is missing after an offline period. */
  async function lookForHead(): Promise<void> {
    const found = await link.head(replica.revision);
    if (isOffline()) return;
    head = found;
    progressed();
  }

  function onConnection(): void {
    if (ended) return;
    if (isOffline()) {
      head = null;
      if (!wasOffline) void keeper?.flush();
      wasOffline = true;
      joined = false;
      cursors.clear();
    } else if (wasOffline && link.connection.current.state === 'connected') {
      // What it fails with ends the log, too, and is told there.
      lookForHead().catch(() => {});
    }
    progressed();
  }

  async function followSession(): Promise<void> {
    for await (const session of link.session(stopping.signal)) {
      if (stopping.signal.aborted) return;
      if (isOffline()) continue;
      cursors.take(session);
      if (joined) continue;
      joined = true;
      own.joined();
    }
  }

  const driver = createDriver({
    link,
    replica,
    clock,
    signal: stopping.signal,
    waiting,
    beforeSend: async () => keeper?.beforeSend(),
    progressed() {
      keeper?.changed();
      progressed();
    },
    onReceived: (logged, passed) => passed && tell(passed, 'remote', logged.userId),
  });

  const unsubscribe = link.connection.subscribe(onConnection);
  let running: Promise<unknown> = Promise.resolve();
  if (ended) {
    waiting.close(ended);
    show('ended');
  } else {
    const text = driver.run().catch((error: unknown) => end(asError(error)));
    const people = presence ? followSession().catch((error: unknown) => !ended && onError(error)) : null;
    running = Promise.all([text, people]);
    progressed();
  }

  return {
    get text() {
      return replica.text;
    },
    get doc() {
      return replica.doc;
    },
    get length() {
      return replica.doc.length;
    },
    get revision() {
      return replica.revision;
    },
    status,
    get ended() {
      return ended;
    },
    get lostDraft() {
      return lostDraft;
    },
    cursors: cursors.cursors,
    get canUndo() {
      return history.canUndo;
    },
    get canRedo() {
      return history.canRedo;
    },
    edit,
    change,
    problemOf: findProblem,
    undo: () => travel('undo'),
    redo: () => travel('redo'),
    moveCursor: (position, selectionEnd = null) => own.moveCursor(position, selectionEnd),
    setStatus(to) {
      if (joined && !ended) link.setStatus(to).catch(onError);
    },
    on: (event, listener) => events.on(event, listener),
    saved: () => waiting.until(isSaved),
    reached: (revision) => waiting.until(() => replica.revision >= revision),
    async discardLostDraft() {
      lostDraft = null;
      await drafts?.remove(lostKey(link.documentId));
    },
    async close() {
      end(new Error('closed'));
      unsubscribe();
      await keeper?.close();
      await running;
    },
  };
}
