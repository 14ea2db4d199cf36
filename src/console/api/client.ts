import { Client, cacheExchange, fetchExchange, subscriptionExchange } from 'urql';
import type { Credentials } from '../session/session.ts';
import { ENDPOINT } from './request.ts';
import { createLiveSocket, type LiveSocket } from './socket.ts';

/** A user's way to the server. */
export interface Api {
  readonly client: Client;
  readonly socket: Pick<LiveSocket, 'state'>;
  close(): void;
}

/** Requests with the user's token. One that the server refuses is sent again when there is another. */
const signedFetch =
  (credentials: Credentials): typeof fetch =>
  async (input, init) => {
    for (;;) {
      const token = await credentials.token();
      const headers = new Headers(init?.headers);
      headers.set('Authorization', `Bearer ${token}`);
      const response = await fetch(input, { ...init, headers });
      if (response.status !== 401) return response;
      credentials.expire(token);
    }
  };

/** Connects at once. */
export function createApi(credentials: Credentials): Api {
  const socket = createLiveSocket(credentials);
  const client = new Client({
    url: ENDPOINT,
    preferGetMethod: false,
    fetch: signedFetch(credentials),
    exchanges: [cacheExchange, subscriptionExchange({ forwardSubscription: socket.forward }), fetchExchange],
  });
  return { client, socket, close: () => socket.close() };
}
