// @vitest-environment happy-dom
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, runScopeHandlers } from '@codemirror/view';
import { afterEach, describe, expect, it } from 'vitest';
import { type SharedTextExtensionOptions, sharedText } from '../../../src/sdk/codemirror/index.ts';
import { createSharedText, type SharedText } from '../../../src/sdk/text/shared-text.ts';
import { randomSplice } from '../../support/edits.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { Random } from '../../support/random.ts';
import { cursorAt, scriptedLink } from '../../support/scripted-link.ts';

const SEEDS = 150;
const open = new Set<{ close(): void | Promise<void> }>();

afterEach(async () => {
  for (const one of open) await one.close();
  open.clear();
});

function show(text: SharedText, options: SharedTextExtensionOptions = {}, more: Extension = []): EditorView {
  const state = EditorState.create({ doc: text.doc, extensions: [sharedText(text, options), more] });
  const view = new EditorView({ state, parent: document.body });
  open.add({ close: () => view.destroy() });
  return view;
}

async function sit(start = '', options: SharedTextExtensionOptions = {}) {
  const server = scriptedLink(start);
  const errors: unknown[] = [];
  let ids = 0;
  const text = await createSharedText(server.link, {
    newChangeId: () => `change-${(ids += 1)}`,
    clock: createManualClock(),
    onError: (error) => errors.push(error),
  });
  const view = show(text, options);
  open.add(text);
  return { server, text, view, errors };
}

const insert = (view: EditorView, from: number, content: string): void =>
  view.dispatch({ changes: { from, insert: content }, userEvent: 'input.type' });

describe('the CodeMirror extension', () => {
  it('edits go both ways, each once', async () => {
    const { server, text, view } = await sit('hello');
    insert(view, 5, ' world');
    expect(text.text).toBe('hello world');
    await text.saved();
    expect([server.text(), server.sent.length]).toEqual(['hello world', 1]);
    server.remote({ position: 0, length: 5, content: 'Good night' });
    await text.reached(2);
    expect(view.state.doc.toString()).toBe('Good night world');
    text.edit({ position: 0, length: 4, content: 'Bad' });
    expect(view.state.doc.toString()).toBe('Bad night world');
    await text.saved();
    expect([server.text(), server.sent.length]).toEqual(['Bad night world', 2]);
  });

  it.each(['\r', '\r\n', '\u2028', '\u2029', '\u0085', 'a\r\rb\n\r'])(
    'every line end but a line feed stays as it is: %j',
    async (end) => {
      const { server, text, view } = await sit(`a${end}b`);
      expect(view.state.doc.toString()).toBe(`a${end}b`);
      // As pasting does it.
      view.dispatch(view.state.replaceSelection(view.state.toText(`x${end}y\n`)));
      server.remote({ position: 0, length: 0, content: `${end}z${end}` });
      await text.saved();
      await text.reached(2);
      expect(server.text()).toBe(`${end}z${end}x${end}y\na${end}b`);
      expect([text.text, view.state.doc.toString()]).toEqual([server.text(), server.text()]);
      expect(view.state.doc.lines).toBe(server.text().split('\n').length);
    },
  );

  it('undo and redo take back one’s own edits, not those of others', async () => {
    const { server, text, view } = await sit('hello');
    insert(view, 5, '!');
    await text.saved();
    server.remote({ position: 0, length: 0, content: '>' });
    await text.reached(2);
    const press = (key: string): boolean =>
      runScopeHandlers(view, new KeyboardEvent('keydown', { key, ctrlKey: true }), 'editor');
    expect(press('z')).toBe(true);
    expect([view.state.doc.toString(), text.text]).toEqual(['>hello', '>hello']);
    expect(press('y')).toBe(true);
    expect([view.state.doc.toString(), text.text]).toEqual(['>hello!', '>hello!']);
    expect(view.state.selection.main.head).toBe(7);
    await text.saved();
    expect(server.text()).toBe('>hello!');
  });

  it('an edit that the text refuses is not made in the editor either, and is told', async () => {
    const codes: string[] = [];
    const { text, view } = await sit('a🎈', { onRefused: ({ code }) => codes.push(code) });
    insert(view, 2, 'x');
    insert(view, 0, 'a\0b');
    expect([view.state.doc.toString(), text.text, codes]).toEqual(['a🎈', 'a🎈', ['BAD_EDIT', 'BAD_EDIT']]);
    // Not even one that passes by the filters stays.
    view.dispatch({ changes: { from: 0, insert: '\0' }, filter: false });
    await expect.poll(() => view.state.doc.toString()).toBe('a🎈');
    insert(view, 0, 'b');
    expect([view.state.doc.toString(), text.text, codes.length]).toEqual(['ba🎈', 'ba🎈', 3]);
  });

  it('a VIEWER sees what happens and changes nothing', async () => {
    const { server, text, view } = await sit('abc', { readOnly: true });
    expect(view.state.readOnly).toBe(true);
    server.remote({ position: 3, length: 0, content: 'd' });
    await text.reached(1);
    expect(view.state.doc.toString()).toBe('abcd');
    expect(runScopeHandlers(view, new KeyboardEvent('keydown', { key: 'z', ctrlKey: true }), 'editor')).toBe(
      true,
    );
    expect(server.sent).toEqual([]);
  });

  it('an editor whose state was made before the text has changed catches up', async () => {
    const { server, text } = await sit('abc');
    const state = EditorState.create({ doc: text.doc, extensions: sharedText(text) });
    server.remote({ position: 3, length: 0, content: 'd' });
    await text.reached(1);
    const view = new EditorView({ state });
    open.add({ close: () => view.destroy() });
    // Before it has caught up, an edit is one of the text that the editor shows.
    insert(view, 0, '>');
    await expect.poll(() => view.state.doc.toString()).toBe('>abcd');
    expect(text.text).toBe('>abcd');
  });

  it('others’ carets have their names and colours, and selections; one’s own place is told', async () => {
    const { server, view } = await sit('0123456789');
    server.people([
      { user: { id: 'linus', name: 'Linus' }, cursor: cursorAt(2, 5), typing: true },
      { user: { id: 'grace', name: '<b>Grace</b>' }, cursor: cursorAt(7), status: 'AWAY' },
      { user: { id: 'ada', name: 'Ada' }, cursor: cursorAt(1) },
    ]);
    const names = () =>
      [...view.dom.querySelectorAll('.cm-quire-name')].map(({ textContent }) => textContent);
    await expect.poll(names).toEqual(['Linus …', '<b>Grace</b>']);
    expect(view.dom.querySelector('.cm-quire-selection')?.textContent).toBe('234');
    expect(view.dom.querySelectorAll('.cm-quire-away')).toHaveLength(1);
    view.dispatch({ selection: { anchor: 3, head: 6 } });
    expect(server.cursors).toEqual([{ line: 1, column: 6, position: 6, selectionEnd: 3 }]);
    insert(view, 0, 'ab');
    await expect.poll(() => view.dom.querySelector('.cm-quire-selection')?.textContent).toBe('234');
    server.people([]);
    await expect.poll(names).toEqual([]);
  });

  it(`[P3] over ${SEEDS} seeds of edits from all sides, two editors of one text show what the server has`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = new Random(seed);
      const { server, text, view, errors } = await sit('The quick 🦊 jumps.\n');
      const second = show(text);
      // A listener that edits in the middle of it all.
      let answers = 0;
      const quiet = text.on('changed', ({ origin }) => {
        if (answers >= 8 || origin === 'undo' || !random.chance(0.2)) return;
        answers += 1;
        text.edit({ ...randomSplice(random, text.text) });
      });
      for (let step = 0; step < 30; step += 1) {
        const dice = random.next();
        const target = random.pick([view, second]);
        const { position, length, content } = randomSplice(random, target.state.doc.toString());
        if (dice < 0.5) {
          target.dispatch({
            changes: { from: position, to: position + length, insert: target.state.toText(content) },
          });
        } else if (dice < 0.7) server.remote(randomSplice(random, server.text()), 'linus');
        else if (dice < 0.8) text.undo();
        else if (dice < 0.85) text.redo();
        else text.edit(randomSplice(random, text.text));
        for (let turns = random.between(0, 4); turns > 0; turns -= 1) await Promise.resolve();
      }
      quiet();
      await text.saved();
      await text.reached(server.revision());
      for (const editor of [view, second]) {
        expect(editor.state.doc.toString(), `seed ${seed}`).toBe(server.text());
      }
      expect(text.text, `seed ${seed}`).toBe(server.text());
      expect(errors, `seed ${seed}`).toEqual([]);
      for (const one of open) await one.close();
      open.clear();
    }
  });
});
