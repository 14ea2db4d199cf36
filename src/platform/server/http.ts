import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { limitBodyTime } from './body-time.ts';
import { createConsole } from './console.ts';
import { createDemoSignIn } from './demo-sign-in.ts';
import { createGraphqlHttp } from './graphql-http.ts';
import { sendLive, sendReady } from './health.ts';
import { createOperations } from './operations.ts';
import type { QuireServer, ServerOptions } from './options.ts';
import { createPolling } from './polling.ts';
import { type Refusal, readTarget, refusalBody, requestIdOf } from './request-guard.ts';
import { createSocketServer } from './websocket.ts';

/** Milliseconds in which a request's headers must have arrived; body-time.ts is about the rest. */
const HEADERS_TIMEOUT_MS = 10_000;
/** Milliseconds that a connection may be idle. */
const KEEP_ALIVE_MS = 30_000;
/** Milliseconds that a stopping server leaves to the operations that are running. */
const FINISH_MS = 5_000;
/** Milliseconds that it leaves to responses on their way. */
const FLUSH_MS = 1_000;
/** Milliseconds between two looks for connections that have become idle. */
const SWEEP_MS = 20;

const GOING_AWAY: Refusal = { status: 503, code: 'UNAVAILABLE', message: 'Going away.' };

/** Resolves when `task` does, at the latest after `ms`. */
const within = async (ms: number, task: Promise<unknown>): Promise<void> => {
  const patience = new AbortController();
  await Promise.race([task, sleep(ms, undefined, { signal: patience.signal })]);
  patience.abort();
};

const refuse = (response: ServerResponse, refusal: Refusal): void => {
  response
    .writeHead(refusal.status, { 'Content-Type': 'application/json; charset=utf-8' })
    .end(refusalBody(refusal));
};

/**
 * The server's edge: /graphql by HTTP, event stream and WebSocket, GraphiQL, what is polled, the console, and /health. It
 * knows no feature.
 */
export const createServer = (options: ServerOptions): QuireServer => {
  const { config, log, clock, ready } = options;
  const operations = createOperations(options);
  const graphqlHttp = createGraphqlHttp(options, operations);
  const polling = createPolling(options, operations);
  const sockets = createSocketServer(options, operations);
  const pages = options.consoleDirectory === undefined ? null : createConsole(options.consoleDirectory);
  const demoSignIn = config.development ? createDemoSignIn(options.demoUsers ?? []) : null;
  let stopping = false;
  let stopped: Promise<void> | undefined;

  /** Answers, or returns why not. */
  const route = async (request: IncomingMessage, response: ServerResponse): Promise<Refusal | null> => {
    const requestId = requestIdOf(request);
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (stopping) response.setHeader('Connection', 'close');
    const target = readTarget(request, config.development);
    if ('code' in target) return target;
    const polled = polling.find(target.path);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && target.path === '/health/live') {
      sendLive(response);
    } else if (isRead && target.path === '/health/ready') {
      await sendReady(response, { ready, log, stopping });
    } else if (target.path === '/graphql') {
      if (stopping) return GOING_AWAY;
      return graphqlHttp(request, response, { query: target.query, requestId });
    } else if (polled) {
      if (stopping) return GOING_AWAY;
      return polling.answer(request, response, { ...polled, requestId });
    } else if (demoSignIn?.owns(target.path)) {
      return demoSignIn.answer(request, response, target.path);
    } else if (pages?.owns(target.path)) {
      return pages.serve(request, response, target.path);
    } else {
      return { status: 404, code: 'NOT_FOUND', message: 'There is no such path.' };
    }
    return null;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    limitBodyTime(request, response, clock);
    try {
      const refusal = await route(request, response);
      if (refusal) refuse(response, refusal);
    } catch (error) {
      log.error({ err: error }, 'a request failed');
      if (response.headersSent) response.destroy();
      else refuse(response, { status: 500, code: 'INTERNAL_SERVER_ERROR', message: 'Unexpected error' });
    }
  };

  const server = createHttpServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.on('request', (request, response) => void answer(request, response));
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));

  const stop = async (): Promise<void> => {
    stopping = true;
    sockets.retire();
    // Resolves when the last connection is gone.
    const gone = new Promise((resolve) => server.close(resolve));
    // A client keeps its connection alive after the response that it waited for.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    await within(FINISH_MS, operations.idle());
    operations.endStreams();
    await Promise.all([sockets.drain(), within(FLUSH_MS, gone)]);
    clearInterval(sweep);
    server.closeAllConnections();
    await within(FLUSH_MS, gone);
  };

  return {
    counts: () => ({ sockets: sockets.size, signedIn: sockets.signedIn, ...operations.counts() }),
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.port, config.host, () => {
          server.off('error', reject);
          // Like running out of file descriptors: those who are connected go on.
          server.on('error', (error) => log.error({ err: error }, 'the server had a problem'));
          const { port } = server.address() as AddressInfo;
          const host = config.host.includes(':') ? `[${config.host}]` : config.host;
          resolve({ url: `http://${host}:${port}`, port });
        });
      }),
    close: () => (stopped ??= stop()),
  };
};
