import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { developmentAuth } from '../../src/auth/development.ts';
import { signToken } from '../../src/auth/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import {
  type BrowserStage,
  browserAvailable,
  demoToken,
  inspect,
  signInAs,
  startBrowserStage,
} from '../support/browser.ts';

/** Milliseconds that a token is good for which expires while somebody looks. */
const BRIEF_MS = 4_000;

describe.skipIf(!browserAvailable)('signing in to the console (chromium on PATH)', () => {
  let stage: BrowserStage;
  beforeAll(async () => {
    stage = await startBrowserStage();
  });
  afterAll(() => stage?.close());
  afterEach(async () => {
    expect(await stage.leave()).toEqual([]);
  });

  const signInWith = async (page: Page, token: string): Promise<void> => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };

  const focused = (page: Page): Promise<string> =>
    page.evaluate<string>('document.activeElement.textContent');

  it('offers the demo users, and hinders nobody', async () => {
    const page = await stage.visit('/');
    await page.getByRole('button', { name: 'Continue as Linus' }).waitFor();
    expect(await inspect(page, 'sign-in')).toEqual([]);
  });

  it('keeps the token in the tab and in no URL, until one signs out', async () => {
    const page = await stage.visit('/operations');
    const token = await demoToken(stage.server, 'Linus');
    await signInWith(page, token);
    await page.getByRole('heading', { level: 1, name: 'Operations' }).waitFor();
    expect(page.url()).not.toContain(token);
    expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).toBe('{}');

    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Operations' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    expect(await page.title()).toBe('Sign in · Quire');
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain(token);
  });

  it('goes by the keyboard alone', async () => {
    const page = await stage.visit('/');
    const ada = page.getByRole('button', { name: 'Continue as Ada' });
    await ada.waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Continue as Ada');
    await page.keyboard.press('Enter');
    const heading = page.getByRole('heading', { level: 1, name: 'Documents' });
    await heading.waitFor();
    await page.getByRole('link', { name: 'Processing' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Processing' }).waitFor();
    // Who hears the page hears where they are.
    expect(await focused(page)).toBe('Processing');
  });

  it('says what is wrong with a token, and what to do', async () => {
    const page = await stage.visit('/documents');
    await signInWith(page, 'not-a-token');
    await page.getByRole('alert').getByText('UNAUTHENTICATED').waitFor();
    // The browser itself notes each response of 401.
    expect(await stage.leave()).toEqual([expect.stringContaining('401')]);
  });

  it('is asked for again when the token expires, above the page as it is', async () => {
    const auth = await developmentAuth(stage.server.dataDir);
    const page = await stage.visit('/documents');
    await signInWith(page, await signToken(auth, { sub: 'ada', name: 'Ada' }, BRIEF_MS, systemClock));
    await page.getByLabel('Search titles and texts').fill('half a thought');
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.waitFor();
    expect(await inspect(page, 'sign-in-again')).toEqual([]);
    await dialog.getByRole('button', { name: 'Continue as Ada' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.getByLabel('Search titles and texts').inputValue()).toBe('half a thought');
    await page.getByText('Connection: Live').waitFor();
  });

  it('shows nothing of one user to the next', async () => {
    const page = await stage.visit('/documents');
    await signInAs(page, 'Ada');
    await page.getByLabel('Search titles and texts').fill('private');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signInAs(page, 'Linus');
    expect(await page.getByLabel('Search titles and texts').inputValue()).toBe('');
  });
});
