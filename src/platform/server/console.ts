import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import sirv, { type RequestHandler } from 'sirv';
import type { Refusal } from './request-guard.ts';

/** Written last by scripts/build-console.js: what stands beside it is whole. */
export const CONSOLE_STAMP = '.built';

/** Where the build puts all files but index.html, named by their content. */
const ASSETS = '/assets/';
/** The paths that the console itself understands, in the browser. */
const PAGES = /^\/(documents(\/[^/]{1,384})?|processing|operations)?$/;
const METHODS = 'GET, HEAD';
/** A year, in seconds. */
const ASSET_LIFE_SECONDS = 31_536_000;

const NOT_BUILT = `The console is not built here.

  npm start              builds it, and serves it at this address
  npm run dev:console    serves it from its sources, beside npm run dev

GraphiQL is at /graphql.
`;

export interface Console {
  /** Whether a path is the console's. */
  owns(path: string): boolean;
  /** Answers, or returns why not. */
  serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<Refusal | null>;
}

/**
 * Everything from this server alone; its name is in it for browsers whose 'self' does not cover sockets. The Host was
 * checked before (request-guard.ts), so that it cannot add to the policy.
 */
const policyFor = (host: string | undefined): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${host === undefined ? '' : ` ws://${host} wss://${host}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');

const setCaching = (response: ServerResponse, path: string): void => {
  const caching = path.startsWith(ASSETS) ? `public, max-age=${ASSET_LIFE_SECONDS}, immutable` : 'no-cache';
  response.setHeader('Cache-Control', caching);
};

const sayNotBuilt = (response: ServerResponse): void => {
  response
    .writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(NOT_BUILT);
};

/** The built console of a directory: its pages, and their files. It may be built, or built anew, while the server runs. */
export const createConsole = (directory: string): Console => {
  let known: { readonly builtAt: number; readonly files: RequestHandler } | undefined;

  /** Hands the files out; null when there are none. */
  const currentFiles = async (): Promise<RequestHandler | null> => {
    const stamp = await stat(join(directory, CONSOLE_STAMP)).catch(() => null);
    if (!stamp) return null;
    if (stamp.mtimeMs !== known?.builtAt) {
      const files = sirv(directory, { etag: true, brotli: true, gzip: true, setHeaders: setCaching });
      known = { builtAt: stamp.mtimeMs, files };
    }
    return known.files;
  };

  return {
    owns: (path) => PAGES.test(path) || path.startsWith(ASSETS),

    async serve(request, response, path) {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('Allow', METHODS);
        return { status: 405, code: 'BAD_USER_INPUT', message: 'The console is asked for by GET.' };
      }
      response.setHeader('Content-Security-Policy', policyFor(request.headers.host));
      response.setHeader('Referrer-Policy', 'no-referrer');
      response.setHeader('X-Frame-Options', 'DENY');
      const files = await currentFiles();
      if (!files) {
        sayNotBuilt(response);
        return null;
      }
      // All of a file or nothing: sirv fails on ranges that end before they begin.
      delete request.headers.range;
      // sirv does not listen for it: a file that a build has just removed would end the process.
      response.once('pipe', (file: Readable) => file.once('error', () => response.destroy()));
      if (PAGES.test(path)) request.url = '/';
      let missing = false;
      files(request, response, () => {
        missing = true;
      });
      return missing ? { status: 404, code: 'NOT_FOUND', message: 'There is no such file.' } : null;
    },
  };
};
