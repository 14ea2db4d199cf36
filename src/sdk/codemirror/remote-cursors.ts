/// <reference lib="dom" />
import { type Range, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType } from '@codemirror/view';
import type { RemoteCursor } from '../text/cursors.ts';
import { type Colour, colourOf, palette } from './colours.ts';

/** Where the others are now. */
export const cursorsMoved = StateEffect.define<readonly RemoteCursor[]>();

/** A caret with its person's name. */
class Caret extends WidgetType {
  readonly cursor: RemoteCursor;

  constructor(cursor: RemoteCursor) {
    super();
    this.cursor = cursor;
  }

  override eq({ cursor }: Caret): boolean {
    const { user, typing, status } = this.cursor;
    return (
      user.id === cursor.user.id &&
      user.name === cursor.user.name &&
      typing === cursor.typing &&
      status === cursor.status
    );
  }

  toDOM({ dom }: EditorView): HTMLElement {
    const { user, typing, status } = this.cursor;
    const caret = dom.ownerDocument.createElement('span');
    caret.className = `cm-quire-caret ${classOf(user.id)}`;
    if (status !== 'ONLINE') caret.classList.add('cm-quire-away');
    // Editors are read aloud; names in the middle of sentences are not.
    caret.setAttribute('aria-hidden', 'true');
    const name = dom.ownerDocument.createElement('span');
    name.className = 'cm-quire-name';
    name.textContent = typing ? `${user.name} …` : user.name;
    caret.append('\u2060', name, '\u2060');
    return caret;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

const classOf = (userId: string): string => `cm-quire-colour-${colourOf(userId)}`;

/** Decorations for cursors in a text of so many units; what lies outside is moved to its end. */
export function decorationsOf(cursors: readonly RemoteCursor[], length: number): DecorationSet {
  const clamp = (at: number): number => Math.max(0, Math.min(at, length));
  const ranges = cursors.flatMap((cursor): Range<Decoration>[] => {
    const head = clamp(cursor.position);
    const end = clamp(cursor.selectionEnd ?? head);
    const caret = Decoration.widget({ widget: new Caret(cursor), side: -1 }).range(head);
    if (end === head) return [caret];
    const selection = Decoration.mark({ class: `cm-quire-selection ${classOf(cursor.user.id)}` });
    return [selection.range(Math.min(head, end), Math.max(head, end)), caret];
  });
  return Decoration.set(ranges, true);
}

/** The others' cursors and selections, kept in place until it is said where they are now. */
export const remoteCursors = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, { changes, effects, state }) {
    const told = effects.findLast((effect) => effect.is(cursorsMoved));
    return told ? decorationsOf(told.value, state.doc.length) : decorations.map(changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = (look: 'light' | 'dark', of: (pair: (typeof palette)[number]) => Colour) =>
  Object.fromEntries(
    palette.map((pair, index) => [
      `&${look} .cm-quire-colour-${index}`,
      { '--quire-ground': of(pair).ground, '--quire-ink': of(pair).ink },
    ]),
  );

/** How they look. */
export const cursorTheme = EditorView.baseTheme({
  ...colours('light', ({ light }) => light),
  ...colours('dark', ({ dark }) => dark),
  '.cm-quire-caret': {
    position: 'relative',
    borderLeft: '2px solid var(--quire-ground)',
    marginLeft: '-1px',
    marginRight: '-1px',
  },
  '.cm-quire-name': {
    position: 'absolute',
    bottom: '100%',
    left: '-2px',
    padding: '0 4px',
    borderRadius: '3px 3px 3px 0',
    backgroundColor: 'var(--quire-ground)',
    color: 'var(--quire-ink)',
    font: '600 11px/1.5 system-ui, sans-serif',
    whiteSpace: 'nowrap',
    pointerEvents: 'none',
    zIndex: '10',
  },
  '.cm-quire-away': { opacity: '0.5' },
  '.cm-quire-selection': { backgroundColor: 'color-mix(in srgb, var(--quire-ground) 25%, transparent)' },
});
