import type { ConnectionState, LiveSocket } from '../api/socket.ts';
import { useObservable } from '../ui/use-observable.ts';

const WORDS: Readonly<Record<ConnectionState, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Reconnecting…',
};

/** Whether news arrive. */
export function ConnectionLine({ socket }: { readonly socket: Pick<LiveSocket, 'state'> }) {
  const state = useObservable(socket.state);
  return (
    <p className={`connection ${state}`} role="status">
      <span className="connection-sign" aria-hidden="true" />
      <span className="visually-hidden">Connection: </span>
      {WORDS[state]}
    </p>
  );
}
