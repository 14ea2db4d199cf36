import { type Client, createClient, TerminatedCloseEvent } from 'graphql-ws';

/** Milliseconds that an attempt to connect again waits at most, however many have failed. */
const MAX_RETRY_MS = 30_000;
/** Milliseconds that the server has to acknowledge a connection. */
const ACK_MS = 10_000;
/** Milliseconds that a socket without operations stays open. */
const IDLE_MS = 1_000;

export interface SocketOptions {
  /** Like `ws://localhost:4000/graphql`. */
  readonly url: string;
  /**
   * Asked for at each connection, since the last one may have expired. What it rejects with ends the operations that
   * wait for a connection: what may pass is to be tried again inside of it.
   */
  readonly token: () => Promise<string>;
  /** Milliseconds that the first attempt to connect again waits at most, each further one twice as long; default: 500. */
  readonly retryMs?: number;
  /**
   * Milliseconds between two pings, and that the server has to answer one: a network may go without a word. Default:
   * 10,000.
   */
  readonly pingMs?: number;
}

/** The socket was closed with a code that would come again: `code` 4401, for one, says that there is no valid token. */
export class SocketClosed extends Error {
  override readonly name = 'SocketClosed';
  readonly code: number;

  constructor(code: number, reason: string) {
    super(`The socket was closed with ${code}${reason === '' ? '.' : `: ${reason}.`}`);
    this.code = code;
  }
}

/** Makes an Error of a close event; what is an error, or the server's list of errors, stays as it is. */
function errorOf(problem: unknown): unknown {
  const isClose = typeof problem === 'object' && problem !== null && 'code' in problem && 'reason' in problem;
  if (!isClose || problem instanceof Error) return problem;
  return new SocketClosed(Number(problem.code), String(problem.reason));
}

/**
 * A socket that connects by need, and for ever again after it was lost. What ran on it is then sent once more, queries and
 * changes too: give each change a `changeId`.
 */
export function createSocket({ url, token, retryMs = 500, pingMs = 10_000 }: SocketOptions): Client {
  let unanswered: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url,
    connectionParams: async () => ({ token: await token() }),
    connectionAckWaitTimeout: ACK_MS,
    lazyCloseTimeout: IDLE_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    // What `token` rejects with is final. At codes that would come again, like 4401, graphql-ws gives up by itself; after
    // 4403 (the token has expired) it does not, and `token` is asked anew.
    shouldRetry: (problem) => !(problem instanceof Error) || problem instanceof TerminatedCloseEvent,
    // Full jitter: when a server has stopped, its clients do not all come back at once.
    retryWait: (retries) =>
      new Promise((resolve) => {
        setTimeout(resolve, Math.random() * Math.min(MAX_RETRY_MS, retryMs * 2 ** retries));
      }),
    keepAlive: pingMs,
    on: {
      ping: (received) => {
        if (!received) unanswered = setTimeout(() => client.terminate(), pingMs);
      },
      pong: (received) => {
        if (received) clearTimeout(unanswered);
      },
      closed: () => clearTimeout(unanswered),
    },
  });
  return {
    ...client,
    subscribe: (payload, sink) =>
      client.subscribe(payload, {
        next: (result: Parameters<typeof sink.next>[0]) => sink.next(result),
        error: (problem) => sink.error(errorOf(problem)),
        complete: () => sink.complete(),
      }),
  };
}
