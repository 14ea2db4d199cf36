import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { browserAvailable, inspect } from '../support/browser.ts';
import {
  type EditorStage,
  eventually,
  linesOf,
  saved,
  startEditorStage,
  textbox,
} from '../support/editor.ts';

describe.skipIf(!browserAvailable)('a document in the console’s editor (chromium on PATH)', () => {
  let on: EditorStage;
  beforeAll(async () => {
    on = await startEditorStage();
  });
  afterAll(async () => {
    await on?.close();
  });
  afterEach(async () => {
    await on.stage.leave();
  });

  it('is shared by its owner, and others see with whom', async () => {
    await on.write('plan', 'A plan.');
    const page = await on.open('Ada', 'plan');
    await page.getByRole('button', { name: 'Share' }).click();
    const dialog = page.getByRole('dialog', { name: 'Share' });
    await dialog.getByLabel('User id').fill('linus');
    await dialog.getByRole('button', { name: 'Add' }).click();
    const role = dialog.getByLabel('Role of linus', { exact: false });
    await role.waitFor();
    expect(await inspect(page, 'share')).toEqual([]);
    const linus = await on.open('Linus', 'plan');
    await role.selectOption('Viewer');
    await eventually(
      async () => (await on.ada.operations.Document({ id: 'plan' })).document?.collaborators,
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
    expect(await on.stage.leave()).toEqual([]);
  });

  it('stops who may only read from now on, without a word lost', async () => {
    await on.write('draft', 'A draft.');
    await on.share('draft', 'EDITOR');
    const page = await on.open('Linus', 'draft');
    await textbox(page).click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' Mine.');
    await saved(page).waitFor();
    await on.ada.operations.ChangeCollaboratorRole({ documentId: 'draft', userId: 'linus', role: 'VIEWER' });
    await page.getByText('Live, read only').waitFor();
    await textbox(page).click();
    await page.keyboard.type('No more.');
    expect(await linesOf(page)).toBe('A draft. Mine.');
    expect(await on.stage.leave()).toEqual([]);
  });

  it('shows who has written what, and follows when more is written', async () => {
    await on.write('song', 'First verse. ');
    await on.share('song', 'EDITOR');
    const [page, linus] = await Promise.all([on.open('Ada', 'song'), on.open('Linus', 'song')]);
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
    expect(await on.stage.leave()).toEqual([]);
  });

  it('shows what the text was, and goes back to it', async () => {
    await on.write('tale', 'Once.');
    const change = (position: number, content: string) =>
      on.ada.operations.ApplyDocumentChange({
        documentId: 'tale',
        change: { changeType: 'INSERT', position, content },
      });
    await change(5, ' Twice.');
    await change(12, ' Thrice.');
    const page = await on.open('Ada', 'tale');
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
    expect(await on.serverText('tale')).toBe('Once.');

    await page.getByRole('button', { name: 'History' }).click();
    await history.getByRole('button', { name: 'Back to the live text' }).click();
    await textbox(page).waitFor();
    expect(await on.stage.leave()).toEqual([]);
  });

  it('marks what was found where it stands, until the text is another', async () => {
    await on.write('bill', 'Pay by card 4111 1111 1111 1111.\nOr write to keeper@lighthouse.example.\n');
    const page = await on.open('Ada', 'bill');
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
    expect(await on.stage.leave()).toEqual([]);
  });
});
