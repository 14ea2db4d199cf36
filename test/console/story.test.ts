import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeFiles } from '../../scripts/demo/files.ts';
import {
  type BrowserStage,
  browserAvailable,
  inspect,
  signInAs,
  startBrowserStage,
  takePicture,
} from '../support/browser.ts';

const filesForBrowser = async () =>
  Promise.all(
    (await makeFiles()).map(async (file) => ({
      name: file.name,
      mimeType: file.type,
      buffer: Buffer.from(await file.arrayBuffer()),
    })),
  );

describe.skipIf(!browserAvailable)('files in the console (chromium on PATH)', () => {
  let stage: BrowserStage;
  let page: Page;
  /** Another tab, which looks at the alerts from the beginning. */
  let watch: Page;
  beforeAll(async () => {
    stage = await startBrowserStage();
    page = await stage.visit('/');
    watch = await stage.visit('/operations');
    await signInAs(page, 'Ada');
    await signInAs(watch, 'Ada');
  });
  afterAll(() => stage?.close());
  afterEach(async () => {
    expect(stage.complaints()).toEqual([]);
  });

  const goTo = async (name: string): Promise<void> => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  };

  it('have no batch and no alert at first', async () => {
    await watch.getByText('No personal data was found.').waitFor();
    await goTo('Processing');
    await page.getByText('No batch was started in this tab.').waitFor();
    expect(await inspect(page, 'processing-empty')).toEqual([]);
  });

  it('are uploaded and processed together, live to the end', async () => {
    await goTo('Documents');
    await page.getByLabel('Files to upload').setInputFiles(await filesForBrowser());
    await page.getByRole('button', { name: 'Process 10 documents' }).click();
    await page.getByRole('heading', { level: 1, name: 'Processing' }).waitFor();
    const batch = page.getByRole('region', { name: '10 documents' });
    await batch.getByText('Running').first().waitFor();
    await takePicture(page, 'processing-running');

    const ended = batch.getByRole('progressbar', { name: 'Progress of the batch' });
    await batch.getByText('Done, some failed').waitFor();
    expect(await ended.getAttribute('value')).toBe('10');
    await batch.getByText('10 of 10 have ended').waitFor();
    await batch.getByText('1 failed').waitFor();
    await batch.getByText('The Word document is cut off or damaged and cannot be opened.').first().waitFor();
    await batch.getByText('Steps of lighthouse-log').click();
    await batch.getByText('Reading the text out of the file').first().waitFor();
    expect(await inspect(page, 'processing')).toEqual([]);
  });

  it('raise alerts where somebody looks already, each once', async () => {
    const alerts = watch.getByRole('region', { name: 'Alerts' });
    await alerts.getByRole('link', { name: 'bookings' }).first().waitFor();
    await expect.poll(() => alerts.locator('.alert').count(), { timeout: 20_000 }).toBe(5);
    await alerts.getByText('5 alerts to look at').waitFor();
    await alerts.getByText('Severity 9').waitFor();
  });

  it('have alerts that are acknowledged, and stay so', async () => {
    const alerts = watch.getByRole('region', { name: 'Alerts' });
    const worst = alerts.locator('.alert', { hasText: 'Severity 9' });
    await worst.getByRole('button', { name: 'Acknowledge' }).click();
    await worst.getByText('Seen to by Ada').waitFor();
    await alerts.getByText('4 alerts to look at').waitFor();
    await watch.reload();
    await worst.getByText('Seen to by Ada').waitFor();
  });

  it('make the figures of the server move', async () => {
    const chart = watch.getByRole('img', { name: 'Connections over the last 10 minutes' });
    await watch.locator('.figure', { hasText: 'Connections' }).getByText('2', { exact: true }).waitFor();
    await chart.and(watch.locator('[data-samples="3"]')).waitFor({ timeout: 25_000 });
    expect(await chart.locator('canvas').count()).toBe(1);
    await watch.getByRole('region', { name: 'Services' }).getByText('Database').waitFor();
    expect(await inspect(watch, 'operations')).toEqual([]);
  });

  it('are done again by who asks for it, one or all', async () => {
    const batch = page.getByRole('region', { name: '10 documents' });
    const answered = page.waitForResponse((response) =>
      (response.request().postData() ?? '').includes('mutation RetryBatch'),
    );
    await batch.getByRole('button', { name: 'Retry unfinished' }).click();
    expect(await (await answered).json()).toMatchObject({
      data: { retryBatch: { failedItems: 0, processedItems: 9 } },
    });
    await batch.getByText('10 of 10 have ended').waitFor();
    await batch.getByText('Done, some failed').waitFor();
    await batch.getByRole('link', { name: 'clinic-note' }).click();
    await page.getByRole('heading', { level: 1, name: 'clinic-note' }).waitFor();
    await page.getByText('What was found').waitFor();
    await page.getByText('English').waitFor();
    expect(await inspect(page, 'document-processed')).toEqual([]);
  });

  it('can be stopped', async () => {
    await goTo('Documents');
    const text = {
      mimeType: 'text/plain',
      buffer: Buffer.from('A long night at the lighthouse. '.repeat(60_000)),
    };
    await page
      .getByLabel('Files to upload')
      .setInputFiles(['a', 'b', 'c', 'd'].map((name) => ({ ...text, name: `${name}.txt` })));
    await page.getByRole('button', { name: 'Process 4 documents' }).click();
    const batch = page.getByRole('region', { name: '4 documents' });
    await batch.getByRole('button', { name: 'Cancel the batch' }).click();
    await batch.getByText(/[1-4] cancelled/).waitFor();
    await batch.getByRole('button', { name: 'Hide this batch' }).click();
    await batch.waitFor({ state: 'detached' });
  });
});
