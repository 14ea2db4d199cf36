import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  AddCollaboratorDocument,
  CreateDocumentDocument,
  StartProcessingDocument,
} from '../../src/sdk/generated.ts';
import { type BrowserStage, browserAvailable, inspect, startBrowserStage } from '../support/browser.ts';
import { createSocketClient } from '../support/socket-client.ts';
import { type TokenOptions, tokenFor } from '../support/tokens.ts';

describe.skipIf(!browserAvailable)('the console outside of development mode (chromium on PATH)', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await startBrowserStage({});
    const client = createSocketClient({
      url: stage.server.url,
      token: () => tokenFor('ada', { name: 'Ada' }),
      webSocket: WebSocket,
    });
    const content = 'Card number 4111 1111 1111 1111, please.';
    await client.request(CreateDocumentDocument, { input: { id: 'bill', title: 'Bill', content } });
    await client.request(AddCollaboratorDocument, { documentId: 'bill', userId: 'vera', role: 'VIEWER' });
    await client.request(StartProcessingDocument, { documentId: 'bill', request: {} });
    await client.close();
  });
  afterAll(() => stage?.close());

  const signIn = async (path: string, user: string, options: TokenOptions): Promise<Page> => {
    const page = await stage.visit(path);
    await page.getByLabel('Token').fill(await tokenFor(user, options));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
    return page;
  };
  /** The browser itself notes that there is nothing at /api/demo-users. */
  const leave = async () => (await stage.leave()).filter((complaint) => !complaint.includes('404'));

  it('offers no demo users', async () => {
    const page = await stage.visit('/');
    await page.getByLabel('Token').waitFor();
    await page.waitForLoadState('networkidle');
    expect(await page.getByRole('button').allTextContents()).toEqual(['Sign in']);
    expect(await leave()).toEqual([]);
  });

  it('shows an administrator how the server does', async () => {
    const page = await signIn('/operations', 'root', { roles: ['admin'] });
    await page.getByText('All in all healthy').waitFor();
    expect(await leave()).toEqual([]);
  });

  it('tells everybody else why not, and shows them the alerts of their documents', async () => {
    const page = await signIn('/operations', 'vera', { name: 'Vera' });
    await page.getByText('FORBIDDEN', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Bill' }).waitFor();
    expect(await inspect(page, 'operations-forbidden')).toEqual([]);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.locator('.alert').getByText('FORBIDDEN', { exact: true }).waitFor();
    expect(await leave()).toEqual([]);
  });

  it('offers who may only read nothing that changes', async () => {
    const page = await signIn('/documents/bill', 'vera', { name: 'Vera' });
    await page.getByText('What was found').waitFor();
    expect(await page.getByRole('button', { name: /Process|Retry|Cancel/ }).count()).toBe(0);
    expect(await leave()).toEqual([]);
  });
});
