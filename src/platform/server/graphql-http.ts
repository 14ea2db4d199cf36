import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Viewer } from '../graphql/context.ts';
import { sendEvents } from './event-stream.ts';
import { createGraphiql } from './graphiql.ts';
import type { Operations } from './operations.ts';
import type { ServerOptions } from './options.ts';
import { isAllowedOrigin } from './origin.ts';
import { bearerToken, type Refusal } from './request-guard.ts';

/** Whatever a form or a page of another site could send without asking first is not JSON. */
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
/** Seconds that a browser may remember a preflight's answer. */
const PREFLIGHT_LIFE_SECONDS = 600;

const isGraphiqlVisit = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && (headers.accept ?? '').includes('text/html');

const refusalOf = (request: IncomingMessage, allowedOrigins: readonly string[] | null): Refusal | null => {
  const { method } = request;
  const { origin, host, 'content-type': contentType } = request.headers;
  if (method !== 'GET' && method !== 'HEAD' && !isAllowedOrigin(origin, host, allowedOrigins))
    return { status: 403, code: 'FORBIDDEN', message: 'Pages of this origin may not send requests.' };
  const isTyped = method === 'POST' || contentType !== undefined;
  if (isTyped && method !== 'OPTIONS' && !JSON_TYPE.test(contentType ?? ''))
    return { status: 415, code: 'BAD_USER_INPUT', message: 'Send application/json in UTF-8.' };
  return null;
};

const setCorsHeaders = (
  request: IncomingMessage,
  response: ServerResponse,
  allowed: readonly string[],
): void => {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin');
  if (origin === undefined || !allowed.includes(origin)) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'X-Request-Id');
};

const answerPreflight = (response: ServerResponse): void => {
  response
    .writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': 'authorization, content-type, last-event-id, x-request-id',
      'Access-Control-Max-Age': PREFLIGHT_LIFE_SECONDS,
    })
    .end();
};

/** GraphQL over HTTP, and GraphiQL for a person who comes with a browser. */
export const createGraphqlHttp = (
  { authenticate, config, log, clock, demoUsers = [] }: ServerOptions,
  operations: Operations,
) => {
  const { allowedOrigins } = config;
  const graphiql = config.graphiql ? createGraphiql(config.development ? demoUsers : [], clock) : null;

  const signIn = async (request: IncomingMessage): Promise<{ viewer: Viewer | null; refusal?: unknown }> => {
    const token = bearerToken(request);
    if (token === null) return { viewer: null };
    try {
      return { viewer: await authenticate(token) };
    } catch (refusal) {
      // Told in a GraphQL response, in whichever form the request asks for.
      return { viewer: null, refusal };
    }
  };

  /** Answers, or returns why not. */
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    { query, requestId }: { query: URLSearchParams; requestId: string },
  ): Promise<Refusal | null> => {
    if (allowedOrigins) setCorsHeaders(request, response, allowedOrigins);
    const refusal = refusalOf(request, allowedOrigins);
    if (refusal) return refusal;
    if (request.method === 'OPTIONS' && response.hasHeader('Access-Control-Allow-Origin')) {
      answerPreflight(response);
      return null;
    }
    if (graphiql && isGraphiqlVisit(request)) {
      const as = query.get('as');
      if (as !== null && !graphiql.knows(as))
        return { status: 404, code: 'NOT_FOUND', message: 'There is no demo user of this name.' };
      await graphiql.serve(request, response, as);
      return null;
    }
    const signedIn = await signIn(request);
    const user = signedIn.viewer?.userId;
    const lastEventId = request.headers['last-event-id'];
    const answer = await operations.answer(request, response, {
      ...signedIn,
      clientId: null,
      connectionId: null,
      lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : null,
      requestId,
      log: log.child({ requestId, user }),
    });
    response.writeHead(answer.response.status, Object.fromEntries(answer.response.headers));
    if (answer.subscription)
      await sendEvents(response, answer.subscription, { limits: config.limits, clock });
    else response.end(Buffer.from(await answer.response.arrayBuffer()));
    return null;
  };
};
