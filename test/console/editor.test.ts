import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createQuireClient, type QuireClient } from '../../src/sdk/client.ts';
import {
  type BrowserStage,
  browserAvailable,
  demoToken,
  inspect,
  signInAs,
  startBrowserStage,
  takePicture,
} from '../support/browser.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';

/** Milliseconds in which a page is back, its longest wait between two tries included. */
const BACK_MS = 40_000;
/** UTF-16 code units that a change may insert. */
const MAX_INSERT_CHARS = 65_536;
/** Key presses that are measured. */
const STROKES = 100;

const LETTER = `Dear keeper,

the lamp was lit at dusk, and a ship passed at midnight.
Write to me at keeper@lighthouse.example when the oil runs low.

Yours,
the harbour master
`;

/** Collects the milliseconds from each input to the end of the task after the frame that shows it. */
const MEASURE = `
  window.strokes = [];
  addEventListener('beforeinput', ({ timeStamp }) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.strokes.push(performance.now() - timeStamp);
      port2.postMessage(null);
    });
  }, true);
`;

/** Resolves when so many inputs are measured. */
const painted = (count: number): string => `new Promise((resolve) => {
  const look = () => (window.strokes.length < ${count} ? requestAnimationFrame(look) : resolve());
  look();
})`;

const textbox = (page: Page) => page.getByRole('textbox', { name: 'Text' });
const people = (page: Page) => page.getByRole('list', { name: 'Who is here' });
/** What stands in the lines, without the names of others' cursors. */
const linesOf = (page: Page): Promise<string> =>
  textbox(page).evaluate((content) =>
    Array.from(content.querySelectorAll('.cm-line'), (line) => {
      const copy = line.cloneNode(true) as Element;
      for (const caret of copy.querySelectorAll('.cm-quire-caret')) caret.remove();
      return copy.textContent;
    }).join('\n'),
  );
const saved = (page: Page) => page.locator('.editor-status[data-status="saved"]');

describe.skipIf(!browserAvailable)('the console’s editor (chromium on PATH)', () => {
  let stage: BrowserStage;
  let ada: QuireClient;
  let proxy: ChaosProxy;
  beforeAll(async () => {
    stage = await startBrowserStage();
    const { server } = stage;
    ada = createQuireClient({
      url: server.url,
      token: () => demoToken(server, 'Ada'),
      webSocket: WebSocket,
    });
    proxy = await startChaosProxy(server.url);
  });
  afterAll(async () => {
    await ada?.close();
    await proxy?.close();
    await stage?.close();
  });
  afterEach(async () => {
    await stage.leave();
  });

  const write = async (id: string, content: string, title = id): Promise<void> => {
    await ada.operations.CreateDocument({ input: { id, title, content } });
  };
  const share = (documentId: string, role: 'EDITOR' | 'VIEWER') =>
    ada.operations.AddCollaborator({ documentId, userId: 'linus', role });
  const serverText = async (id: string) => (await ada.operations.Document({ id })).document?.content;
  const open = async (name: string, id: string, origin?: string): Promise<Page> => {
    const page = await stage.visit(`/documents/${id}`);
    if (origin !== undefined) await page.goto(`${origin}/documents/${id}`);
    await signInAs(page, name);
    await textbox(page).waitFor();
    return page;
  };

  it('lets two people write at once: both end with the same text, and see each other', async () => {
    await write('letter', LETTER, 'A letter to the keeper');
    await share('letter', 'EDITOR');
    const [first, second] = await Promise.all([open('Ada', 'letter'), open('Linus', 'letter')]);
    await people(first).getByText('Linus').waitFor();
    await people(second).getByText('Ada', { exact: true }).waitFor();
    await textbox(first).click();
    await first.keyboard.press('Control+Home');
    await textbox(second).click();
    await second.keyboard.press('Control+End');
    await Promise.all([
      first.keyboard.type('Monday. ', { delay: 20 }),
      second.keyboard.type('PS: bring oil.', { delay: 20 }),
    ]);
    await people(first).getByText('typing…').waitFor();
    await textbox(first).locator('.cm-quire-name', { hasText: 'Linus' }).waitFor({ state: 'attached' });
    await textbox(second).locator('.cm-quire-name', { hasText: 'Ada' }).waitFor({ state: 'attached' });
    await takePicture(first, 'editor');
    const whole = `Monday. ${LETTER}PS: bring oil.`;
    await expect.poll(() => linesOf(first)).toBe(whole);
    await expect.poll(() => linesOf(second)).toBe(whole);
    await expect.poll(() => serverText('letter')).toBe(whole);
    await Promise.all([saved(first).waitFor(), saved(second).waitFor()]);
    expect(await inspect(first, 'editor-looks')).toEqual([]);

    await first.keyboard.press('Control+z');
    await expect.poll(() => linesOf(second)).toBe(`${LETTER}PS: bring oil.`);
    expect(await stage.leave()).toEqual([]);
  });

  it('keeps what is typed while the network is away, and sends it after', { timeout: 120_000 }, async () => {
    await write('log', 'Log.\n');
    await share('log', 'EDITOR');
    const away = await open('Linus', 'log', proxy.url);
    const there = await open('Ada', 'log');
    await textbox(away).click();
    await away.keyboard.press('Control+End');
    await away.keyboard.type('Before. ');
    await saved(away).waitFor();
    proxy.down();
    await away.keyboard.type('Meanwhile. ');
    await away.getByText('What you type is kept in this browser').waitFor();
    await textbox(there).click();
    await there.keyboard.press('Control+Home');
    await there.keyboard.type('Ada’s ');
    await saved(there).waitFor();
    await away.keyboard.type('Still.');
    proxy.up();
    await saved(away).waitFor({ timeout: BACK_MS });
    const whole = 'Ada’s Log.\nBefore. Meanwhile. Still.';
    await expect.poll(() => linesOf(away)).toBe(whole);
    await expect.poll(() => linesOf(there)).toBe(whole);
    expect(await serverText('log')).toBe(whole);
    // The browser itself notes each connection that fails.
    expect((await stage.leave()).filter((complaint) => !complaint.includes('net::ERR_'))).toEqual([]);
  });

  it('tells who may not go on, and leaves them the text to read', async () => {
    await write('secret', 'Not for long.');
    await share('secret', 'EDITOR');
    const page = await open('Linus', 'secret');
    await textbox(page).click();
    await page.keyboard.press('Control+End');
    await ada.operations.RemoveCollaborator({ documentId: 'secret', userId: 'linus' });
    await page.getByRole('alert').getByText('Your access to this document was taken away.').waitFor();
    await page.keyboard.type('Lost?');
    expect(await linesOf(page)).toBe('Not for long.');
    expect(await textbox(page).getAttribute('aria-readonly')).toBe('true');
    expect(await inspect(page, 'editor-ended')).toEqual([]);
    expect(await stage.leave()).toEqual([]);
  });

  it('tells that the document was deleted', async () => {
    await write('gone', 'Short.');
    const page = await open('Ada', 'gone');
    await ada.operations.DeleteDocument({ id: 'gone' });
    await page.getByRole('alert').getByText('This document was deleted.').waitFor();
    expect(await linesOf(page)).toBe('Short.');
    expect(await stage.leave()).toEqual([]);
  });

  it('shows who may only read what others write', async () => {
    await write('notice', 'No swimming.');
    await share('notice', 'VIEWER');
    const page = await open('Linus', 'notice');
    await page.getByText('Live, read only').waitFor();
    await textbox(page).click();
    await page.keyboard.type('Really?');
    await ada.operations.ApplyDocumentChange({
      documentId: 'notice',
      change: { changeType: 'INSERT', position: 0, content: 'Here: ' },
    });
    await expect.poll(() => linesOf(page)).toBe('Here: No swimming.');
    expect(await stage.leave()).toEqual([]);
  });

  it('is shared by its owner, and others see with whom', async () => {
    await write('plan', 'A plan.');
    const page = await open('Ada', 'plan');
    await page.getByRole('button', { name: 'Share' }).click();
    const dialog = page.getByRole('dialog', { name: 'Share' });
    await dialog.getByLabel('User id').fill('linus');
    await dialog.getByRole('button', { name: 'Add' }).click();
    const role = dialog.getByLabel('Role of linus', { exact: false });
    await role.waitFor();
    expect(await inspect(page, 'share')).toEqual([]);
    const linus = await open('Linus', 'plan');
    await role.selectOption('Viewer');
    await expect
      .poll(async () => (await ada.operations.Document({ id: 'plan' })).document?.collaborators)
      .toContainEqual(expect.objectContaining({ role: 'VIEWER' }));
    await linus.getByRole('button', { name: 'Who has access' }).click();
    const list = linus.getByRole('dialog', { name: 'Who has access' });
    await list.getByText('Viewer').waitFor();
    expect(await list.getByRole('button').allTextContents()).toEqual(['Close']);

    await dialog.getByRole('button', { name: /Remove linus/i }).click();
    await role.waitFor({ state: 'detached' });
    await linus.getByText('Your access to this document was taken away.').waitFor();
    expect(await linesOf(linus)).toBe('A plan.');
    // Somebody has to own it.
    await dialog.getByRole('button', { name: 'Remove Ada' }).click();
    await dialog.getByRole('alert').waitFor();
    expect(await stage.leave()).toEqual([]);
  });

  it('is quick in a long text', { timeout: 120_000 }, async () => {
    const line = 'The keeper wrote down each ship that passed, and the hour, and the wind.\n';
    const content = line.repeat(Math.ceil(1_000_000 / line.length));
    await write('long', '');
    for (let position = 0; position < content.length; position += MAX_INSERT_CHARS) {
      const part = content.slice(position, position + MAX_INSERT_CHARS);
      await ada.operations.ApplyDocumentChange({
        documentId: 'long',
        change: { changeType: 'INSERT', position, content: part },
      });
    }
    const page = await open('Ada', 'long');
    await textbox(page).click();
    await page.evaluate(MEASURE);
    for (let stroke = 0; stroke < STROKES; stroke += 1) {
      await page.keyboard.type('x');
      await page.evaluate(painted(stroke + 1));
    }
    const strokes = (await page.evaluate<number[]>('window.strokes')).toSorted((a, b) => a - b);
    const [p50, p95] = [0.5, 0.95].map((share) => strokes[Math.floor(share * strokes.length)] ?? 0);
    console.log(
      `Input to paint in ${content.length} characters: p50 ${p50?.toFixed(1)} ms, p95 ${p95?.toFixed(1)} ms of ${strokes.length}.`,
    );
    await saved(page).waitFor();
    const kept = (await serverText('long')) ?? '';
    expect(kept.length).toBe(content.length + STROKES);
    expect(kept.replaceAll('x'.repeat(STROKES), '')).toBe(content);
    expect(await stage.leave()).toEqual([]);
  });
});
