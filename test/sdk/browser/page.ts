/// <reference lib="dom" />
// What runs in the browser: an editor of a shared text, as an app would have it.
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { sharedText } from '../../../src/sdk/codemirror/index.ts';
import { createSocketClient } from '../../../src/sdk/socket-client.ts';
import { indexedDbDrafts } from '../../../src/sdk/text/indexeddb-drafts.ts';
import { createSharedText, type SharedText } from '../../../src/sdk/text/shared-text.ts';
import { socketLink } from '../../../src/sdk/text/socket-link.ts';

export interface PageOptions {
  readonly url: string;
  readonly token: string;
  readonly documentId: string;
  readonly owner: string;
}

/** What a test gets hold of. */
export interface PageWindow {
  open(options: PageOptions): Promise<void>;
  text: SharedText;
  editor: EditorView;
}

const page = window as unknown as PageWindow;

page.open = async ({ url, token, documentId, owner }) => {
  const client = createSocketClient({ url, token: async () => token, clientId: crypto.randomUUID() });
  const link = socketLink(client, documentId, { retryMs: 100 });
  page.text = await createSharedText(link, { drafts: indexedDbDrafts({ owner }) });
  const state = EditorState.create({ doc: page.text.doc, extensions: [sharedText(page.text)] });
  page.editor = new EditorView({ state, parent: document.body });
  page.editor.focus();
};
