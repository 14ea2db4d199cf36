import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CreateDocumentDocument } from '../../src/sdk/generated.ts';
import {
  type BrowserStage,
  browserAvailable,
  demoToken,
  inspect,
  signInAs,
  startBrowserStage,
} from '../support/browser.ts';
import { createSocketClient, type SocketClient } from '../support/socket-client.ts';

/** More than the two parts that the list is asked for in. */
const MANY = 45;
const HOSTILE = '<img src=x onerror="document.title=1"><b>bold</b>';

const textFile = (name: string, text: string) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from(text),
});

describe.skipIf(!browserAvailable)('the console’s documents (chromium on PATH)', () => {
  let stage: BrowserStage;
  let linus: SocketClient;
  let page: Page;
  beforeAll(async () => {
    stage = await startBrowserStage();
    const { server } = stage;
    linus = createSocketClient({
      url: server.url,
      token: () => demoToken(server, 'Linus'),
      webSocket: WebSocket,
    });
  });
  afterAll(async () => {
    await linus?.close();
    await stage?.close();
  });
  beforeEach(async () => {
    page = await stage.visit('/');
  });
  afterEach(async () => {
    expect(await stage.leave()).toEqual([]);
  });

  const create = async (title: string, text: string): Promise<void> => {
    await page.getByRole('button', { name: 'New document' }).click();
    await page.getByLabel('Title', { exact: true }).fill(title);
    await page.getByLabel('Text (may be empty)').fill(text);
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
  };
  const list = () => page.getByRole('region', { name: 'Documents' });

  it('are made, listed, opened, and found by their text', async () => {
    await signInAs(page, 'Ada');
    await page.getByText('There are no documents yet.').waitFor();
    expect(await inspect(page, 'documents-empty')).toEqual([]);
    await page.getByRole('button', { name: 'New document' }).click();
    expect(await inspect(page, 'document-new')).toEqual([]);
    await page.keyboard.press('Escape');

    await create('Lighthouse', 'The lamp was lit at dusk.\n\nA ship passed at midnight.');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Lighthouse');
    expect(await inspect(page, 'document')).toEqual([]);
    await page.getByRole('link', { name: 'All documents' }).click();
    await create('Garden', 'Roses and thyme.');
    await page.goBack();
    await list().getByText('2 documents').waitFor();

    await page.getByLabel('Search titles and texts').fill('garden');
    await list().getByText('1 document found').waitFor();
    // A text is found about two seconds after its change.
    await expect
      .poll(
        async () => {
          await page.getByLabel('Search titles and texts').fill('');
          await list().getByText('2 documents').waitFor();
          await page.getByLabel('Search titles and texts').fill('midni');
          await list()
            .getByText(/documents? found|Nothing is found/)
            .waitFor();
          return list().getByRole('link').allTextContents();
        },
        { timeout: 20_000 },
      )
      .toEqual(['Lighthouse']);
    await page.getByLabel('Search titles and texts').fill('nowhere to be found');
    await page.getByText('Nothing is found for “nowhere to be found”.').waitFor();
  });

  it('are shown as text, whatever they are called', async () => {
    await signInAs(page, 'Ada');
    await create(HOSTILE, HOSTILE);
    expect(await page.title()).toBe(`${HOSTILE} · Quire`);
    expect(await page.getByRole('textbox', { name: 'Text' }).textContent()).toBe(HOSTILE);
    await page.getByRole('link', { name: 'All documents' }).click();
    await list().getByRole('link', { name: HOSTILE }).waitFor();
    expect(await page.locator('main img, main b').count()).toBe(0);
  });

  it('come part by part', async () => {
    for (let n = 1; n <= MANY; n += 1)
      await linus.request(CreateDocumentDocument, { input: { title: `Note ${n}`, content: `${n}` } });
    await signInAs(page, 'Linus');
    await list().getByText(`${MANY} documents`).waitFor();
    expect(await list().getByRole('link').count()).toBe(20);
    const more = page.getByRole('button', { name: 'Show more' });
    await more.click();
    await list().getByRole('link', { name: 'Note 6', exact: true }).waitFor();
    await more.click();
    await list().getByRole('link', { name: 'Note 1', exact: true }).waitFor();
    expect(await list().getByRole('link').count()).toBe(MANY);
    expect(await more.count()).toBe(0);
  });

  it('are uploaded, several at a time, and those that the server refuses say why', async () => {
    await signInAs(page, 'Ada');
    const files = ['one', 'two', 'three', 'four'].map((name) => textFile(`${name}.txt`, `This is ${name}.`));
    await page.getByLabel('Files to upload').setInputFiles([...files, textFile('empty.txt', '')]);
    await page.getByRole('button', { name: 'Process 4 documents' }).waitFor();
    await page.getByRole('button', { name: 'Try again to upload empty.txt' }).waitFor();
    expect(await inspect(page, 'documents-uploaded')).toEqual([]);
    await list().getByRole('link', { name: 'four', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Clear the list' }).click();
    await page.getByRole('heading', { name: 'Uploads' }).waitFor({ state: 'detached' });
  });

  it('are uploaded when they are dropped', async () => {
    await signInAs(page, 'Ada');
    await list().waitFor();
    const transfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['dropped'], 'dropped.md', { type: 'text/markdown' }));
      return transfer;
    })()`);
    await page.locator('header.top').dispatchEvent('dragover', { dataTransfer: transfer });
    await page.locator('.drop.over').waitFor();
    await page.locator('header.top').dispatchEvent('drop', { dataTransfer: transfer });
    await page.getByRole('button', { name: 'Process 1 document' }).waitFor();
  });

  it('are not there when they are another’s, and one is told', async () => {
    await linus.request(CreateDocumentDocument, { input: { id: 'hidden', title: 'Hidden', content: 'x' } });
    await signInAs(page, 'Ada');
    await page.goto(`${stage.server.url}/documents/hidden`);
    await page.getByText('There is no such document.').waitFor();
    expect(await inspect(page, 'document-missing')).toEqual([]);
  });
});
