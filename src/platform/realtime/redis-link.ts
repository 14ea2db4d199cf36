import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';

/** How often a connection is asked whether it still answers; one that did not by the next time is given up. */
export const PING_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;
const MAX_RECONNECT_DELAY_MS = 2000;
/** How long a connection may take to say goodbye before it is destroyed. */
const GOODBYE_MS = 500;

export interface RedisLinkOptions {
  readonly url: string;
  /** What the connection is for, in the log. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly log: Logger;
  onUp?(): void;
  onDown?(): void;
  /** Called whenever the connection has proved to be alive, every PING_MS. */
  onBeat?(): void;
}

/** A connection to Redis that comes back by itself and knows whether it is there. */
export interface RedisLink {
  readonly client: Redis;
  /** False from the moment when the connection is known to be lost. Send nothing then. */
  readonly up: boolean;
  /** Resolves with the first attempt to connect, whether it succeeded or not. */
  readonly attempted: Promise<void>;
  /** Sends what is written and closes. Idempotent. */
  close(): Promise<void>;
}

/** Opens a connection that reconnects for ever. No command is queued while it is down, none is sent again. */
export const createRedisLink = (options: RedisLinkOptions): RedisLink => {
  const { url, purpose, clock, log } = options;
  let up = false;
  let answered = false;
  let closed = false;
  let complained = false;
  let lastError: unknown;
  let stopBeat = (): void => {};

  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: GOODBYE_MS,
    // It is sent at a moment of its own, which the ready check of a short-lived connection does not expect.
    disableClientInfo: true,
    // Nothing may wait for a Redis that is away: what fails is counted, and the streams read their source instead.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // ioredis makes subscriptions anew without a sign of whether it worked; the broker does it and waits for the reply.
    autoResubscribe: false,
    retryStrategy: (attempt) => Math.min(attempt * 50, MAX_RECONNECT_DELAY_MS),
  });

  const goneDown = (): void => {
    if (!complained) {
      complained = true;
      log.warn({ purpose, err: lastError }, 'Redis is away');
    }
    if (!up) return;
    up = false;
    options.onDown?.();
  };

  // A half-open connection says nothing, so it is asked. It starts at `connect`: a Redis that accepts the connection
  // and answers no ready check is as lost as one that falls silent later.
  const beat = (): void => {
    stopBeat();
    stopBeat = clock.after(PING_MS, () => {
      if (!answered) {
        lastError = new Error(`No answer within ${PING_MS} ms`);
        goneDown();
        client.disconnect(true);
        return;
      }
      answered = false;
      client.ping().then(
        () => {
          answered = true;
          if (up) options.onBeat?.();
        },
        () => {},
      );
      beat();
    });
  };

  client.on('error', (error) => {
    lastError = error;
  });
  client.on('connect', () => {
    if (closed) return;
    answered = false;
    beat();
  });
  client.on('ready', () => {
    if (closed) return;
    answered = true;
    up = true;
    complained = false;
    log.info({ purpose }, 'Redis is there');
    options.onUp?.();
  });
  client.on('close', () => {
    stopBeat();
    if (!closed) goneDown();
  });

  const attempted = client.connect().catch(() => {});

  const disconnect = async (): Promise<void> => {
    closed = true;
    up = false;
    stopBeat();
    // Between two attempts there is no connection whose end could be waited for.
    const idle = client.status === 'reconnecting' || client.status === 'close' || client.status === 'end';
    const ended = idle ? Promise.resolve() : new Promise<void>((resolve) => client.once('end', resolve));
    client.disconnect();
    await ended;
  };
  let closing: Promise<void> | undefined;

  return {
    client,
    get up() {
      return up;
    },
    attempted,
    close: () => (closing ??= disconnect()),
  };
};
