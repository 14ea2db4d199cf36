import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { statusOf } from '../graphql/errors.ts';
import { answerPreflight, setCorsHeaders } from './cors.ts';
import type { Operations } from './operations.ts';
import type { ServerOptions } from './options.ts';
import type { Refusal } from './request-guard.ts';
import type { Resource, ResourceBody } from './resource.ts';
import { signIn } from './sign-in.ts';
import { Subscription } from './subscription.ts';

/** Seconds after which a state that will change is worth another look. */
const RETRY_AFTER_SECONDS = 2;
const METHODS = 'GET, HEAD';
const JSON_TYPE = 'application/json; charset=utf-8';

/** One of a resource's things. */
export interface Polled {
  readonly resource: Resource;
  readonly id: string;
}

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};

/** The same for the same state, and for no other. Weak, because fields that drift are left out. */
const tagOf = (body: ResourceBody, drifting: readonly string[] = []): string => {
  const state = Object.entries(body).filter(([name]) => !drifting.includes(name));
  return `W/"${createHash('sha256').update(JSON.stringify(state)).digest('base64url')}"`;
};

const isKnown = (tag: string, known = ''): boolean => {
  const opaque = (text: string): string => text.trim().replace(/^W\//, '');
  return known.trim() === '*' || known.split(',').some((one) => opaque(one) === opaque(tag));
};

const sendJson = (response: ServerResponse, status: number, value: unknown): void => {
  const text = `${JSON.stringify(value)}\n`;
  response
    .writeHead(status, { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(text) })
    .end(text);
};

const sendError = (response: ServerResponse, error: GraphQLError): void => {
  const { message, extensions } = error;
  const status = statusOf(error);
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  // Where in which query it happened is not the client's affair, who has sent none.
  sendJson(response, status, { errors: [{ message, extensions }] });
};

/** States for those without sockets: each is the answer to a query of ours, which is run as any other is. */
export const createPolling = (
  { resources = [], authenticate, config: { allowedOrigins }, log }: ServerOptions,
  operations: Operations,
) => ({
  /** What a path names; null when it is none of these. */
  find(path: string): Polled | null {
    const resource = resources.find((one) => path.startsWith(one.path));
    const id = resource && decoded(path.slice(resource.path.length));
    return resource && id && !id.includes('/') ? { resource, id } : null;
  },

  /** Answers, or returns why not. */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    { resource, id, requestId }: Polled & { readonly requestId: string },
  ): Promise<Refusal | null> {
    response.setHeader('Cache-Control', 'no-store');
    if (allowedOrigins) setCorsHeaders(request, response, allowedOrigins);
    const headers = ['authorization', 'if-none-match', 'x-request-id'];
    if (answerPreflight(request, response, { methods: METHODS, headers })) return null;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', METHODS);
      return { status: 405, code: 'BAD_USER_INPUT', message: `A ${resource.name} is asked for by GET.` };
    }

    const signedIn = await signIn(request, authenticate);
    const outcome = operations.prepare(
      { query: resource.query, variables: { id } },
      {
        ...signedIn,
        clientId: null,
        connectionId: null,
        lastEventId: null,
        requestId,
        log: log.child({ requestId, user: signedIn.viewer?.userId }),
      },
    );
    const result: ExecutionResult | Subscription =
      'errors' in outcome ? outcome : await outcome.operation.run();
    if (result instanceof Subscription) throw new Error('A resource is asked for by a query.');
    const [error] = result.errors ?? [];
    if (error) {
      sendError(response, error);
      return null;
    }
    const [body] = Object.values(result.data ?? {}) as (ResourceBody | null)[];
    if (!body) return { status: 404, code: 'NOT_FOUND', message: `There is no such ${resource.name}.` };

    const tag = tagOf(body, resource.drifting);
    response.setHeader('Cache-Control', 'private, no-cache');
    response.appendHeader('Vary', 'Authorization');
    response.setHeader('ETag', tag);
    if (resource.isOpen(body)) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    if (isKnown(tag, request.headers['if-none-match'])) response.writeHead(304).end();
    else sendJson(response, 200, body);
    return null;
  },
});
