import type { Duplex } from 'node:stream';
import type { Server } from 'graphql-ws';
import type { Logger } from 'pino';
import { type RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { type ErrorCode, type ErrorDetails, QuireError } from '../errors.ts';
import type { Viewer } from '../graphql/context.ts';
import { createOutbox, type Outbox } from '../realtime/outbox.ts';
import { newSerial } from '../serial.ts';
import type { ClosingWebSocket } from './closing-web-socket.ts';
import { bytesOf, controlFrame, textFrame } from './frames.ts';
import type { OperationContext } from './operations.ts';
import type { Authenticate, ServerLimits } from './options.ts';
import { readMessage } from './socket-message.ts';
import { createSocketOperations, type SocketOperations } from './socket-operations.ts';
import { SocketOutlet } from './socket-outlet.ts';
import type { Outlet } from './subscription.ts';

/** Milliseconds between two pings; a socket that has not answered one by the next is dead. */
const PING_MS = 12_000;
/** What a socket may send before it is acknowledged. */
const MAX_EARLY_MESSAGES = 10;
const MAX_EARLY_BYTES = 65_536;

/** Milliseconds after which a client may try again that has as many operations as a socket may run. */
const FULL_RETRY_MS = 1_000;

const CLIENT_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** What all connections of a server have in common. */
export interface ConnectionOptions {
  readonly protocol: Server<Connection>;
  readonly authenticate: Authenticate;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once for each, when its socket is closed. */
  readonly onClosed: (connection: Connection) => void;
}

export interface Upgrade {
  readonly socket: ClosingWebSocket;
  /** What `socket` writes to. Messages are written to it as they are, because they are shared by many sockets. */
  readonly stream: Duplex;
  /** From the header of the upgrade; null when it had none. */
  readonly bearer: string | null;
}

const closeFor = (error: unknown): { code: number; reason: string } => {
  if (!(error instanceof QuireError)) return { code: 1011, reason: 'Internal server error' };
  if (error.code === 'UNAVAILABLE') return { code: 1013, reason: 'Try again later' };
  const isExpired = 'reason' in error && error.reason === 'expired';
  return isExpired ? { code: 4403, reason: 'Token expired' } : { code: 4401, reason: 'Unauthorized' };
};

/**
 * One socket, between `ws` and graphql-ws, within the limits. A class, and not closures: there are very many, and most
 * of them wait.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: ClosingWebSocket;
  readonly #outbox: Outbox;
  readonly #operations: SocketOperations;
  readonly #id = newSerial();
  #bearer: string | null;
  #viewer: Viewer | null = null;
  #clientId: string | null = null;
  #acknowledged = false;
  #retired = false;
  #paused = false;
  /** The ping that waits for its pong. */
  #awaited: string | null = null;
  #beats = 0;
  #earlyMessages = 0;
  #earlyBytes = 0;
  /** When the next ping is due, in milliseconds since 1970. */
  #pingAt = 0;
  /** Of the deadline to be acknowledged by, then of the next beat. */
  #cancelTimer: () => void;
  #handle: (text: string) => Promise<void> = async () => {};

  /** Takes over an open socket. */
  constructor(options: ConnectionOptions, { socket, stream, bearer }: Upgrade) {
    const { limits, clock } = options;
    this.#options = options;
    this.#socket = socket;
    this.#bearer = bearer;
    this.#outbox = createOutbox({
      stream,
      limitBytes: limits.unsentBytes,
      stallMs: limits.stallMs,
      clock,
      onStall: () => this.close(1013, 'Read what was sent'),
    });
    this.#operations = createSocketOperations(limits.subscriptionsPerSocket, (text) => this.#pass(text));
    this.#cancelTimer = clock.after(limits.initMs, () =>
      this.close(4408, 'Connection initialisation timeout'),
    );
    socket.outbox = this.#outbox;
    this.#listen();
  }

  #listen(): void {
    const socket = this.#socket;
    const { protocol, log, onClosed } = this.#options;
    const closed = protocol.opened(this, this);
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('pong', (data) => {
      if (data.toString() === this.#awaited) this.#awaited = null;
    });
    socket.on('ping', (data) => {
      this.#outbox.push(controlFrame('pong', data.toString('latin1')));
      this.#holdBack();
    });
    // `ws` closes it with the code that fits (1002, 1007, 1009); an error without a listener would end the process.
    socket.on('error', (error) => log.debug({ err: error }, 'a socket broke the rules of WebSocket'));
    socket.on('close', (code, reason) => {
      this.#cancelTimer();
      this.#outbox.close();
      onClosed(this);
      closed(code, reason.toString()).catch((error: unknown) =>
        log.error({ err: error }, 'a socket failed to close'),
      );
    });
  }

  /** Decides on `connection_init`; closes the socket itself when it says no. */
  async connect(params: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    const { token = this.#bearer, clientId } = params ?? {};
    this.#bearer = null;
    if (clientId != null && !(typeof clientId === 'string' && CLIENT_ID.test(clientId))) {
      this.close(4400, 'clientId must be 1 to 64 letters, digits or any of . _ : -');
      return false;
    }
    if (typeof token !== 'string' || token === '') {
      this.close(4401, 'Unauthorized');
      return false;
    }
    let viewer: Viewer;
    try {
      viewer = await this.#options.authenticate(token);
    } catch (error) {
      const { code, reason } = closeFor(error);
      if (code === 1011) this.#options.log.error({ err: error }, 'a token could not be checked');
      this.close(code, reason);
      return false;
    }
    // It may have closed, or run out of time, while the token was checked.
    if (!this.#isOpen()) return false;
    this.#viewer = viewer;
    this.#clientId = clientId ?? null;
    this.#acknowledged = true;
    this.#cancelTimer();
    // A token may be accepted that has just expired: the acknowledgement goes before the close.
    if (this.#options.clock.now() < viewer.tokenExpiresAt) this.#beat();
    else this.#cancelTimer = this.#options.clock.after(0, this.#beat);
    return true;
  }

  /** Whether its `connection_init` was acknowledged. */
  get isSignedIn(): boolean {
    return this.#acknowledged;
  }

  /** The subprotocol, for graphql-ws. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** Takes what graphql-ws does with a message. */
  onMessage(handle: (text: string) => Promise<void>): void {
    this.#handle = handle;
  }

  /** Settled when there is room for more: a slow reader holds back its own operations. */
  send(text: string): Promise<void> {
    if (!this.#isOpen()) return Promise.resolve();
    this.#outbox.push(textFrame(bytesOf(text)));
    this.#holdBack();
    if (this.#outbox.hasRoom(1)) return Promise.resolve();
    return new Promise((resolve) => this.#outbox.whenRoom(resolve));
  }

  /** A new operation's context. */
  context(): OperationContext {
    return {
      viewer: this.#viewer,
      clientId: this.#clientId,
      connectionId: this.#id,
      lastEventId: null,
      requestId: newSerial(),
      log: this.#options.log,
    };
  }

  /** Where the payloads of the subscription of this id go. */
  outlet(id: string): Outlet {
    return new SocketOutlet(this.#outbox, id);
  }

  close(code = 1000, reason = ''): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Operations that come from now on are refused. */
  retire(): void {
    this.#retired = true;
  }

  #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Listens no longer to a client that does not read what it has asked for, until it does. */
  #holdBack(): void {
    if (this.#paused || this.#outbox.unsentBytes <= 2 * this.#options.limits.unsentBytes) return;
    this.#paused = true;
    this.#socket.pause();
    this.#outbox.whenRoom(() => {
      this.#paused = false;
      // Its pong could not be heard.
      this.#awaited = null;
      this.#socket.resume();
    });
  }

  // Not an async function, which would be one more that waits for as long as a subscription runs.
  #pass(text: string): Promise<void> {
    return this.#handle(text).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'a socket failed');
      this.close(1011, 'Internal server error');
    });
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    // After our close frame the client may go on sending for a while.
    if (!this.#isOpen() || this.#isTooMuch((data as Buffer).length)) return;
    // `ws` hands over one Buffer a message, because its binaryType is the default.
    const text = (data as Buffer).toString();
    const message = isBinary ? null : readMessage(text);
    if (!message) return this.close(4400, 'Invalid message received');
    if (message.type === 'subscribe' && this.#acknowledged) this.#subscribe(message.id, text);
    else if (message.type !== 'complete' || this.#operations.complete(message.id)) void this.#pass(text);
  }

  /** Before it is known who this is, little is listened to. */
  #isTooMuch(bytes: number): boolean {
    if (this.#acknowledged) return false;
    this.#earlyMessages += 1;
    this.#earlyBytes += bytes;
    if (this.#earlyBytes > MAX_EARLY_BYTES) this.close(1009, 'Too much before the acknowledgement');
    else if (this.#earlyMessages > MAX_EARLY_MESSAGES)
      this.close(4400, 'Too many messages before the acknowledgement');
    return !this.#isOpen();
  }

  #subscribe(id: string, text: string): void {
    const { subscriptionsPerSocket: most } = this.#options.limits;
    if (this.#retired) return this.#refuse(id, 'UNAVAILABLE', 'Going away: connect again.');
    const outcome = this.#operations.begin(id, text);
    if (outcome === 'taken') this.close(4409, 'Subscriber already exists');
    if (outcome === 'full')
      this.#refuse(id, 'RATE_LIMITED', `A socket runs at most ${most} operations at a time.`, {
        retryAfterMs: FULL_RETRY_MS,
      });
  }

  #refuse(id: string, code: ErrorCode, message: string, details: ErrorDetails = {}): void {
    const extensions = { code, ...details };
    void this.send(JSON.stringify({ id, type: 'error', payload: [{ message, extensions }] }));
  }

  /** One timer for the pings and for the token's expiry. */
  readonly #beat = (): void => {
    const { clock } = this.#options;
    const now = clock.now();
    const expiresAt = this.#viewer?.tokenExpiresAt ?? 0;
    if (now >= expiresAt) return this.close(4403, 'Token expired');
    if (now >= this.#pingAt) {
      // Who does not read what waits cannot see the ping behind it: that is the outbox's to end.
      if (this.#awaited !== null && this.#outbox.unsentBytes === 0) return this.#socket.terminate();
      this.#beats += 1;
      this.#awaited = String(this.#beats);
      this.#outbox.push(controlFrame('ping', this.#awaited));
      this.#pingAt = now + PING_MS;
    }
    // A clock may be set back, or fire early.
    this.#cancelTimer = clock.after(Math.min(this.#pingAt - now, expiresAt - now, PING_MS), this.#beat);
  };
}
