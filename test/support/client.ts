import { WebSocket } from 'ws';
import { createSocketClient, type SocketClient } from './socket-client.ts';
import { type TokenOptions, tokenFor } from './tokens.ts';

export { ConnectionLost, OperationError } from '../../src/sdk/errors.ts';

export interface ClientOptions extends TokenOptions {
  /** Of the server, as `TestServer.url` has it. */
  readonly url: string;
  readonly userId: string;
  readonly clientId?: string;
}

/** The SDK's client for a user, whose connection a test can break. */
export interface TestClient extends SocketClient {
  readonly userId: string;
  /** Breaks the connection, as a network would: no close frame, and what is on its way is lost. */
  drop(): void;
}

export function createClient({ url, userId, clientId, ...claims }: ClientOptions): TestClient {
  const open = new Set<WebSocket>();
  class Droppable extends WebSocket {
    constructor(address: string, protocols?: string | string[]) {
      super(address, protocols);
      open.add(this);
      this.once('close', () => open.delete(this));
    }
  }
  const client = createSocketClient({
    url,
    token: () => tokenFor(userId, claims),
    webSocket: Droppable,
    ...(clientId !== undefined && { clientId }),
  });
  return { ...client, userId, drop: () => open.forEach((socket) => socket.terminate()) };
}
