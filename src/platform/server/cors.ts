import type { IncomingMessage, ServerResponse } from 'node:http';

/** Seconds that a browser may remember a preflight's answer. */
const PREFLIGHT_LIFE_SECONDS = 600;

/** Lets a page of an allowed origin read the answer. */
export const setCorsHeaders = (
  { headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  allowed: readonly string[],
): void => {
  response.appendHeader('Vary', 'Origin');
  if (origin === undefined || !allowed.includes(origin)) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'ETag, Retry-After, X-Request-Id');
};

/** Answers a browser that asks whether a page may send such a request; false when it does not ask, or the page may not. */
export const answerPreflight = (
  { method }: IncomingMessage,
  response: ServerResponse,
  { methods, headers }: { readonly methods: string; readonly headers: readonly string[] },
): boolean => {
  if (method !== 'OPTIONS' || !response.hasHeader('Access-Control-Allow-Origin')) return false;
  response
    .writeHead(204, {
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': headers.join(', '),
      'Access-Control-Max-Age': PREFLIGHT_LIFE_SECONDS,
    })
    .end();
  return true;
};
