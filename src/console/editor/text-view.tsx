import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { sharedText } from '../../sdk/codemirror/index.ts';
import type { EditError } from '../../sdk/text/errors.ts';
import type { SharedText } from '../../sdk/text/types.ts';
import { keys } from './keys.ts';
import { authors, findings, layerTheme } from './layers.ts';
import { theme } from './theme.ts';

const HINT = 'The text is empty. That of an uploaded file is here when the document has been processed.';

const lookOf = (dark: MediaQueryList): Extension => EditorView.darkTheme.of(dark.matches);

export interface TextViewProps {
  readonly shared: SharedText;
  readonly readOnly: boolean;
  /** This and `onView` are the same functions at each render. */
  readonly onRefused: (error: EditError) => void;
  /** Told of the view when it is there, and of null before it goes. */
  readonly onView: (view: EditorView | null) => void;
}

/**
 * The text, to be edited. It lives in a shadow tree: there CodeMirror brings its styles as adopted style sheets, which the
 * page's policy allows, and in a document's own tree as elements, which it does not.
 */
export function TextView({ shared, readOnly, onRefused, onView }: TextViewProps) {
  const place = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const host = element.appendChild(document.createElement('div'));
    const root = host.attachShadow({ mode: 'open' });
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const look = new Compartment();
    const rights = new Compartment();
    const rightsNow = (): Extension => EditorState.readOnly.of(shared.status.current === 'ended');
    const view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: shared.doc,
        extensions: [
          readOnly ? [] : rights.of(rightsNow()),
          sharedText(shared, { readOnly, onRefused }),
          keymap.of(keys),
          [authors.extension, findings.extension, layerTheme],
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Text', spellcheck: 'true' }),
          placeholder(HINT),
          look.of(lookOf(dark)),
          theme,
        ],
      }),
    });
    const relook = (): void => view.dispatch({ effects: look.reconfigure(lookOf(dark)) });
    dark.addEventListener('change', relook);
    let left = false;
    const stop = shared.status.subscribe((status) => {
      if (status !== 'ended') return;
      // It may end in the middle of an update of the view.
      queueMicrotask(() => left || view.dispatch({ effects: rights.reconfigure(rightsNow()) }));
    });
    onView(view);
    return () => {
      left = true;
      onView(null);
      stop();
      dark.removeEventListener('change', relook);
      view.destroy();
      host.remove();
    };
  }, [shared, readOnly, onRefused, onView]);

  return <div ref={place} className="text-view" />;
}
