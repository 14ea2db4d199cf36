import { createClient } from 'graphql-ws';
import type { ExecutionResult, SubscriptionForwarder } from 'urql';
import { createSubject, type Observable } from '../../sdk/observable.ts';
import type { Session } from '../session/session.ts';
import { fullJitter } from './backoff.ts';
import { ENDPOINT } from './request.ts';

/** Milliseconds between two pings. */
const PING_MS = 10_000;
/** Milliseconds that a pong may take before the connection counts as lost. */
const PONG_MS = 5_000;
/** Close codes of the server: a token that is not valid, one that has expired. */
const REFUSED = [4401, 4403];

export type ConnectionState = 'connecting' | 'live' | 'lost';

/** The one socket of a page, which comes back by itself. */
export interface LiveSocket {
  readonly state: Observable<ConnectionState>;
  /** For urql's `subscriptionExchange`. */
  readonly forward: SubscriptionForwarder;
  close(): void;
}

/** The cursor of an event, for each field that is a LOG: a subscription goes on behind it after a loss. */
const CURSORS: Readonly<Record<string, string>> = { complianceAlerts: 'id', documentChanges: 'revision' };

const cursorOf = (data: unknown): unknown => {
  if (typeof data !== 'object' || data === null) return undefined;
  for (const [field, event] of Object.entries(data) as [string, Record<string, unknown>][]) {
    const cursor = CURSORS[field];
    if (cursor !== undefined) return event[cursor];
  }
  return undefined;
};

const closeCodeOf = (event: unknown): unknown =>
  typeof event === 'object' && event !== null && 'code' in event ? event.code : undefined;

/** Waits, but no longer than until the browser says that the network is back. */
const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
  });

/** Opens the socket at once, and again after each loss until it is closed. A token that has expired is waited for. */
export function createLiveSocket(session: Session): LiveSocket {
  const state = createSubject<ConnectionState>('connecting');
  let closed = false;
  let sent: string | undefined;
  let pong: ReturnType<typeof setTimeout> | undefined;

  const client = createClient({
    url: `${location.origin.replace(/^http/, 'ws')}${ENDPOINT}`,
    lazy: false,
    // What is left are codes that no other try would change (graphql-ws knows them).
    onNonLazyError: () => state.set('lost'),
    connectionParams: async () => {
      sent = await session.token();
      return { token: sent };
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: async (retries) => {
      await wait(fullJitter(retries));
      // Not for the token in connectionParams: the server does not wait long for that.
      await session.token().catch(() => {});
      if (closed) await new Promise(() => {});
    },
    keepAlive: PING_MS,
    on: {
      connecting: (again) => state.set(again ? 'lost' : 'connecting'),
      connected: () => state.set('live'),
      closed: (event) => {
        clearTimeout(pong);
        state.set('lost');
        if (REFUSED.includes(closeCodeOf(event) as number) && sent !== undefined) session.expire(sent);
      },
      ping: (received) => {
        if (!received) pong = setTimeout(() => client.terminate(), PONG_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pong);
      },
    },
  });

  const forward: SubscriptionForwarder = ({ query = '', variables }) => ({
    subscribe(observer) {
      // graphql-ws sends it again as it is then, so the cursor is moved on in it.
      const payload = { query, variables: { ...(variables as Record<string, unknown> | undefined) } };
      let over = false;
      let stop: () => void;
      const start = (): void => {
        stop = client.subscribe<ExecutionResult['data']>(payload, {
          next(result) {
            const cursor = cursorOf(result.data);
            if (cursor !== undefined) payload.variables['after'] = cursor;
            observer.next(result as ExecutionResult);
          },
          error(error) {
            // graphql-ws does not try that again, but there will be another token.
            if (closeCodeOf(error) !== REFUSED[0]) observer.error(error);
            else
              void session.token().then(
                () => {
                  if (!over) start();
                },
                () => {},
              );
          },
          complete: () => observer.complete(),
        });
      };
      start();
      return {
        unsubscribe() {
          over = true;
          stop();
        },
      };
    },
  });

  return {
    state,
    forward,
    close() {
      closed = true;
      clearTimeout(pong);
      // It rejects when there is no connection to close.
      void Promise.resolve(client.dispose()).catch(() => {});
    },
  };
}
