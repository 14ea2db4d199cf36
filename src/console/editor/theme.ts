import { EditorView } from '@codemirror/view';

/** How the editor looks, in the palette of styles/base.css: custom properties reach into its shadow tree, rules do not. */
export const theme = EditorView.theme({
  '&': {
    height: '60vh',
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    fontSize: '1.0625rem',
    border: '1px solid var(--line)',
    borderRadius: '8px',
  },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: '1.65', overflow: 'auto' },
  '.cm-content': { padding: '1.25rem 0.75rem 1rem', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 0.25rem' },
  '.cm-placeholder': { color: 'var(--quiet)' },
});
