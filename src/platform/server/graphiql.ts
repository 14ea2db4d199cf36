import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import type { Clock } from '../clock.ts';
import { exampleOperations } from './graphiql-examples.ts';
import type { DemoUser } from './options.ts';

/** Milliseconds that a page is kept: it holds a token, which lives for much longer. */
const PAGE_LIFE_MS = 10 * 60 * 1000;
/** The page is 9 MB of scripts: from this level on it takes more time than it saves. */
const GZIP_LEVEL = 5;

/** Nothing is loaded from, or sent to, any other host. Its editor makes workers from blobs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob:",
  "style-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  'font-src data:',
  'worker-src blob:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  // It holds a token, so no proxy may keep it; the browser asks each time and mostly gets a 304.
  'Cache-Control': 'private, no-cache',
  Vary: 'Accept-Encoding',
};

interface Page {
  readonly gzipped: Buffer;
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export interface Graphiql {
  /** Answers with the page, signed in as the demo user of this name; as the first one when it is null. */
  serve(request: IncomingMessage, response: ServerResponse, as: string | null): Promise<void>;
  /** Whether there is a demo user of this name. */
  knows(name: string): boolean;
}

const render = async (user: DemoUser | undefined): Promise<string> => {
  // Loaded when it is first wanted: it is 9 MB.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const headers = user && JSON.stringify({ Authorization: `Bearer ${await user.token()}` }, null, 2);
  return renderGraphiQL({
    title: 'Quire GraphiQL',
    endpoint: '/graphql',
    // Unlike a socket's connection_init, its event streams carry the headers of the editor.
    subscriptionsProtocol: 'SSE',
    // A stored token would be sent long after it has expired.
    shouldPersistHeaders: false,
    ...(headers !== undefined && {
      headers,
      defaultTabs: exampleOperations(user?.name ?? '').map((example) => ({ ...example, headers })),
    }),
  });
};

/** GraphiQL from this machine's own files. Each demo user's page is made and compressed once, and kept for a while. */
export const createGraphiql = (demoUsers: readonly DemoUser[], clock: Clock): Graphiql => {
  /** At most one for each demo user. */
  const pages = new Map<DemoUser | undefined, Promise<Page>>();

  const find = (name: string): DemoUser | undefined =>
    demoUsers.find((user) => user.name.toLowerCase() === name.toLowerCase());

  const make = async (user: DemoUser | undefined): Promise<Page> => {
    const html = await render(user);
    return {
      gzipped: await promisify(gzip)(html, { level: GZIP_LEVEL }),
      etag: `"${createHash('sha256').update(html).digest('base64url')}"`,
      until: clock.now() + PAGE_LIFE_MS,
    };
  };

  const pageOf = async (user: DemoUser | undefined): Promise<Page> => {
    const kept = pages.get(user);
    const page = await kept;
    if (page && clock.now() < page.until) return page;
    // Another request may have begun a new one in the meantime.
    if (pages.get(user) === kept) {
      const made = make(user);
      pages.set(user, made);
      made.catch(() => pages.delete(user));
    }
    return pageOf(user);
  };

  return {
    knows: (name) => find(name) !== undefined,
    async serve(request, response, as) {
      const { gzipped, etag } = await pageOf(as === null ? demoUsers[0] : find(as));
      const headers = { ...HEADERS, ETag: etag };
      if (request.headers['if-none-match'] === etag) {
        response.writeHead(304, headers).end();
      } else if (/\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')) {
        response
          .writeHead(200, { ...headers, 'Content-Encoding': 'gzip', 'Content-Length': gzipped.length })
          .end(gzipped);
      } else {
        const plain = createGunzip();
        plain.pipe(response.writeHead(200, headers));
        plain.end(gzipped);
      }
    },
  };
};
