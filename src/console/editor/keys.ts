import { EditorSelection } from '@codemirror/state';
import type { EditorView, KeyBinding } from '@codemirror/view';

/** Goes to a place, or selects up to it. */
const goTo =
  (placeOf: (view: EditorView) => number, extend: boolean) =>
  (view: EditorView): boolean => {
    const head = placeOf(view);
    const anchor = extend ? view.state.selection.main.anchor : head;
    view.dispatch({
      selection: EditorSelection.single(anchor, head),
      scrollIntoView: true,
      userEvent: 'select',
    });
    return true;
  };

const atStart = (): number => 0;
const atEnd = (view: EditorView): number => view.state.doc.length;

/** The keys that browsers would apply to the lines on the screen alone; a long text has more than those. */
export const keys: readonly KeyBinding[] = [
  {
    key: 'Mod-a',
    run(view) {
      view.dispatch({ selection: { anchor: 0, head: view.state.doc.length }, userEvent: 'select' });
      return true;
    },
  },
  {
    key: 'Ctrl-Home',
    mac: 'Cmd-ArrowUp',
    run: goTo(atStart, false),
    shift: goTo(atStart, true),
    preventDefault: true,
  },
  {
    key: 'Ctrl-End',
    mac: 'Cmd-ArrowDown',
    run: goTo(atEnd, false),
    shift: goTo(atEnd, true),
    preventDefault: true,
  },
];
