import { randomUUID } from 'node:crypto';
import type { Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { type ErrorCode, type ErrorDetails, QuireError } from '../errors.ts';
import type { Viewer } from '../graphql/context.ts';
import { atTime } from './deadline.ts';
import type { OperationContext } from './operations.ts';
import type { Authenticate, ServerLimits } from './options.ts';
import { readMessage } from './socket-message.ts';
import { createSocketOperations } from './socket-operations.ts';

/** Milliseconds between two pings; a socket that has not answered one by the next is dead. */
const PING_MS = 12_000;
/** What a socket may send before it is acknowledged. */
const MAX_EARLY_MESSAGES = 10;
const MAX_EARLY_BYTES = 65_536;
/** Bytes of answers to pings, and of refusals, that may wait to be sent: who does not read them goes on asking in vain. */
const MAX_UNSENT_REPLY_BYTES = 262_144;

/** Milliseconds after which a client may try again that has as many operations as a socket may run. */
const FULL_RETRY_MS = 1_000;

const CLIENT_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** One socket, between `ws` and graphql-ws. */
export interface Connection {
  /** Decides on `connection_init`; closes the socket itself when it says no. */
  connect(params: Readonly<Record<string, unknown>> | undefined): Promise<boolean>;
  /** A new operation's context. */
  context(): OperationContext;
  close(code: number, reason: string): void;
  terminate(): void;
  /** Operations that come from now on are refused. */
  retire(): void;
}

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly protocol: Server<Connection>;
  /** From the header of the upgrade; null when it had none. */
  readonly bearer: string | null;
  readonly authenticate: Authenticate;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once, when the socket is closed. */
  readonly onClosed: (connection: Connection) => void;
}

const closeFor = (error: unknown): { code: number; reason: string } => {
  if (!(error instanceof QuireError)) return { code: 1011, reason: 'Internal server error' };
  if (error.code === 'UNAVAILABLE') return { code: 1013, reason: 'Try again later' };
  const isExpired = 'reason' in error && error.reason === 'expired';
  return isExpired ? { code: 4403, reason: 'Token expired' } : { code: 4401, reason: 'Unauthorized' };
};

/** Takes over an open socket: lets graphql-ws speak the protocol, within the limits. */
export const openConnection = (options: ConnectionOptions): Connection => {
  const { socket, protocol, bearer, authenticate, limits, clock, log, onClosed } = options;
  const connectionId = randomUUID();
  const timers = new Set<() => void>();
  let viewer: Viewer | null = null;
  let clientId: string | null = null;
  let acknowledged = false;
  let retired = false;
  /** The ping that waits for its pong. */
  let awaited: string | null = null;
  let beats = 0;
  let unsentReplyBytes = 0;
  let earlyMessages = 0;
  let earlyBytes = 0;
  let handle: (text: string) => Promise<void> = async () => {};

  const isOpen = (): boolean => socket.readyState === socket.OPEN;
  const close = (code: number, reason: string): void => socket.close(code, reason);

  const send = (data: string): Promise<void> =>
    new Promise((resolve) => {
      if (!isOpen()) return resolve();
      // Settled when it is on its way: a slow reader holds back its own streams. What fails is followed by `close`.
      socket.send(data, () => resolve());
    });

  const pass = async (text: string): Promise<void> => {
    try {
      await handle(text);
    } catch (error) {
      log.error({ err: error }, 'a socket failed');
      close(1011, 'Internal server error');
    }
  };

  const operations = createSocketOperations(limits.subscriptionsPerSocket, pass);

  /** Sends what nothing else bounds, and gives up on a client that does not read it. */
  const reply = async (bytes: number, sent: Promise<unknown>): Promise<void> => {
    unsentReplyBytes += bytes;
    if (unsentReplyBytes > MAX_UNSENT_REPLY_BYTES) {
      close(1013, 'Read what was sent before you ask again');
      socket.terminate();
    }
    await sent;
    unsentReplyBytes -= bytes;
  };

  const refuse = (id: string, code: ErrorCode, message: string, details: ErrorDetails = {}): void => {
    const extensions = { code, ...details };
    const text = JSON.stringify({ id, type: 'error', payload: [{ message, extensions }] });
    void reply(Buffer.byteLength(text), send(text));
  };

  const subscribe = (id: string, text: string): void => {
    if (retired) return refuse(id, 'UNAVAILABLE', 'Going away: connect again.');
    const outcome = operations.begin(id, text);
    if (outcome === 'taken') close(4409, 'Subscriber already exists');
    if (outcome === 'full')
      refuse(
        id,
        'RATE_LIMITED',
        `A socket runs at most ${limits.subscriptionsPerSocket} operations at a time.`,
        { retryAfterMs: FULL_RETRY_MS },
      );
  };

  /** Before it is known who this is, little is listened to. */
  const isTooMuch = (bytes: number): boolean => {
    if (acknowledged) return false;
    earlyMessages += 1;
    earlyBytes += bytes;
    if (earlyBytes > MAX_EARLY_BYTES) close(1009, 'Too much before the acknowledgement');
    else if (earlyMessages > MAX_EARLY_MESSAGES) close(4400, 'Too many messages before the acknowledgement');
    return !isOpen();
  };

  const onMessage = (data: RawData, isBinary: boolean): void => {
    // After our close frame the client may go on sending for a while.
    if (!isOpen() || isTooMuch((data as Buffer).length)) return;
    // `ws` hands over one Buffer a message, because its binaryType is the default.
    const text = (data as Buffer).toString();
    const message = isBinary ? null : readMessage(text);
    if (!message) return close(4400, 'Invalid message received');
    if (message.type === 'ping') void reply(text.length, pass(text));
    else if (message.type === 'subscribe' && acknowledged) subscribe(message.id, text);
    else if (message.type !== 'complete' || operations.complete(message.id)) void pass(text);
  };

  const beat = (cancel?: () => void): void => {
    if (cancel) timers.delete(cancel);
    if (awaited !== null) return socket.terminate();
    beats += 1;
    awaited = String(beats);
    socket.ping(awaited);
    const next = clock.after(PING_MS, () => beat(next));
    timers.add(next);
  };

  const stopTimers = (): void => {
    for (const cancel of timers) cancel();
    timers.clear();
  };

  const connection: Connection = {
    async connect(params) {
      const { token = bearer, clientId: givenId } = params ?? {};
      if (givenId != null && !(typeof givenId === 'string' && CLIENT_ID.test(givenId))) {
        close(4400, 'clientId must be 1 to 64 letters, digits or any of . _ : -');
        return false;
      }
      if (typeof token !== 'string' || token === '') {
        close(4401, 'Unauthorized');
        return false;
      }
      try {
        viewer = await authenticate(token);
      } catch (error) {
        const { code, reason } = closeFor(error);
        if (code === 1011) log.error({ err: error }, 'a token could not be checked');
        close(code, reason);
        return false;
      }
      // It may have closed, or run out of time, while the token was checked.
      if (!isOpen()) return false;
      clientId = givenId ?? null;
      acknowledged = true;
      stopTimers();
      timers.add(atTime(clock, viewer.tokenExpiresAt, () => close(4403, 'Token expired')));
      beat();
      return true;
    },
    context() {
      const requestId = randomUUID();
      return {
        viewer,
        clientId,
        connectionId,
        requestId,
        log: log.child({ requestId, user: viewer?.userId }),
      };
    },
    close,
    terminate: () => socket.terminate(),
    retire() {
      retired = true;
    },
  };

  timers.add(clock.after(limits.initMs, () => close(4408, 'Connection initialisation timeout')));
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send,
      close: (code = 1000, reason = '') => close(code, reason),
      onMessage(callback) {
        handle = callback;
      },
    },
    connection,
  );
  socket.on('message', onMessage);
  socket.on('pong', (data) => {
    if (data.toString() === awaited) awaited = null;
  });
  socket.on('ping', (data) => {
    const sent = new Promise<void>((resolve) => socket.pong(data, false, () => resolve()));
    void reply(data.length, sent);
  });
  // `ws` closes it with the code that fits (1002, 1007, 1009); an error without a listener would end the process.
  socket.on('error', (error) => log.debug({ err: error }, 'a socket broke the rules of WebSocket'));
  socket.once('close', (code, reason) => {
    stopTimers();
    onClosed(connection);
    closed(code, reason.toString()).catch((error: unknown) =>
      log.error({ err: error }, 'a socket failed to close'),
    );
  });
  return connection;
};
