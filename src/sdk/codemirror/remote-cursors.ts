/// <reference lib="dom" />
import { type Range, StateEffect, StateField, type Text } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType } from '@codemirror/view';
import type { RemoteCursor } from '../text/cursors.ts';
import { type Colour, colourOf, palette } from './colours.ts';

/** Where the others are now. */
export const cursorsMoved = StateEffect.define<readonly RemoteCursor[]>();

/** A caret with its person's name, which is shown while they type, for a moment when they come, and to who points at it. */
class Caret extends WidgetType {
  readonly cursor: RemoteCursor;
  /** Whether the name stands below: above the first line there is no room for it. */
  readonly below: boolean;

  constructor(cursor: RemoteCursor, below: boolean) {
    super();
    this.cursor = cursor;
    this.below = below;
  }

  override eq({ cursor, below }: Caret): boolean {
    const { user, typing, status } = this.cursor;
    return (
      below === this.below &&
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
    caret.classList.toggle('cm-quire-away', status !== 'ONLINE');
    caret.classList.toggle('cm-quire-typing', typing);
    caret.classList.toggle('cm-quire-below', this.below);
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

/** Decorations for cursors in a text; what lies outside is moved to its end. */
function decorationsOf(cursors: readonly RemoteCursor[], doc: Text): DecorationSet {
  const clamp = (at: number): number => Math.max(0, Math.min(at, doc.length));
  const firstLine = doc.line(1).to;
  const ranges = cursors.flatMap((cursor): Range<Decoration>[] => {
    const head = clamp(cursor.position);
    const end = clamp(cursor.selectionEnd ?? head);
    const caret = Decoration.widget({ widget: new Caret(cursor, head <= firstLine), side: -1 }).range(head);
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
    return told ? decorationsOf(told.value, state.doc) : decorations.map(changes);
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
  // Something to point at.
  '.cm-quire-caret::after': {
    content: '""',
    position: 'absolute',
    top: '-3px',
    left: '-4px',
    width: '6px',
    height: '6px',
    borderRadius: '3px',
    backgroundColor: 'var(--quire-ground)',
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
    opacity: '0',
    animation: 'cm-quire-come 3s',
  },
  '@keyframes cm-quire-come': { '0%, 80%': { opacity: '1' }, '100%': { opacity: '0' } },
  '.cm-quire-caret:hover .cm-quire-name, .cm-quire-typing .cm-quire-name': { opacity: '1' },
  '.cm-quire-below .cm-quire-name': { bottom: 'auto', top: '100%', borderRadius: '0 3px 3px 3px' },
  '.cm-quire-away': { opacity: '0.5' },
  '.cm-quire-selection': { backgroundColor: 'color-mix(in srgb, var(--quire-ground) 25%, transparent)' },
});
