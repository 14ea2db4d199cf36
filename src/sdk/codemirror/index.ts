/// <reference lib="dom" />
import { EditorState, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap, ViewPlugin } from '@codemirror/view';
import type { EditError } from '../text/errors.ts';
import type { SharedText } from '../text/types.ts';
import { cursorTheme, remoteCursors } from './remote-cursors.ts';
import { syncWith } from './sync.ts';

export interface SharedTextExtensionOptions {
  /** For a VIEWER: nothing can be typed. Default: false. */
  readonly readOnly?: boolean;
  /** Told why an edit was not made. Default: nobody. */
  readonly onRefused?: (error: EditError) => void;
}

/**
 * Makes an editor (CodeMirror 6) a view of a shared text: edits both ways, the others' cursors and selections with
 * their names, AWAY while the page is hidden, undo and redo of one's own edits (`history()` of CodeMirror is not
 * needed beside it, and would undo what others did). Lines end at `\n` alone, so that every other line end stays as it
 * is. Make one for each view, and the state with `doc: shared.doc`.
 */
export function sharedText(
  shared: SharedText,
  { readOnly = false, onRefused = () => {} }: SharedTextExtensionOptions = {},
): Extension {
  const undo = (): boolean => !readOnly && shared.undo();
  const redo = (): boolean => !readOnly && shared.redo();
  return [
    EditorState.lineSeparator.of('\n'),
    readOnly ? EditorState.readOnly.of(true) : [],
    syncWith(shared, { onRefused }),
    remoteCursors,
    cursorTheme,
    Prec.high(
      keymap.of([
        { key: 'Mod-z', run: undo, preventDefault: true },
        { key: 'Mod-y', mac: 'Mod-Shift-z', run: redo, preventDefault: true },
        { linux: 'Ctrl-Shift-z', run: redo, preventDefault: true },
      ]),
    ),
    EditorView.domEventHandlers({
      // Menus and gestures of browsers ask for undo by this event.
      beforeinput(event) {
        if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return false;
        event.preventDefault();
        return event.inputType === 'historyUndo' ? undo() : redo();
      },
    }),
    awayWhileHidden(shared),
  ];
}

/** Says that one is away while the page is not seen. */
function awayWhileHidden(shared: SharedText): Extension {
  return ViewPlugin.define((view) => {
    const { ownerDocument } = view.dom;
    const say = (): void => shared.setStatus(ownerDocument.visibilityState === 'hidden' ? 'AWAY' : 'ONLINE');
    ownerDocument.addEventListener('visibilitychange', say);
    return { destroy: () => ownerDocument.removeEventListener('visibilitychange', say) };
  });
}
