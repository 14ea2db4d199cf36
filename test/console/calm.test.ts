import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CreateDocumentDocument } from '../../src/sdk/generated.ts';
import {
  type BrowserStage,
  browserAvailable,
  demoToken,
  signInAs,
  startBrowserStage,
} from '../support/browser.ts';
import { createSocketClient } from '../support/socket-client.ts';

/** Of the cumulative layout shift; up to 0.1 counts as good (web.dev/cls). */
const CALM = 0.1;

/** Sums up how far what stands on a page was moved by what came later. */
const MEASURE = `
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

describe.skipIf(!browserAvailable)('a page of the console (chromium on PATH)', () => {
  let stage: BrowserStage;
  let page: Page;
  beforeAll(async () => {
    stage = await startBrowserStage();
    const { server } = stage;
    const client = createSocketClient({
      url: server.url,
      token: () => demoToken(server, 'Ada'),
      webSocket: WebSocket,
    });
    for (let n = 1; n <= 30; n += 1)
      await client.request(CreateDocumentDocument, {
        input: { id: `n${n}`, title: `Note ${n}`, content: 'Dusk.' },
      });
    await client.close();
    page = await stage.visit('/');
    await signInAs(page, 'Ada');
    await page.addInitScript(MEASURE);
  });
  afterAll(() => stage?.close());

  it.each([
    { path: '/documents', last: 'Show more' },
    { path: '/documents/n1', last: 'It has not been processed yet.' },
    { path: '/processing', last: 'No batch was started in this tab.' },
    { path: '/operations', last: 'No personal data was found.' },
  ])('stands still while it comes: $path', async ({ path, last }) => {
    await page.goto(`${stage.server.url}${path}`);
    await page.getByText(last).waitFor();
    if (path === '/operations') {
      await page.getByText('All in all healthy').waitFor();
      await page.locator('[data-samples="1"] canvas').first().waitFor();
    }
    const shifted = await page.evaluate<number>('window.shifted');
    console.log(`${path} was shifted by ${shifted.toFixed(3)}.`);
    expect(shifted).toBeLessThan(CALM);
    expect(stage.complaints()).toEqual([]);
  });
});
