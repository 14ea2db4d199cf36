import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionArgs } from 'graphql';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { ClosingWebSocket } from './closing-web-socket.ts';
import { Connection } from './connection.ts';
import type { Operation, Operations } from './operations.ts';
import type { ServerOptions } from './options.ts';
import { isAllowedOrigin } from './origin.ts';
import { bearerToken, type Refusal, readTarget, refusalBody } from './request-guard.ts';
import type { Subscription } from './subscription.ts';

/** Milliseconds that a peer has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 5_000;
/** Milliseconds over which the sockets of a stopping server are closed, lest all clients reconnect at once. */
const MAX_DRAIN_MS = 2_000;
const DRAIN_MS_PER_SOCKET = 20;
/** Milliseconds that a client of a stopping server has to answer. */
const GOODBYE_MS = 1_000;

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  503: 'Service Unavailable',
};

export interface SocketServer {
  readonly size: number;
  /** Those whose `connection_init` was acknowledged. */
  readonly signedIn: number;
  /** Answers an upgrade request. Never throws. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** From now on upgrades get a 503, and new operations UNAVAILABLE. */
  retire(): void;
  /** Closes all sockets with 1001, one after another, and waits for them: at most 3 s. */
  drain(): Promise<void>;
}

const refuseUpgrade = (socket: Duplex, refusal: Refusal): void => {
  const body = refusalBody(refusal);
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_TEXT[refusal.status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
};

/** GraphQL over WebSocket: the protocol `graphql-transport-ws` on /graphql. */
export const createSocketServer = (
  { config, authenticate, log, clock }: ServerOptions,
  operations: Operations,
): SocketServer => {
  const connections = new Set<Connection>();
  const whenEmpty: (() => void)[] = [];
  let retired = false;

  const protocol = makeServer<Record<string, unknown>, Connection>({
    // A connection has its own timer, which counts the checking of the token too.
    connectionInitWaitTimeout: 0,
    onConnect(context) {
      const { extra, connectionParams } = context;
      // It holds the token, and is not needed again.
      Object.assign(context, { connectionParams: undefined });
      return extra.connect(connectionParams);
    },
    // What is returned instead of thrown answers that operation only; a throw would close the socket.
    onSubscribe({ extra }, _id, payload) {
      const outcome = operations.prepare({ ...payload }, extra.context());
      // graphql-ws keeps the message for as long as the operation runs; its text is not needed again.
      Object.assign(payload, { query: '', variables: undefined });
      return 'errors' in outcome ? outcome.errors : outcome.operation;
    },
    // The arguments are the Operation that onSubscribe has returned.
    execute: (args: ExecutionArgs) => (args as Operation).run(),
    subscribe: (args: ExecutionArgs) => (args as Operation).run(),
    // graphql-ws waits for the subscription to end; its payloads go past it, to the connection.
    onOperation({ extra }, id, _payload, _args, result) {
      if ('start' in result) (result as Subscription).start(extra.outlet(id));
    },
  });

  const webSockets = new WebSocketServer({
    noServer: true,
    WebSocket: ClosingWebSocket,
    clientTracking: false,
    perMessageDeflate: false,
    // The connection answers pings itself, and counts what waits to be sent.
    autoPong: false,
    maxPayload: config.limits.messageBytes,
    // A client that asks for another protocol is given it, to be closed with 4406: a bare refusal tells it nothing.
    handleProtocols: (offered) =>
      offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : ([...offered][0] ?? false),
    ...{ closeTimeout: CLOSE_TIMEOUT_MS },
  });

  const onClosed = (connection: Connection): void => {
    connections.delete(connection);
    if (connections.size === 0) for (const resolve of whenEmpty.splice(0)) resolve();
  };

  const refusalOf = (request: IncomingMessage): Refusal | null => {
    const target = readTarget(request, config.development);
    if ('code' in target) return target;
    if (target.path !== '/graphql')
      return { status: 404, code: 'NOT_FOUND', message: 'There is no such path.' };
    const { origin, host } = request.headers;
    if (!isAllowedOrigin(origin, host, config.allowedOrigins))
      return { status: 403, code: 'FORBIDDEN', message: 'Pages of this origin may not connect.' };
    return retired ? { status: 503, code: 'UNAVAILABLE', message: 'Going away.' } : null;
  };

  const options = { protocol, authenticate, limits: config.limits, clock, log, onClosed };
  const accept = (request: IncomingMessage, stream: Duplex, head: Buffer): void =>
    webSockets.handleUpgrade(request, stream, head, (socket) =>
      connections.add(new Connection(options, { socket, stream, bearer: bearerToken(request) })),
    );

  return {
    get size() {
      return connections.size;
    },
    get signedIn() {
      let count = 0;
      for (const connection of connections) if (connection.isSignedIn) count += 1;
      return count;
    },
    upgrade(request, socket, head) {
      socket.on('error', (error) => log.debug({ err: error }, 'an upgrade failed'));
      try {
        const refusal = refusalOf(request);
        if (refusal) refuseUpgrade(socket, refusal);
        else accept(request, socket, head);
      } catch (error) {
        log.error({ err: error }, 'an upgrade failed');
        socket.destroy();
      }
    },
    retire() {
      retired = true;
      for (const connection of connections) connection.retire();
    },
    async drain() {
      if (connections.size === 0) return;
      const empty = new Promise<void>((resolve) => whenEmpty.push(resolve));
      const spread = Math.min(MAX_DRAIN_MS, connections.size * DRAIN_MS_PER_SOCKET);
      const goodbyes = [...connections].map((connection) =>
        setTimeout(() => connection.close(1001, 'Going away'), Math.random() * spread),
      );
      const patience = new AbortController();
      await Promise.race([empty, sleep(spread + GOODBYE_MS, undefined, { signal: patience.signal })]);
      patience.abort();
      for (const goodbye of goodbyes) clearTimeout(goodbye);
      for (const connection of connections) connection.terminate();
    },
  };
};
