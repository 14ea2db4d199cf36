import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  AddCollaboratorDocument,
  CreateDocumentDocument,
  DocumentTextDocument,
} from '../../../src/sdk/generated.ts';
import { type ChaosProxy, startChaosProxy } from '../../support/chaos-proxy.ts';
import { createClient, type TestClient } from '../../support/client.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { tokenFor } from '../../support/tokens.ts';
import { browserPath, type PageBench, startPageBench } from './bench.ts';
import type { PageWindow } from './page.ts';

const PATIENCE = { timeout: 15_000 };

describe.skipIf(browserPath === undefined)('an editor in a browser (chromium on the PATH)', () => {
  let bench: PageBench;
  let server: TestServer;
  let network: ChaosProxy;
  let owner: TestClient;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    bench = await startPageBench();
    server = await startServer({ env: { ALLOWED_ORIGINS: bench.origin } });
    network = await startChaosProxy(server.url);
    owner = createClient({ url: server.url, userId: 'ada' });
  }, 60_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
    network.up();
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await owner.close();
    await network.close();
    await server.stop();
    await bench.close();
  });

  async function createDocument(id: string, content: string): Promise<void> {
    await owner.request(CreateDocumentDocument, { input: { id, title: id, content } });
    await owner.request(AddCollaboratorDocument, { documentId: id, userId: 'linus', role: 'EDITOR' });
  }

  const stored = async (id: string): Promise<string | undefined> =>
    (await owner.request(DocumentTextDocument, { id })).document?.content;

  async function sitDown(): Promise<BrowserContext> {
    const context = await bench.browser.newContext();
    contexts.push(context);
    return context;
  }

  /** Opens the editor in a tab. */
  async function openTab(context: BrowserContext, user: string, documentId: string): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.goto(bench.origin);
    await page.waitForFunction(
      () => 'open' in window && typeof (window as unknown as PageWindow).open === 'function',
    );
    const token = await tokenFor(user, { name: user === 'ada' ? 'Ada' : 'Linus' });
    await page.evaluate((options) => (window as unknown as PageWindow).open(options), {
      url: network.url,
      token,
      documentId,
      owner: user,
    });
    return page;
  }

  const shown = (page: Page): Promise<string> =>
    page.evaluate(() => (window as unknown as PageWindow).editor.state.doc.toString());
  const shared = (page: Page): Promise<string> =>
    page.evaluate(() => (window as unknown as PageWindow).text.text);
  const status = (page: Page): Promise<string> =>
    page.evaluate(() => (window as unknown as PageWindow).text.status.current);
  const drafts = (page: Page): Promise<number> =>
    page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const opening = indexedDB.open('quire-drafts-ada');
          opening.onerror = () => reject(new Error('no database'));
          opening.onsuccess = () => {
            const count = opening.result.transaction('drafts').objectStore('drafts').count();
            count.onsuccess = () => resolve(count.result);
          };
        }),
    );

  it('[P3] two people type in two browsers, see each other’s text and caret, and undo their own', async () => {
    await createDocument('typed', 'Hello');
    const ada = await openTab(await sitDown(), 'ada', 'typed');
    const linus = await openTab(await sitDown(), 'linus', 'typed');
    await ada.keyboard.press('Control+End');
    await ada.keyboard.type(', world');
    await ada.keyboard.press('Enter');
    await expect.poll(() => shown(linus), PATIENCE).toBe('Hello, world\n');
    await expect.poll(() => linus.locator('.cm-quire-name').first().textContent(), PATIENCE).toMatch(/^Ada/);
    await linus.keyboard.press('Control+Home');
    await linus.keyboard.type('>> ');
    await expect.poll(() => shown(ada), PATIENCE).toBe('>> Hello, world\n');
    await ada.keyboard.press('Control+z');
    await ada.keyboard.press('Control+z');
    await expect.poll(() => shown(linus), PATIENCE).toBe('>> Hello');
    await ada.keyboard.press('Control+y');
    await linus.keyboard.insertText('日本 🎈');
    await expect.poll(() => status(ada), PATIENCE).toBe('saved');
    await expect.poll(() => status(linus), PATIENCE).toBe('saved');
    const now = await stored('typed');
    expect(now).toMatch(/^>> 日本 🎈Hello, world/);
    await expect
      .poll(() => Promise.all([shown(ada), shown(linus), shared(ada)]), PATIENCE)
      .toEqual([now, now, now]);
  });

  it('[P2] what was typed offline outlives the tab, and is applied once; each tab has a draft of its own', async () => {
    await createDocument('drafted', 'start\n');
    const context = await sitDown();
    const first = await openTab(context, 'ada', 'drafted');
    const second = await openTab(context, 'ada', 'drafted');
    network.down();
    await expect
      .poll(() => Promise.all([status(first), status(second)]), PATIENCE)
      .toEqual(['offline', 'offline']);
    await first.bringToFront();
    await first.keyboard.press('Control+Home');
    await first.keyboard.type('one ');
    await second.bringToFront();
    await second.keyboard.press('Control+Home');
    await second.keyboard.type('two ');
    await expect.poll(() => drafts(first), PATIENCE).toBe(2);
    // The last words are written half a second after they were typed.
    await expect
      .poll(() => Promise.all([draftTexts(first), shared(first), shared(second)]), PATIENCE)
      .toEqual([['one ', 'two '], 'one start\n', 'two start\n']);
    await Promise.all([first.close(), second.close()]);
    expect(await stored('drafted')).toBe('start\n');

    network.up();
    const third = await openTab(context, 'ada', 'drafted');
    await expect.poll(() => status(third), PATIENCE).toBe('saved');
    const fourth = await openTab(context, 'ada', 'drafted');
    await expect.poll(() => status(fourth), PATIENCE).toBe('saved');
    await expect.poll(() => stored('drafted'), PATIENCE).toMatch(/^(one two |two one )start\n$/);
    await expect.poll(() => shown(third), PATIENCE).toBe(await stored('drafted'));
    await expect.poll(() => drafts(fourth), PATIENCE).toBe(0);
    // Another look finds nothing to apply.
    await third.close();
    const fifth = await openTab(context, 'ada', 'drafted');
    expect(await shown(fifth)).toBe(await stored('drafted'));
  });

  /** What the drafts hold that was typed, in order. */
  const draftTexts = (page: Page): Promise<string[]> =>
    page.evaluate(
      () =>
        new Promise<string[]>((resolve, reject) => {
          const opening = indexedDB.open('quire-drafts-ada');
          opening.onerror = () => reject(new Error('no database'));
          opening.onsuccess = () => {
            const all = opening.result.transaction('drafts').objectStore('drafts').getAll();
            all.onsuccess = () => {
              type Kept = {
                inFlight: { splices: { content: string }[] } | null;
                buffer: { content: string }[];
              };
              const texts = (all.result as Kept[]).map(({ inFlight, buffer }) =>
                [...(inFlight?.splices ?? []), ...buffer].map(({ content }) => content).join(''),
              );
              resolve(texts.sort());
            };
          };
        }),
    );
});
