import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, inspect, takePicture } from '../support/browser.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import {
  type EditorStage,
  eventually,
  linesOf,
  people,
  saved,
  startEditorStage,
  textbox,
} from '../support/editor.ts';

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

describe.skipIf(!browserAvailable)('the console’s editor (chromium on PATH)', () => {
  let on: EditorStage;
  let proxy: ChaosProxy;
  beforeAll(async () => {
    on = await startEditorStage();
    proxy = await startChaosProxy(on.stage.server.url);
  });
  afterAll(async () => {
    await proxy?.close();
    await on?.close();
  });
  afterEach(async () => {
    await on.stage.leave();
  });

  it('lets two people write at once: both end with the same text, and see each other', async () => {
    await on.write('letter', LETTER, 'A letter to the keeper');
    await on.share('letter', 'EDITOR');
    const [first, second] = await Promise.all([on.open('Ada', 'letter'), on.open('Linus', 'letter')]);
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
    const whole = `Monday. ${LETTER}PS: bring oil.`;
    await eventually(() => linesOf(first)).toBe(whole);
    await eventually(() => linesOf(second)).toBe(whole);
    await eventually(() => on.serverText('letter')).toBe(whole);
    await Promise.all([saved(first).waitFor(), saved(second).waitFor()]);
    await takePicture(first, 'editor');
    expect(await inspect(first, 'editor-looks')).toEqual([]);

    await first.keyboard.press('Control+z');
    await eventually(() => linesOf(second)).toBe(`${LETTER}PS: bring oil.`);
    expect(await on.stage.leave()).toEqual([]);
  });

  it('keeps what is typed while the network is away, and sends it after', { timeout: 120_000 }, async () => {
    await on.write('log', 'Log.\n');
    await on.share('log', 'EDITOR');
    const away = await on.open('Linus', 'log', proxy.url);
    const there = await on.open('Ada', 'log');
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
    expect(await on.serverText('log')).toBe(whole);
    // The browser itself notes each connection that fails.
    expect((await on.stage.leave()).filter((complaint) => !complaint.includes('net::ERR_'))).toEqual([]);
  });

  it('tells who may not go on, and leaves them the text to read', async () => {
    await on.write('secret', 'Not for long.');
    await on.share('secret', 'EDITOR');
    const page = await on.open('Linus', 'secret');
    await textbox(page).click();
    await page.keyboard.press('Control+End');
    await on.ada.operations.RemoveCollaborator({ documentId: 'secret', userId: 'linus' });
    await page.getByRole('alert').getByText('Your access to this document was taken away.').waitFor();
    await page.keyboard.type('Lost?');
    expect(await linesOf(page)).toBe('Not for long.');
    expect(await textbox(page).getAttribute('aria-readonly')).toBe('true');
    expect(await inspect(page, 'editor-ended')).toEqual([]);
    expect(await on.stage.leave()).toEqual([]);
  });

  it('tells that the document was deleted', async () => {
    await on.write('gone', 'Short.');
    const page = await on.open('Ada', 'gone');
    await on.ada.operations.DeleteDocument({ id: 'gone' });
    await page.getByRole('alert').getByText('This document was deleted.').waitFor();
    expect(await linesOf(page)).toBe('Short.');
    expect(await on.stage.leave()).toEqual([]);
  });

  it('shows who may only read what others write', async () => {
    await on.write('notice', 'No swimming.');
    await on.share('notice', 'VIEWER');
    const page = await on.open('Linus', 'notice');
    await page.getByText('Live, read only').waitFor();
    await textbox(page).click();
    await page.keyboard.type('Really?');
    await on.ada.operations.ApplyDocumentChange({
      documentId: 'notice',
      change: { changeType: 'INSERT', position: 0, content: 'Here: ' },
    });
    await eventually(() => linesOf(page)).toBe('Here: No swimming.');
    expect(await on.stage.leave()).toEqual([]);
  });

  it('is quick in a long text', { timeout: 120_000 }, async () => {
    const line = 'The keeper wrote down each ship that passed, and the hour, and the wind.\n';
    const content = line.repeat(Math.ceil(1_000_000 / line.length));
    await on.write('long', '');
    for (let position = 0; position < content.length; position += MAX_INSERT_CHARS) {
      const part = content.slice(position, position + MAX_INSERT_CHARS);
      await on.ada.operations.ApplyDocumentChange({
        documentId: 'long',
        change: { changeType: 'INSERT', position, content: part },
      });
    }
    const page = await on.open('Ada', 'long');
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
    const kept = (await on.serverText('long')) ?? '';
    expect(kept.length).toBe(content.length + STROKES);
    expect(kept.replaceAll('x'.repeat(STROKES), '')).toBe(content);
    expect(await on.stage.leave()).toEqual([]);
  });
});
