import { type Extension, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';
import { palette } from '../../sdk/codemirror/colours.ts';

/** A part of the text that is marked. Places are UTF-16 code units of the text as one sees it. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly className: string;
  /** What is said of it to who points at it. */
  readonly title: string;
}

/** Marks of one kind, which move with the text until they are set anew. */
export interface Layer {
  readonly extension: Extension;
  /** Replaces all marks; those that do not lie in the text are left out. */
  set(view: EditorView, marks: readonly Mark[]): void;
  /** Where the marks are now, in order. */
  places(view: EditorView): readonly { readonly from: number; readonly to: number; readonly title: string }[];
}

function createLayer(): Layer {
  const replaced = StateEffect.define<DecorationSet>();
  const field = StateField.define<DecorationSet>({
    create: () => Decoration.none,
    update(marks, { changes, effects }) {
      const told = effects.findLast((effect) => effect.is(replaced));
      return told ? told.value : marks.map(changes);
    },
    provide: (self) => EditorView.decorations.from(self),
  });
  return {
    extension: field,
    set(view, marks) {
      const { length } = view.state.doc;
      const ranges = marks
        .filter(({ from, to }) => from >= 0 && from < to && to <= length)
        .map(({ from, to, className, title }) =>
          Decoration.mark({ class: className, attributes: { title } }).range(from, to),
        );
      view.dispatch({ effects: replaced.of(Decoration.set(ranges, true)) });
    },
    places(view) {
      const found: { from: number; to: number; title: string }[] = [];
      view.state.field(field).between(0, view.state.doc.length, (from, to, { spec }) => {
        const { attributes } = spec as { readonly attributes: { readonly title: string } };
        found.push({ from, to, title: attributes.title });
      });
      return found;
    },
  };
}

/** Who has written what. */
export const authors = createLayer();
/** What machines have found. */
export const findings = createLayer();

const tints = (look: 'light' | 'dark') =>
  Object.fromEntries(
    palette.map((pair, index) => [
      `&${look} .quire-author-${index}`,
      { backgroundColor: `color-mix(in srgb, ${pair[look].ground} 16%, transparent)` },
    ]),
  );

/** How marks look. */
export const layerTheme: Extension = EditorView.baseTheme({
  ...tints('light'),
  ...tints('dark'),
  '.quire-finding': {
    textDecoration: 'underline wavy var(--bad)',
    textUnderlineOffset: '0.25em',
    textDecorationSkipInk: 'none',
  },
});
