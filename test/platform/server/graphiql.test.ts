import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleOperations } from '../../../src/platform/server/graphiql-examples.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { type Edge, startEdge } from './edge.ts';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const minutes = 60_000;

describe('GraphiQL', () => {
  const clock = createManualClock();
  const asked: string[] = [];
  const demoUsers = ['Ada', 'Linus'].map((name) => ({
    name,
    token: async () => {
      asked.push(name);
      return name.toLowerCase();
    },
  }));
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge({ development: true, demoUsers, clock });
  });
  afterAll(() => edge.server.close());

  const visit = (search = '', headers: Record<string, string> = {}) =>
    fetch(`${edge.url}/graphql${search}`, { headers: { ...html, ...headers } });
  const optionsOf = (page: string): { headers: string; defaultTabs: { query: string }[] } =>
    JSON.parse(
      /renderYogaGraphiQL\([^]*?(\{"title".*\}),?\s*\);\s*<\/script>/.exec(page)?.[1] ?? 'null',
    ) as never;

  it('is for a browser only', async () => {
    expect((await visit()).headers.get('content-type')).toBe('text/html; charset=utf-8');
    const json = await fetch(`${edge.url}/graphql?query=%7Bhello%7D`, { headers: { accept: '*/*' } });
    expect(json.headers.get('content-type')).toMatch(/application\/json/);
  });

  it('comes from this server alone and may talk to it alone', async () => {
    const response = await visit();
    const page = await response.text();
    expect(page.length).toBeGreaterThan(1_000_000);
    const markup = page.replace(/<script>[^]*<\/script>/, '').replace(/<style>[^]*<\/style>/, '');
    expect(markup).not.toMatch(/(src|href)\s*=\s*["']?(https?:)?\/\//i);
    expect(page).not.toMatch(/<script[^>]+src=/i);
    expect(page).not.toMatch(/@import|url\(["']?https?:/i);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*connect-src 'self'/) as string,
      'cache-control': 'private, no-cache',
    });
  });

  it('is compressed, made once a demo user, and fetched once', async () => {
    const before = asked.length;
    const pages = await Promise.all([visit(), visit(), visit('?as=linus'), visit('?as=Linus')]);
    const [etag, same, other] = pages.map(({ headers }) => headers.get('etag') ?? '');
    expect(same).toBe(etag);
    expect(other).not.toBe(etag);
    for (const page of pages) await page.body?.cancel();
    expect(asked.length - before).toBeLessThanOrEqual(1);
    const again = await visit('', { 'if-none-match': etag ?? '' });
    expect([again.status, await again.text()]).toEqual([304, '']);

    const raw = async (encoding: string): Promise<Buffer> => {
      const outgoing = request(`${edge.url}/graphql`, { headers: { ...html, 'accept-encoding': encoding } });
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    };
    const [gzipped, plain] = [await raw('gzip, br'), await raw('identity')];
    expect(gzipped.length).toBeLessThan(plain.length / 2);
    expect(gunzipSync(gzipped).equals(plain)).toBe(true);
  });

  it('gets a new token before the old one is old', async () => {
    await (await visit()).body?.cancel();
    const before = asked.length;
    clock.advance(11 * minutes);
    await (await visit()).body?.cancel();
    expect(asked.slice(before)).toEqual(['Ada']);
  });

  it('is signed in as the first demo user, or as the one that is named', async () => {
    const first = optionsOf(await (await visit()).text());
    expect(JSON.parse(first.headers)).toEqual({ Authorization: 'Bearer ada' });
    expect(first).toMatchObject({
      subscriptionsProtocol: 'SSE',
      shouldPersistHeaders: false,
      endpoint: '/graphql',
    });
    const named = optionsOf(await (await visit('?as=Linus&query=%7Bhello%7D')).text());
    expect(JSON.parse(named.headers)).toEqual({ Authorization: 'Bearer linus' });
    expect((await visit('?as=eve')).status).toBe(404);
  });

  it('offers examples, with the headers of the user', async () => {
    const { defaultTabs, headers } = optionsOf(await (await visit()).text());
    expect(defaultTabs).toHaveLength(7);
    for (const tab of defaultTabs) {
      expect(() => parse(tab.query)).not.toThrow();
      expect(tab).toMatchObject({ headers });
    }
  });

  it('can subscribe with those headers, by the event stream that it uses', async () => {
    const { headers } = optionsOf(await (await visit('?as=Linus')).text());
    const response = await edge.post(
      { query: 'subscription { ticks }' },
      { accept: 'text/event-stream', ...(JSON.parse(headers) as Record<string, string>) },
    );
    edge.sources[0]?.push(5);
    edge.sources[0]?.finish();
    expect(await response.text()).toContain('data: {"data":{"ticks":5}}');
  });

  it('signs nobody in outside of development mode, and may be turned off', async () => {
    const open = await startEdge({ demoUsers });
    const shut = await startEdge({ graphiql: false });
    try {
      const page = await fetch(`${open.url}/graphql`, { headers: html });
      expect(optionsOf(await page.text()).headers).toBeUndefined();
      const refused = await fetch(`${shut.url}/graphql`, { headers: html });
      expect(refused.headers.get('content-type') ?? '').not.toContain('html');
    } finally {
      await Promise.all([open.server.close(), shut.server.close()]);
    }
  });

  it('names documents so that their ids are fit', () => {
    for (const { query } of exampleOperations('Zoë <b>')) expect(query).not.toMatch(/"[^"]*[<ë][^"]*"/);
  });
});
