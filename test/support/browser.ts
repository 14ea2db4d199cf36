import { accessSync, constants, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startServer, type TestServer } from './server.ts';

const artifacts = fileURLToPath(new URL('../../.ci/artifacts/', import.meta.url));
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Milliseconds that anything may take to appear, on a busy machine. */
const APPEAR_MS = 20_000;
/** CSS pixels. */
const WIDE = { width: 1280, height: 860 };
const NARROW = { width: 380, height: 780 };

const LOOKS = [
  { look: '', colorScheme: 'light', viewport: WIDE },
  { look: 'dark', colorScheme: 'dark', viewport: WIDE },
  { look: 'narrow', colorScheme: 'light', viewport: NARROW },
  { look: 'narrow-dark', colorScheme: 'dark', viewport: NARROW },
] as const;

const browserPath = NAMES.flatMap((name) =>
  (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)),
).find((path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

/** Whether there is a browser on PATH. */
export const browserAvailable = browserPath !== undefined;

/** A server and a browser; shared by the tests of a file. */
export interface BrowserStage {
  readonly server: TestServer;
  /** Opens a tab of its own, with nothing kept of others. */
  visit(path: string): Promise<Page>;
  /** What pages have complained of since this was asked last: errors of scripts, of the policy, in the console. */
  complaints(): readonly string[];
  /** Closes all tabs. Resolves with their complaints. */
  leave(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts both; the server in development mode, unless its settings say otherwise. Rejects when one does not come up. */
export async function startBrowserStage(
  env: Readonly<Record<string, string>> = { AUTH_SECRET: '' },
): Promise<BrowserStage> {
  if (browserPath === undefined) throw new Error(`None of ${NAMES.join(', ')} is on PATH.`);
  const server = await startServer({ env });
  let browser: Browser;
  try {
    browser = await chromium.launch({ executablePath: browserPath, headless: true, args: ARGUMENTS });
  } catch (error) {
    await server.stop();
    throw error;
  }
  const complaints: string[] = [];
  return {
    server,
    async visit(path) {
      const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce', locale: 'en-GB' });
      context.setDefaultTimeout(APPEAR_MS);
      // Not as a script of the page, which its policy would not let run.
      await context.addInitScript({ path: axe });
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      await page.goto(`${server.url}${path}`);
      return page;
    },
    complaints: () => complaints.splice(0),
    async leave() {
      for (const context of browser.contexts()) await context.close();
      return complaints.splice(0);
    },
    async close() {
      await browser.close();
      await server.stop();
    },
  };
}

/** A token for a demo user, as the console gets it. */
export async function demoToken({ url }: TestServer, name: string): Promise<string> {
  const response = await fetch(`${url}/api/demo-users/${name}`, { method: 'POST' });
  return ((await response.json()) as { readonly token: string }).token;
}

/** Signs in as a demo user, as a person would. */
export async function signInAs(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Continue as ${name}` }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** What axe-core finds wrong with a page that hinders people: its serious and critical violations. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

/** Keeps a picture of a page for people to look at. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: join(artifacts, `console-${name}.png`), fullPage: true });
}

/** What hinders people on a page, in light, in dark and on a small screen, with a picture of each. */
export async function inspect(page: Page, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { look, colorScheme, viewport } of LOOKS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await takePicture(page, look === '' ? name : `${name}-${look}`);
    found.push(...(await violationsOf(page)).map((violation) => `${look} ${violation}`));
    const excess = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    if (excess > 0) found.push(`${look} is ${excess} px wider than the screen`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  return found;
}
