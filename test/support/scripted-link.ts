import { OperationError } from '../../src/sdk/errors.ts';
import type {
  ChangeFieldsFragment,
  CursorPositionInput,
  PresenceStatus,
  SessionFieldsFragment,
} from '../../src/sdk/generated.ts';
import { createSubject } from '../../src/sdk/observable.ts';
import type { Answer, TextLink } from '../../src/sdk/text/link.ts';
import type { OutgoingChange } from '../../src/sdk/text/outgoing.ts';
import type { Splice } from '../../src/text/splice.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createLog } from './log.ts';

type State = TextLink['connection']['current']['state'];
type Participant = SessionFieldsFragment['participants'][number];

export const refused = (code: string): OperationError =>
  new OperationError([{ message: code, extensions: { code } }]);

/** The server's pure part behind a link whose connection, failures and people are in the hands of the test. */
export function scriptedLink(text = '', { userId = 'ada' } = {}) {
  const server = createLog(text);
  const logged: ChangeFieldsFragment[] = [];
  const known = new Map<string, Answer>();
  const connection = createSubject<{ readonly state: State }>({ state: 'connected' });
  const sent: OutgoingChange[] = [];
  /** What the next sendings fail with, in order; null: they do not. */
  const failures: (Error | null)[] = [];
  const cursors: CursorPositionInput[] = [];
  const typing: boolean[] = [];
  const statuses: PresenceStatus[] = [];
  const readers = new Map<Inbox<ChangeFieldsFragment>, number>();
  const sessions = new Set<Inbox<SessionFieldsFragment>>();
  let present: SessionFieldsFragment = {
    documentId: 'notes',
    activeUsers: [],
    startedAt: null,
    participants: [],
  };
  let held = false;
  let gone: Error | undefined;

  /** Gives each reader what it has not read yet, unless the log is held back. */
  function deliver(): void {
    if (held) return;
    for (const [reader, after] of readers) {
      for (const change of logged.slice(after)) reader.push(change);
      readers.set(reader, logged.length);
    }
  }

  function commit(change: OutgoingChange, by: string): Answer {
    const earlier = known.get(change.changeId);
    if (earlier) return { ...earlier, replayed: true };
    const before = server.log.length;
    const { revision, count } = server.commit(change);
    const changes = server.log
      .slice(before)
      .map((one) => ({ ...one, userId: by, clientId: null, timestamp: '' }));
    logged.push(...changes);
    const answer = { changeId: change.changeId, revision, count, changes, replayed: false };
    known.set(change.changeId, answer);
    deliver();
    return answer;
  }

  function follow<T>(inbox: Inbox<T>, signal: AbortSignal): Inbox<T> {
    signal.addEventListener('abort', () => void inbox.return?.());
    return inbox;
  }

  const link: TextLink = {
    documentId: 'notes',
    connection,
    async open() {
      if (gone) throw gone;
      return { text: server.text(), revision: logged.length, userId };
    },
    head: async () => logged.length,
    async textAt(revision) {
      const past = createLog(text);
      for (const change of logged.slice(0, revision)) {
        past.commit({ changeId: change.changeId, baseRevision: change.revision - 1, splices: [change] });
      }
      return past.text();
    },
    changes(after, signal) {
      const reader = createInbox<ChangeFieldsFragment>(() => readers.delete(reader));
      readers.set(reader, after);
      deliver();
      return follow(reader, signal);
    },
    async send(change, signal) {
      sent.push(change);
      const failure = failures.shift();
      if (failure) throw failure;
      if (connection.current.state !== 'connected') {
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      }
      return commit(change, userId);
    },
    session(signal) {
      const reader = createInbox<SessionFieldsFragment>(() => sessions.delete(reader));
      sessions.add(reader);
      reader.push(present);
      return follow(reader, signal);
    },
    moveCursor: async (position) => void cursors.push(position),
    setTyping: async (is) => void typing.push(is),
    setStatus: async (status) => void statuses.push(status),
  };

  let others = 0;
  return {
    link,
    sent,
    failures,
    cursors,
    typing,
    statuses,
    text: () => server.text(),
    revision: () => logged.length,
    /** Commits a change that was sent, as if its answer had been lost. */
    commitLost: (change: OutgoingChange) => void commit(change, userId),
    /** Somebody else's change of the newest text. */
    remote(splice: Splice, by = 'linus'): void {
      others += 1;
      commit({ changeId: `${by}-${others}`, baseRevision: logged.length, splices: [splice] }, by);
    },
    /** Holds the log back, or lets it go. */
    hold(is: boolean): void {
      held = is;
      deliver();
    },
    become(state: State): void {
      connection.set({ state });
      if (state === 'connected') for (const reader of sessions) reader.push(present);
    },
    /** The document is there no more. */
    vanish(error: Error): void {
      gone = error;
      for (const reader of readers.keys()) reader.fail(error);
    },
    /** Tells who is here. */
    people(participants: readonly (Pick<Participant, 'user'> & Partial<Participant>)[]): void {
      const full = participants.map((one) => ({
        status: 'ONLINE' as const,
        typing: false,
        joinedAt: '',
        lastSeenAt: '',
        clientCount: 1,
        cursor: null,
        ...one,
      }));
      present = { ...present, participants: full };
      for (const reader of sessions) reader.push(present);
    },
  };
}

/** A cursor as the server tells it. */
export const cursorAt = (position: number, selectionEnd: number | null = null) => ({
  line: 1,
  column: position,
  position,
  selection: '',
  selectionEnd,
});
