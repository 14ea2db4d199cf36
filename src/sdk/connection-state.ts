import type { TransportName } from './link.ts';
import { createSubject, type Observable } from './observable.ts';

/** How things stand between client and server. */
export interface ConnectionState {
  /**
   * `connecting`: not yet connected, because nothing was asked for, or because it takes its time. `connected`: also while
   * nothing is asked for and the socket is closed for that reason. `offline`: the network is gone, or three attempts in a
   * row have failed; it is tried again all the same. `closed` is for good.
   */
  readonly state: 'connecting' | 'connected' | 'reconnecting' | 'offline' | 'closed';
  readonly transport: TransportName | null;
  /** What was wrong last; null while all is well. */
  readonly reason: Error | null;
}

/** The state with the way to tell it; what is as it was is not told again. */
export interface ConnectionTeller extends Observable<ConnectionState> {
  tell(state: ConnectionState['state'], transport: TransportName | null, reason: Error | null): void;
}

/** Begins as `connecting`. */
export function createConnectionState(): ConnectionTeller {
  const subject = createSubject<ConnectionState>({ state: 'connecting', transport: null, reason: null });
  return {
    get current() {
      return subject.current;
    },
    subscribe: (listener) => subject.subscribe(listener),
    tell(state, transport, reason) {
      const now = subject.current;
      if (now.state === state && now.transport === transport && now.reason === reason) return;
      try {
        subject.set({ state, transport, reason });
      } catch (error) {
        // Of whoever listens: not to be lost, and not to be taken for a failure of the connection.
        queueMicrotask(() => {
          throw error;
        });
      }
    },
  };
}
