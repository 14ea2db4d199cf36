import { type Client, createClient } from 'graphql-ws';
import type { ExecutionResult, SubscriptionForwarder } from 'urql';
import { createSubject, type Observable } from '../../sdk/observable.ts';
import type { Credentials } from '../session/session.ts';
import { fullJitter } from './backoff.ts';
import { ENDPOINT } from './request.ts';

/** Milliseconds between two pings. */
const PING_MS = 10_000;
/** Milliseconds that a pong may take before the connection counts as lost. */
const PONG_MS = 5_000;
/** A new socket after a refusal waits as long as after so many tries in vain. */
const RETRIES_BEFORE_REOPENING = 2;
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

const never = (): Promise<never> => new Promise(() => {});

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
export function createLiveSocket(credentials: Credentials): LiveSocket {
  const state = createSubject<ConnectionState>('connecting');
  let closed = false;
  let sent: string | undefined;
  let pong: ReturnType<typeof setTimeout> | undefined;

  const open = (): Client =>
    createClient({
      url: `${location.origin.replace(/^http/, 'ws')}${ENDPOINT}`,
      lazy: false,
      onNonLazyError: () => void reopen(),
      connectionParams: async () => {
        sent = await credentials.token();
        return { token: sent };
      },
      retryAttempts: Number.POSITIVE_INFINITY,
      shouldRetry: () => true,
      retryWait: async (retries) => {
        await wait(fullJitter(retries));
        // Not for the token in connectionParams: the server does not wait long for that.
        // Without another one, this is closed in a moment.
        await credentials.token().catch(never);
        if (closed) await never();
      },
      keepAlive: PING_MS,
      on: {
        connecting: (again) => state.set(again ? 'lost' : 'connecting'),
        connected: () => state.set('live'),
        closed: (event) => {
          clearTimeout(pong);
          state.set('lost');
          if (REFUSED.includes(closeCodeOf(event) as number) && sent !== undefined) credentials.expire(sent);
        },
        ping: (received) => {
          if (!received) pong = setTimeout(() => client.terminate(), PONG_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(pong);
        },
      },
    });
  let client = open();

  let reopening: Promise<void> | undefined;
  /** Begins anew where graphql-ws gives up: after a code that it takes for final, like that of a token that is not valid. */
  const reopen = (): Promise<void> => {
    reopening ??= (async () => {
      state.set('lost');
      await wait(fullJitter(RETRIES_BEFORE_REOPENING));
      await credentials.token().catch(never);
      reopening = undefined;
      if (closed) return;
      client = open();
    })();
    return reopening;
  };

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
            // The server's errors are a list; anything else is the end of the connection.
            if (Array.isArray(error)) observer.error(error);
            else
              void reopen().then(() => {
                if (!over && !closed) start();
              });
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
