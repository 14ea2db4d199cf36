import type { Documents } from '../documents/documents.ts';
import type { DocumentKey } from '../documents/store.ts';
import type { Clock } from '../platform/clock.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Listening } from '../platform/realtime/broker.ts';
import { createEventStream } from '../platform/realtime/event-stream.ts';
import { createStateStream } from '../platform/realtime/state-stream.ts';
import type { CollaborationEvent, SessionView, Watcher } from './events.ts';
import type { Seat, Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface SessionStreamsOptions {
  readonly documents: Documents;
  readonly sessions: Sessions;
  readonly clock: Clock;
}

/** What tells a client from the user's others. */
export interface ClientName {
  readonly clientId: string | null;
  /** The socket, which tells clients apart that have no clientId; null for HTTP. */
  readonly connectionId: string | null;
}

/** The two ways to watch a session. Either joins it with the first `next()` and leaves it when it ends, however it ends. */
export function createSessionStreams({ documents, sessions, clock }: SessionStreamsOptions) {
  /** One subscription's stay in a session. Throws NOT_FOUND when the viewer may not read the document. */
  async function visit(viewer: Viewer, key: DocumentKey, { clientId, connectionId }: ClientName) {
    const gate = await documents.streams.createGate(viewer, key);
    let session: Session | undefined;
    let seat: Seat | undefined;
    /** The session's access version at which access was last checked. */
    let checked = -1;

    const check = async (now: Session): Promise<void> => {
      const version = now.accessVersion;
      await gate.admit(null);
      checked = version;
      // A removal takes the seat away; whoever was added again before this check has it back.
      seat?.stay();
    };

    return {
      /** Joins; the closer leaves. Throws RATE_LIMITED. */
      listen(watcher: Watcher): Listening {
        return sessions.into(key, (into, ready) => {
          const taken = into.enter(viewer.userId, clientId, connectionId);
          const unwatch = into.watch(watcher);
          session = into;
          seat = taken;
          return {
            ready: ready.then(() => 'live' as const),
            close() {
              unwatch();
              taken.leave();
            },
          };
        });
      },
      /** Throws when access has ended, FORBIDDEN or NOT_FOUND. */
      admit: (): void | Promise<void> =>
        session && session.accessVersion !== checked ? check(session) : undefined,
      view: (): SessionView => session?.view() ?? sessions.view(key),
      /** True for what this very client did; for what the user did when the client is not known. */
      isOwn(event: CollaborationEvent): boolean {
        if (
          event.kind !== 'cursor-moved' &&
          event.kind !== 'typing-started' &&
          event.kind !== 'typing-stopped'
        ) {
          return false;
        }
        return event.userId === viewer.userId && (clientId === null || event.client === seat?.client);
      },
    };
  }

  return {
    /** STATE: the session as it stands. */
    async updates(
      viewer: Viewer,
      key: DocumentKey,
      client: ClientName,
    ): Promise<AsyncIterableIterator<SessionView>> {
      const stay = await visit(viewer, key, client);
      return createStateStream<SessionView>({
        listen: (listener) => {
          const onState = () => listener.onEvent(undefined);
          // Only what ends the stream is worth a look at a state that is the same.
          const onAccess = () => void Promise.resolve(stay.admit()).catch(onState);
          return stay.listen({ onEvent: () => {}, onState, onAccess });
        },
        read() {
          const admitted = stay.admit();
          return admitted ? admitted.then(stay.view) : stay.view();
        },
        clock,
      });
    },

    /** The session as it stands, then what happens, without the client's own cursor and typing. */
    async events(
      viewer: Viewer,
      key: DocumentKey,
      client: ClientName,
    ): Promise<AsyncIterableIterator<CollaborationEvent>> {
      const stay = await visit(viewer, key, client);
      const stream = createEventStream<CollaborationEvent>({
        listen: (listener) =>
          stay.listen({
            onEvent(event) {
              if (!stay.isOwn(event)) listener.onEvent(event);
            },
            onState: () => {},
            onAccess: () => stream.recheck(),
          }),
        snapshot: () => ({ kind: 'snapshot', session: stay.view(), at: clock.now() }),
        admit: stay.admit,
      });
      return stream;
    },
  };
}
