import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CreateDocumentDocument, StartProcessingDocument } from '../../src/sdk/generated.ts';
import {
  type BrowserStage,
  browserAvailable,
  demoToken,
  inspect,
  signInAs,
  startBrowserStage,
} from '../support/browser.ts';
import { createSocketClient } from '../support/socket-client.ts';

/** Milliseconds in which a page is back, its longest wait between two tries included. */
const BACK_MS = 40_000;

describe.skipIf(!browserAvailable)('the console while the server is away (chromium on PATH)', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await startBrowserStage();
  });
  afterAll(() => stage?.close());

  it('says so, comes back by itself, and misses no alert', { timeout: 120_000 }, async () => {
    const { server } = stage;
    const raise = async (id: string): Promise<void> => {
      const client = createSocketClient({
        url: server.url,
        token: () => demoToken(server, 'Ada'),
        webSocket: WebSocket,
      });
      const content = 'Card number 4111 1111 1111 1111, please.';
      await client.request(CreateDocumentDocument, { input: { id, title: id, content } });
      await client.request(StartProcessingDocument, { documentId: id, request: {} });
      await client.close();
    };
    const operations = await stage.visit('/operations');
    const documents = await stage.visit('/documents');
    await signInAs(operations, 'Ada');
    await signInAs(documents, 'Ada');
    await documents.getByText('There are no documents yet.').waitFor();
    await raise('before');
    const alerts = operations.getByRole('region', { name: 'Alerts' });
    await alerts.getByRole('link', { name: 'before' }).waitFor();

    await server.kill();
    await operations.getByText('Connection: Reconnecting…').waitFor();
    await documents.getByLabel('Search titles and texts').fill('before');
    await documents.getByText('CONNECTION', { exact: true }).waitFor();
    expect(await inspect(documents, 'documents-away')).toEqual([]);

    await server.restart();
    await raise('while-away');
    await operations.getByText('Connection: Live').waitFor({ timeout: BACK_MS });
    await alerts.getByRole('link', { name: 'while-away' }).waitFor();
    expect(await alerts.locator('.alert').count()).toBe(2);
    await documents.getByRole('button', { name: 'Try again' }).click();
    await documents.getByText('1 document found').waitFor();
    await stage.leave();
  });

  it('keeps the token of who loads it before the server has come back', { timeout: 120_000 }, async () => {
    const page = await stage.visit('/documents');
    await signInAs(page, 'Ada');
    // The page comes, and what it asks for does not.
    await page.route('**/graphql', (route) => route.abort());
    await page.reload();
    await page.getByText('CONNECTION', { exact: true }).waitFor();
    expect(await inspect(page, 'sign-in-away')).toEqual([]);
    await page.unroute('**/graphql');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 1, name: 'Documents' }).waitFor();
    await stage.leave();
  });

  it('goes on when the server has another secret by then', { timeout: 120_000 }, async () => {
    const { server } = stage;
    const page = await stage.visit('/documents');
    await signInAs(page, 'Ada');
    await page.getByText('Connection: Live').waitFor();
    await server.kill();
    await rm(join(server.dataDir, 'dev-secret'));
    await server.restart();
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.getByRole('button', { name: 'Continue as Ada' }).click({ timeout: BACK_MS });
    await page.getByText('Connection: Live').waitFor({ timeout: BACK_MS });
    await page.getByRole('link', { name: 'Operations' }).click();
    await page.getByText('All in all healthy').waitFor();
  });
});
