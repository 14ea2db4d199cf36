/// <reference lib="dom" />
// What runs in the browser: an editor of a shared text, as an app would have it.
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { createQuireClient } from '../../../src/sdk/client.ts';
import { sharedText } from '../../../src/sdk/codemirror/index.ts';
import { indexedDbDrafts } from '../../../src/sdk/text/indexeddb-drafts.ts';
import type { SharedText } from '../../../src/sdk/text/types.ts';

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
  const client = createQuireClient({ url, token: async () => token, random: () => 0.1 });
  page.text = await client.document(documentId, { drafts: indexedDbDrafts({ owner }) });
  const state = EditorState.create({ doc: page.text.doc, extensions: [sharedText(page.text)] });
  page.editor = new EditorView({ state, parent: document.body });
  page.editor.focus();
};
