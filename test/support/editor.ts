import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { createQuireClient, type QuireClient } from '../../src/sdk/client.ts';
import { type BrowserStage, demoToken, signInAs, startBrowserStage } from './browser.ts';

/** Milliseconds that anything may take to appear, on a busy machine. */
const APPEAR_MS = 20_000;

/** Expects something of what is read, now or in a while. */
export const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: APPEAR_MS });
/** The text of a page's editor. */
export const textbox = (page: Page) => page.getByRole('textbox', { name: 'Text' });
/** Those who have the document open, as a page shows them. */
export const people = (page: Page) => page.getByRole('list', { name: 'Who is here' });
/** What stands in the lines, without the names of others' cursors. */
export const linesOf = (page: Page): Promise<string> =>
  textbox(page).evaluate((content) =>
    Array.from(content.querySelectorAll('.cm-line'), (line) => {
      const copy = line.cloneNode(true) as Element;
      for (const caret of copy.querySelectorAll('.cm-quire-caret')) caret.remove();
      return copy.textContent;
    }).join('\n'),
  );
/** There when all is saved. */
export const saved = (page: Page) => page.locator('.editor-status[data-status="saved"]');

/** A browser, and Ada, whose documents they are. */
export interface EditorStage {
  readonly stage: BrowserStage;
  readonly ada: QuireClient;
  /** Makes a document of Ada's. */
  write(id: string, content: string, title?: string): Promise<void>;
  /** Gives Linus access to it. */
  share(documentId: string, role: 'EDITOR' | 'VIEWER'): Promise<unknown>;
  serverText(id: string): Promise<string | undefined>;
  /** Signs in at a document's page, by way of a proxy if there is one. */
  open(name: string, id: string, origin?: string): Promise<Page>;
  close(): Promise<void>;
}

/** Starts all that. Rejects when the browser or the server does not come up. */
export async function startEditorStage(): Promise<EditorStage> {
  const stage = await startBrowserStage();
  const { server } = stage;
  const ada = createQuireClient({
    url: server.url,
    token: () => demoToken(server, 'Ada'),
    webSocket: WebSocket,
  });
  return {
    stage,
    ada,
    async write(id, content, title = id) {
      await ada.operations.CreateDocument({ input: { id, title, content } });
    },
    share: (documentId, role) => ada.operations.AddCollaborator({ documentId, userId: 'linus', role }),
    serverText: async (id) => (await ada.operations.Document({ id })).document?.content,
    async open(name, id, origin) {
      const page = await stage.visit(`/documents/${id}`);
      if (origin !== undefined) await page.goto(`${origin}/documents/${id}`);
      await signInAs(page, name);
      await textbox(page).waitFor();
      return page;
    },
    async close() {
      await ada.close();
      await stage.close();
    },
  };
}
