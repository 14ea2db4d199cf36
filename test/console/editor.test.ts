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
/** Milliseconds that anything may take to appear, on a busy machine. */
const APPEAR_MS = 20_000;
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

const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: APPEAR_MS });
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
    await eventually(() => linesOf(first)).toBe(whole);
    await eventually(() => linesOf(second)).toBe(whole);
    await eventually(() => serverText('letter')).toBe(whole);
    await Promise.all([saved(first).waitFor(), saved(second).waitFor()]);
    expect(await inspect(first, 'editor-looks')).toEqual([]);

    await first.keyboard.press('Control+z');
    await eventually(() => linesOf(second)).toBe(`${LETTER}PS: bring oil.`);
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
    await eventually(() => linesOf(away)).toBe(whole);
    await eventually(() => linesOf(there)).toBe(whole);
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
    await eventually(() => linesOf(page)).toBe('Here: No swimming.');
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
    await eventually(
      async () => (await ada.operations.Document({ id: 'plan' })).document?.collaborators,
    ).toContainEqual(expect.objectContaining({ role: 'VIEWER' }));
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

  it('stops who may only read from now on, without a word lost', async () => {
    await write('draft', 'A draft.');
    await share('draft', 'EDITOR');
    const page = await open('Linus', 'draft');
    await textbox(page).click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' Mine.');
    await saved(page).waitFor();
    await ada.operations.ChangeCollaboratorRole({ documentId: 'draft', userId: 'linus', role: 'VIEWER' });
    await page.getByText('Live, read only').waitFor();
    await textbox(page).click();
    await page.keyboard.type('No more.');
    expect(await linesOf(page)).toBe('A draft. Mine.');
    expect(await stage.leave()).toEqual([]);
  });

  it('shows who has written what, and follows when more is written', async () => {
    await write('song', 'First verse. ');
    await share('song', 'EDITOR');
    const [page, linus] = await Promise.all([open('Ada', 'song'), open('Linus', 'song')]);
    await textbox(linus).click();
    await linus.keyboard.press('Control+End');
    await linus.keyboard.type('Second verse.');
    await saved(linus).waitFor();
    await page.getByRole('button', { name: 'Authors' }).click();
    await page.getByRole('list', { name: 'Written by' }).getByText('Linus').waitFor();
    const written = (name: string) => textbox(page).locator(`[title="Written by ${name}"]`);
    await eventually(async () => (await written('Linus').allTextContents()).join('')).toContain('Second');
    expect(await written('Ada').allTextContents()).toEqual(['First verse. ']);
    await linus.keyboard.type(' Third.');
    await eventually(async () => (await written('Linus').allTextContents()).join('')).toContain('Third.');
    expect(await inspect(page, 'editor-authors')).toEqual([]);
    await page.getByRole('button', { name: 'Authors' }).click();
    await written('Ada').first().waitFor({ state: 'detached' });
    expect(await stage.leave()).toEqual([]);
  });

  it('shows what the text was, and goes back to it', async () => {
    await write('tale', 'Once.');
    const change = (position: number, content: string) =>
      ada.operations.ApplyDocumentChange({
        documentId: 'tale',
        change: { changeType: 'INSERT', position, content },
      });
    await change(5, ' Twice.');
    await change(12, ' Thrice.');
    const page = await open('Ada', 'tale');
    await page.getByRole('button', { name: 'History' }).click();
    const history = page.getByRole('region', { name: 'History' });
    const slider = history.getByRole('slider');
    const past = history.getByRole('textbox', { name: 'Text at this revision' });
    await slider.press('ArrowLeft');
    await past.getByText('Once. Twice.', { exact: true }).waitFor();
    await history.getByText('Changed by Ada').waitFor();
    expect(await inspect(page, 'editor-history')).toEqual([]);
    await slider.press('Home');
    await history.getByText('Before the first change').waitFor();
    await slider.press('ArrowRight');
    await past.getByText('Once.', { exact: true }).waitFor();
    await history.getByRole('button', { name: 'Restore this revision' }).click();
    await history.waitFor({ state: 'detached' });
    await eventually(() => linesOf(page)).toBe('Once.');
    expect(await serverText('tale')).toBe('Once.');

    await page.getByRole('button', { name: 'History' }).click();
    await history.getByRole('button', { name: 'Back to the live text' }).click();
    await textbox(page).waitFor();
    expect(await stage.leave()).toEqual([]);
  });

  it('marks what was found where it stands, until the text is another', async () => {
    await write('bill', 'Pay by card 4111 1111 1111 1111.\nOr write to keeper@lighthouse.example.\n');
    const page = await open('Ada', 'bill');
    await page.getByRole('button', { name: 'Process now' }).click();
    const next = page.getByRole('button', { name: 'Next finding' });
    await next.waitFor();
    const marked = textbox(page).locator('.quire-finding');
    await eventually(() => marked.first().textContent()).toContain('4111 1111 1111 1111');
    await next.click();
    await page.getByRole('status').getByText('severity').waitFor();
    expect(await inspect(page, 'editor-findings')).toEqual([]);
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('Please! ');
    // They go along.
    expect(await marked.first().textContent()).toContain('4111 1111 1111 1111');
    await saved(page).waitFor();
    await page.reload();
    await page.getByText('What was found is not marked').waitFor();
    expect(await marked.count()).toBe(0);
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
