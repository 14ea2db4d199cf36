import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Quire from '../../src/sdk/index.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

/** What a page has when the client was loaded into it. */
declare const quire: typeof Quire;

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]);

/** Where the browser is. Throws when there is none, and says what to do. */
function browserPath(): string {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next one.
    }
  }
  throw new Error(
    'No Chromium is on the PATH: install it (apt-get install chromium) to test the client in a browser.',
  );
}

let server: TestServer;
let browser: Browser;
let page: Page;
let token: string;

beforeAll(async () => {
  server = await startServer();
  token = await tokenFor('ada');
  browser = await chromium.launch({ executablePath: browserPath(), args: ARGUMENTS });
  const { outputFiles } = await build({
    entryPoints: [new URL('../../src/sdk/index.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'quire',
    platform: 'browser',
  });
  page = await browser.newPage();
  // Any page of the server's origin will do.
  await page.goto(`${server.url}/health/live`);
  await page.evaluate(`${outputFiles[0]?.text}; globalThis.quire = quire;`);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

describe('the client in a browser', () => {
  it.each(['websocket', 'sse', 'polling'] as const)('[P4] reads a log over %s', async (transport) => {
    const seen = await page.evaluate(
      async ({ url, transport, token }) => {
        const client = quire.createQuireClient({ url, token: async () => token, transports: [transport] });
        const { createDocument } = await client.operations.CreateDocument({ input: { title: 'Notes' } });
        const change = { changeType: 'INSERT', position: 0, content: 'Grüße 🎈' } as const;
        const variables = { documentId: createDocument.id, after: 0, echo: true };
        const seen: (number | string)[] = [];
        const writing = (async () => {
          for (let count = 0; count < 5; count += 1)
            await client.operations.ApplyDocumentChange({ documentId: createDocument.id, change });
        })();
        for await (const { documentChanges } of client.operations.DocumentChanges(variables)) {
          seen.push(documentChanges.revision, documentChanges.content);
          if (documentChanges.revision === 5) break;
        }
        await writing;
        await client.close();
        return seen;
      },
      { url: server.url, transport, token },
    );
    expect(seen).toEqual([1, 2, 3, 4, 5].flatMap((revision) => [revision, 'Grüße 🎈']));
  });

  it('tells the progress of an upload, and why one was refused', async () => {
    const { told, title, code, size } = await page.evaluate(
      async ({ url, token }) => {
        const client = quire.createQuireClient({ url, token: async () => token });
        const told: { sent: number; total: number }[] = [];
        const onProgress = (progress: { sent: number; total: number }): void => void told.push(progress);
        const file = new File(['x'.repeat(3_000_000)], 'größe.txt');
        const { title } = await client.uploads.send(file, { onProgress });
        const code: unknown = await client.uploads
          .send(new File([], 'a.txt'), { onProgress: () => {} })
          .catch((error: unknown) => error instanceof quire.OperationError && error.code);
        await client.close();
        return { told, title, code, size: file.size };
      },
      { url: server.url, token },
    );
    expect([title, code]).toEqual(['größe', 'BAD_USER_INPUT']);
    const last = told.at(-1);
    expect(last?.sent).toBe(last?.total);
    expect(last?.total).toBeGreaterThan(size);
  });

  it('ends an upload with its signal', async () => {
    const reason = await page.evaluate(
      async ({ url, token }) => {
        const client = quire.createQuireClient({ url, token: async () => token });
        const controller = new AbortController();
        const file = new File(['x'.repeat(3_000_000)], 'a.txt');
        const sending = client.uploads.send(file, {
          signal: controller.signal,
          onProgress: () => controller.abort(new Error('enough')),
        });
        const reason: unknown = await sending.catch(
          (error: unknown) => error instanceof Error && error.message,
        );
        await client.close();
        return reason;
      },
      { url: server.url, token },
    );
    expect(reason).toBe('enough');
  });

  it('knows when the network is gone, and when it is there again', async () => {
    await page.evaluate(
      async ({ url, token }) => {
        const client = quire.createQuireClient({ url, token: async () => token });
        const states: string[] = [];
        client.connection.subscribe(({ state }) => states.push(state));
        const asked = await client.operations.Viewer();
        Object.assign(globalThis, { kept: { client, states, asked } });
      },
      { url: server.url, token },
    );
    await page.context().setOffline(true);
    await page.waitForFunction('kept.states.at(-1) === "offline"');
    await page.context().setOffline(false);
    await page.waitForFunction('kept.states.at(-1) !== "offline"');
    const states = await page.evaluate<string[]>(
      'kept.client.operations.Viewer().then(() => kept.client.close()).then(() => kept.states)',
    );
    expect(states[0]).toBe('connected');
    expect(states).toContain('offline');
    expect(states.slice(-2)).toEqual(['connected', 'closed']);
  });
});
