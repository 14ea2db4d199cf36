import { once } from 'node:events';
import { type RawData, WebSocket } from 'ws';

/** Milliseconds after which a test that waits has failed. */
const PATIENCE_MS = 10_000;

/** A message of the protocol, as it came. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export interface RawSocket {
  readonly ws: WebSocket;
  /** All that came so far. */
  readonly messages: readonly Message[];
  /** Sends text or bytes as they are, anything else as JSON. */
  send(data: string | Buffer | object): void;
  /** The next message that nobody has taken yet. Rejects when the socket closes instead. */
  next(): Promise<Message>;
  /** Sends `connection_init` and waits for the acknowledgement. */
  init(payload?: object): Promise<void>;
  /** Starts an operation. */
  subscribe(id: string, query: string, variables?: object): void;
  close(): void;
  /** How it was closed, once it is. */
  closed(): Promise<Closing>;
}

export interface RawSocketOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
}

/** Rejects when `promise` takes too long: a test then says what it waited for. */
export const soon = async <T>(promise: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Opens a WebSocket that says only what it is told to. Rejects when the upgrade is refused, with its status. */
export const openSocket = async (
  url: string,
  { protocols = ['graphql-transport-ws'], headers = {} }: RawSocketOptions = {},
): Promise<RawSocket> => {
  const ws = new WebSocket(url, protocols, { headers });
  const messages: Message[] = [];
  const waiting = new Set<() => void>();
  let taken = 0;
  let closed: Closing | undefined;
  const wake = (): void => {
    for (const check of waiting) check();
  };
  ws.on('message', (data: RawData) => {
    messages.push(JSON.parse((data as Buffer).toString()) as Message);
    wake();
  });
  const closing = new Promise<Closing>((resolve) => {
    ws.once('close', (code, reason) => {
      closed = { code, reason: reason.toString() };
      resolve(closed);
      wake();
    });
  });
  await soon(once(ws, 'open'), `an open socket at ${url}`);
  ws.on('error', () => {});

  const socket: RawSocket = {
    ws,
    messages,
    send(data) {
      ws.send(typeof data === 'string' || Buffer.isBuffer(data) ? data : JSON.stringify(data));
    },
    next() {
      const message = new Promise<Message>((resolve, reject) => {
        const check = (): void => {
          const found = messages[taken];
          if (!found && !closed) return;
          waiting.delete(check);
          if (!found) return reject(new Error(`closed with ${closed?.code} ${closed?.reason}`));
          taken += 1;
          resolve(found);
        };
        waiting.add(check);
        check();
      });
      return soon(message, 'a message');
    },
    async init(payload) {
      socket.send({ type: 'connection_init', ...(payload && { payload }) });
      const { type } = await socket.next();
      if (type !== 'connection_ack') throw new Error(`got ${type} instead of connection_ack`);
    },
    subscribe(id, query, variables) {
      socket.send({ id, type: 'subscribe', payload: { query, ...(variables && { variables }) } });
    },
    close: () => ws.close(1000),
    closed: () => soon(closing, 'a close frame'),
  };
  return socket;
};

/** The HTTP status with which an upgrade is refused. */
export const refusedUpgrade = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
  const ws = new WebSocket(url, ['graphql-transport-ws'], { headers });
  ws.on('error', () => {});
  const refused = new Promise<number>((resolve, reject) => {
    ws.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    ws.once('open', () => {
      ws.terminate();
      reject(new Error('the upgrade was accepted'));
    });
  });
  return soon(refused, 'a refused upgrade');
};

/** Polls until `isTrue`. */
export const until = async (isTrue: () => boolean, what: string): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
