import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Server } from 'graphql-ws';
import type { Logger } from 'pino';
import { type RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { type ErrorCode, type ErrorDetails, QuireError } from '../errors.ts';
import type { Viewer } from '../graphql/context.ts';
import { createOutbox } from '../realtime/outbox.ts';
import { atTime } from './deadline.ts';
import { bytesOf, controlFrame, nextFrame, nextOverhead, nextPrefix, textFrame } from './frames.ts';
import type { OperationContext } from './operations.ts';
import type { Authenticate, ServerLimits } from './options.ts';
import { readMessage } from './socket-message.ts';
import { createSocketOperations } from './socket-operations.ts';
import type { Outlet } from './subscription.ts';

/** Milliseconds between two pings; a socket that has not answered one by the next is dead. */
const PING_MS = 12_000;
/** What a socket may send before it is acknowledged. */
const MAX_EARLY_MESSAGES = 10;
const MAX_EARLY_BYTES = 65_536;

/** Milliseconds after which a client may try again that has as many operations as a socket may run. */
const FULL_RETRY_MS = 1_000;

const CLIENT_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** A WebSocket that says when its close frame is about to be written. */
export class ClosingWebSocket extends WebSocket {
  onClosing: () => void = () => {};

  override close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.onClosing();
    super.close(code, reason);
  }
}

/** One socket, between `ws` and graphql-ws. */
export interface Connection {
  /** Decides on `connection_init`; closes the socket itself when it says no. */
  connect(params: Readonly<Record<string, unknown>> | undefined): Promise<boolean>;
  /** A new operation's context. */
  context(): OperationContext;
  /** Where the payloads of the subscription of this id go. */
  outlet(id: string): Outlet;
  close(code: number, reason: string): void;
  terminate(): void;
  /** Operations that come from now on are refused. */
  retire(): void;
}

export interface ConnectionOptions {
  readonly socket: ClosingWebSocket;
  /** What `socket` writes to. Messages are written to it as they are, because they are shared by many sockets. */
  readonly stream: Duplex;
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
  const { socket, stream, protocol, bearer, authenticate, limits, clock, log, onClosed } = options;
  const connectionId = randomUUID();
  const timers = new Set<() => void>();
  let viewer: Viewer | null = null;
  let clientId: string | null = null;
  let acknowledged = false;
  let retired = false;
  /** The ping that waits for its pong. */
  let awaited: string | null = null;
  let beats = 0;
  let paused = false;
  let earlyMessages = 0;
  let earlyBytes = 0;
  let handle: (text: string) => Promise<void> = async () => {};

  const isOpen = (): boolean => socket.readyState === socket.OPEN;

  const outbox = createOutbox({
    stream,
    limitBytes: limits.unsentBytes,
    stallMs: limits.stallMs,
    clock,
    onStall: () => close(1013, 'Read what was sent'),
  });
  // The close frame, of whoever closes, comes behind what waits and never into the middle of a message.
  socket.onClosing = () => outbox.finish();
  const close = (code: number, reason: string): void => socket.close(code, reason);

  /** Listens no longer to a client that does not read what it has asked for, until it does. */
  const holdBack = (): void => {
    if (paused || outbox.unsentBytes <= 2 * limits.unsentBytes) return;
    paused = true;
    socket.pause();
    outbox.whenRoom(() => {
      paused = false;
      // It could not be heard.
      awaited = null;
      socket.resume();
    });
  };

  /** Settled when there is room for more: a slow reader holds back its own operations. */
  const send = async (text: string): Promise<void> => {
    if (!isOpen()) return;
    outbox.push(textFrame(bytesOf(text)));
    holdBack();
    if (!outbox.hasRoom(1)) await new Promise<void>((resolve) => outbox.whenRoom(resolve));
  };

  const pass = async (text: string): Promise<void> => {
    try {
      await handle(text);
    } catch (error) {
      log.error({ err: error }, 'a socket failed');
      close(1011, 'Internal server error');
    }
  };

  const operations = createSocketOperations(limits.subscriptionsPerSocket, pass);

  const refuse = (id: string, code: ErrorCode, message: string, details: ErrorDetails = {}): void => {
    const extensions = { code, ...details };
    void send(JSON.stringify({ id, type: 'error', payload: [{ message, extensions }] }));
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
    if (message.type === 'subscribe' && acknowledged) subscribe(message.id, text);
    else if (message.type !== 'complete' || operations.complete(message.id)) void pass(text);
  };

  const beat = (cancel?: () => void): void => {
    if (cancel) timers.delete(cancel);
    // Who does not read what waits cannot see the ping before it: that is the outbox's to end.
    if (awaited !== null && outbox.unsentBytes === 0) return socket.terminate();
    beats += 1;
    awaited = String(beats);
    outbox.push(controlFrame('ping', awaited));
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
        lastEventId: null,
        requestId,
        log: log.child({ requestId, user: viewer?.userId }),
      };
    },
    outlet(id) {
      const prefix = nextPrefix(id);
      const overhead = nextOverhead(prefix);
      const sender = { gone: false };
      return {
        get hasRoom() {
          return outbox.hasRoom(overhead);
        },
        offer(payload) {
          if (!outbox.hasRoom(payload.length + overhead)) return false;
          outbox.push(nextFrame(prefix, payload), sender);
          return true;
        },
        whenRoom: (call) => outbox.whenRoom(call),
        force: (payload) => outbox.push(nextFrame(prefix, payload), sender),
        silence() {
          sender.gone = true;
        },
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
    outbox.push(controlFrame('pong', data.toString('latin1')));
    holdBack();
  });
  // `ws` closes it with the code that fits (1002, 1007, 1009); an error without a listener would end the process.
  socket.on('error', (error) => log.debug({ err: error }, 'a socket broke the rules of WebSocket'));
  socket.once('close', (code, reason) => {
    stopTimers();
    outbox.close();
    onClosed(connection);
    closed(code, reason.toString()).catch((error: unknown) =>
      log.error({ err: error }, 'a socket failed to close'),
    );
  });
  return connection;
};
