import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerPreflight, setCorsHeaders } from './cors.ts';
import { sendEvents } from './event-stream.ts';
import { createForms } from './form.ts';
import { createGraphiql } from './graphiql.ts';
import type { Operations } from './operations.ts';
import type { ServerOptions } from './options.ts';
import { isAllowedOrigin } from './origin.ts';
import { preferredWait } from './prefer.ts';
import { isForm, type Refusal } from './request-guard.ts';
import { signIn } from './sign-in.ts';

/** Whatever a form or a page of another site could send without asking first is not JSON. */
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
/**
 * A form is what a page of another site can send without asking first, unless it has a header that a page must ask for:
 * any of these, with whatever value.
 */
const PREFLIGHT_HEADERS = [
  'graphql-require-preflight',
  'apollo-require-preflight',
  'x-requested-with',
] as const;
const PREFLIGHT = {
  methods: 'GET, POST',
  headers: ['authorization', 'content-type', 'last-event-id', 'prefer', 'x-request-id', ...PREFLIGHT_HEADERS],
} as const;
const NOT_JSON = 'Send application/json in UTF-8, or files as multipart/form-data.';

const isGraphiqlVisit = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && (headers.accept ?? '').includes('text/html');

const refusalOf = (request: IncomingMessage, allowedOrigins: readonly string[] | null): Refusal | null => {
  const { method } = request;
  const { origin, host, 'content-type': contentType } = request.headers;
  if (method !== 'GET' && method !== 'HEAD' && !isAllowedOrigin(origin, host, allowedOrigins))
    return { status: 403, code: 'FORBIDDEN', message: 'Pages of this origin may not send requests.' };
  if (isForm(request)) {
    if (PREFLIGHT_HEADERS.some((name) => request.headers[name])) return null;
    const message = 'A form needs the header "GraphQL-Require-Preflight: 1".';
    return { status: 403, code: 'FORBIDDEN', message };
  }
  const isTyped = method === 'POST' || contentType !== undefined;
  if (isTyped && method !== 'OPTIONS' && !JSON_TYPE.test(contentType ?? ''))
    return { status: 415, code: 'BAD_USER_INPUT', message: NOT_JSON };
  return null;
};

/** GraphQL over HTTP, and GraphiQL for a person who comes with a browser. */
export const createGraphqlHttp = (
  { authenticate, config, log, clock, demoUsers = [] }: ServerOptions,
  operations: Operations,
) => {
  const { allowedOrigins } = config;
  const forms = createForms(config.limits);
  const graphiql = config.graphiql ? createGraphiql(config.development ? demoUsers : [], clock) : null;

  /** Answers, or returns why not. */
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    { query, requestId }: { query: URLSearchParams; requestId: string },
  ): Promise<Refusal | null> => {
    if (allowedOrigins) setCorsHeaders(request, response, allowedOrigins);
    const refusal = refusalOf(request, allowedOrigins);
    if (refusal) return refusal;
    if (answerPreflight(request, response, PREFLIGHT)) return null;
    if (graphiql && isGraphiqlVisit(request)) {
      const as = query.get('as');
      if (as !== null && !graphiql.knows(as))
        return { status: 404, code: 'NOT_FOUND', message: 'There is no demo user of this name.' };
      await graphiql.serve(request, response, as);
      return null;
    }
    const signedIn = await signIn(request, authenticate);
    const user = signedIn.viewer?.userId;
    const lastEventId = request.headers['last-event-id'];
    const form = isForm(request) ? forms.open(request) : null;
    try {
      const answer = await operations.answer(request, response, {
        ...signedIn,
        clientId: null,
        connectionId: null,
        lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : null,
        requestId,
        log: log.child({ requestId, user }),
        form,
      });
      const waitSeconds = answer.subscription ? preferredWait(request) : null;
      if (waitSeconds !== null) response.setHeader('Preference-Applied', `wait=${waitSeconds}`);
      response.writeHead(answer.response.status, Object.fromEntries(answer.response.headers));
      if (answer.subscription)
        await sendEvents(response, answer.subscription, { limits: config.limits, waitSeconds, clock });
      else response.end(Buffer.from(await answer.response.arrayBuffer()));
    } finally {
      await form?.discard();
    }
    return null;
  };
};
