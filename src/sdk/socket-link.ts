import type { GraphQLFormattedError } from 'graphql';
import { createClient } from 'graphql-ws';
import type { Clock } from './clock.ts';
import { createDeferred } from './deferred.ts';
import { ConnectionLost, OperationError } from './errors.ts';
import { ClientClosed, type Link, type StreamSink, toError } from './link.ts';
import type { Operation, Result } from './operation.ts';
import { abortable, type StopSignal } from './signals.ts';

/** Milliseconds from the first packet to the acknowledgement. */
const ACKNOWLEDGE_MS = 10_000;
/** Milliseconds of silence after which the server is asked whether it is there, and for its answer. */
const PING_MS = 12_000;
const PONG_MS = 10_000;
/** Milliseconds that a server has to answer a close frame. */
const GOODBYE_MS = 1_000;
const CONNECTING = 0;

/** What this uses of a WebSocket beyond graphql-ws. */
interface Socket {
  readonly readyState: number;
  close(code?: number, reason?: string): void;
  /** Breaks the connection; `ws` has it, browsers do it by themselves. */
  terminate?(): void;
}
type SocketClass = new (url: string, protocols?: string | string[]) => Socket;

export interface SocketLinkOptions {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  readonly token: () => Promise<string>;
  readonly clientId: string;
  readonly webSocket: SocketClass;
  readonly clock: Clock;
}

/** Whether a value may be the class of a WebSocket. */
export const isSocketClass = (value: unknown): value is SocketClass => typeof value === 'function';

/** The message that an error event of a socket has, if any. */
const messageOf = (event: unknown): string =>
  typeof event === 'object' && event !== null && 'message' in event ? String(event.message) : '';

/**
 * Opens a socket and signs in. Rejects with ConnectionLost (with the close code), with what `token` rejects with, or with
 * the signal's reason. graphql-ws speaks the protocol; it does not connect again, as it could not resume.
 */
export async function openSocketLink(
  { url, token, clientId, webSocket: SocketClass, clock }: SocketLinkOptions,
  signal: StopSignal,
): Promise<Link> {
  const connectionParams = { token: await abortable(token(), signal), clientId };

  const streams = new Set<StreamSink>();
  const lost = createDeferred<Error>();
  const closed = createDeferred<void>();
  const acknowledged = createDeferred<void>();
  let reason: Error | null = null;
  let complaint = '';
  let socket: Socket | null = null;
  let cancelTimer = (): void => {};

  const watch = (opened: Socket): void => {
    socket = opened;
  };
  class Watched extends SocketClass {
    constructor(address: string, protocols?: string | string[]) {
      super(address, protocols);
      watch(this);
    }
  }

  /** From now on nothing comes of it. */
  function lose(why: Error): void {
    if (reason) return;
    reason = why;
    cancelTimer();
    // Else it would connect again after a close with 1000. It rejects when there is no connection to close.
    Promise.resolve(client.dispose()).catch(() => {});
    for (const sink of streams) sink.end(why);
    streams.clear();
    lost.resolve(why);
  }

  /** Gives a socket up that does not answer. */
  function giveUp(why: string): void {
    lose(new ConnectionLost(1006, why));
    if (socket?.readyState !== CONNECTING && socket?.terminate) socket.terminate();
    else socket?.close();
  }

  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: Watched,
    lazy: false,
    onNonLazyError: () => {},
    retryAttempts: 0,
    keepAlive: PING_MS,
    connectionParams,
    on: {
      connected() {
        cancelTimer();
        acknowledged.resolve();
      },
      ping(received) {
        if (received) return;
        cancelTimer();
        cancelTimer = clock.after(PONG_MS, () => giveUp('The server does not answer any more.'));
      },
      pong(received) {
        if (received) cancelTimer();
      },
      error(event) {
        complaint = messageOf(event);
      },
      closed(event) {
        const { code, reason: said } = event as { code?: unknown; reason?: unknown };
        const why = typeof said === 'string' && said !== '' ? said : complaint;
        lose(new ConnectionLost(typeof code === 'number' ? code : 1006, why));
        closed.resolve();
      },
    },
  });
  cancelTimer = clock.after(ACKNOWLEDGE_MS, () => giveUp('The server did not acknowledge the socket.'));

  async function shut(): Promise<void> {
    lose(new ClientClosed());
    socket?.close(1000, 'Normal Closure');
    const cancel = clock.after(GOODBYE_MS, () => {
      socket?.terminate?.();
      closed.resolve();
    });
    await closed.promise;
    cancel();
  }
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= shut();
    return closing;
  };

  const abort = (): void => void close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([acknowledged.promise, lost.promise.then((why) => Promise.reject(why))]);
  } catch (error) {
    if (signal.aborted) await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }

  function subscribe({ query, variables }: Operation, sink: StreamSink): () => void {
    if (reason) {
      const why = reason;
      let left = false;
      queueMicrotask(() => left || sink.end(why));
      return () => {
        left = true;
      };
    }
    streams.add(sink);
    const end = (how: Error | null): void => {
      // What is lost was told so; graphql-ws calls that complete.
      if (streams.delete(sink)) sink.end(how);
    };
    const stop = client.subscribe(
      { query, variables: { ...variables } },
      {
        next: (result) => {
          if (streams.has(sink)) sink.next(result);
        },
        error: (error) =>
          end(Array.isArray(error) ? new OperationError(error as GraphQLFormattedError[]) : toError(error)),
        complete: () => end(null),
      },
    );
    return () => {
      if (streams.delete(sink)) stop();
    };
  }

  return {
    transport: 'websocket',
    lost: lost.promise,
    subscribe,
    run: (operation, withSignal) =>
      new Promise<Result>((resolve, reject) => {
        const leave = (): void => {
          stop();
          reject(toError(withSignal?.reason));
        };
        const settle = (): void => withSignal?.removeEventListener('abort', leave);
        const stop = subscribe(operation, {
          // The server ends it after the answer: leaving it as well would cost a message.
          next(result) {
            settle();
            resolve(result);
          },
          end(how) {
            settle();
            reject(how instanceof Error ? how : new ConnectionLost(1000, 'No answer came.'));
          },
        });
        withSignal?.addEventListener('abort', leave, { once: true });
      }),
    retire: () => void close(),
    close,
  };
}
