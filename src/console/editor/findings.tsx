import type { EditorView } from '@codemirror/view';
import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { DocumentProcessingDocument } from '../../sdk/generated.ts';
import type { SharedText } from '../../sdk/text/types.ts';
import { SHOWN_JOBS } from '../processing/job-words.ts';
import { plain, several } from '../ui/words.ts';
import { findings as layer } from './layers.ts';

/** Marks what the last analysis has found, and goes from one to the next. Nothing where it has found nothing. */
export function Findings({
  shared,
  documentId,
  view,
}: {
  readonly shared: SharedText;
  readonly documentId: string;
  readonly view: EditorView;
}) {
  // The same question as that of the jobs beside the text, so that it is asked once and heard twice.
  const [{ data }] = useQuery({
    query: DocumentProcessingDocument,
    variables: { id: documentId, first: SHOWN_JOBS },
  });
  const [current, setCurrent] = useState('');
  const analysis = data?.document?.analysis;
  const found = analysis?.result.findings;
  const revision = analysis?.result.revision;
  const isStale = analysis?.stale ?? false;

  useEffect(() => {
    if (!found || found.length === 0 || isStale || revision === undefined) return;
    let left = false;
    const show = async (): Promise<void> => {
      await shared.reached(revision);
      if (left) return;
      // The places are those of the text that was looked at.
      const isSame = shared.status.current === 'saved' && shared.revision === revision;
      const marks = found.map(({ from, to, rule, framework, severity }) => ({
        from,
        to,
        className: 'quire-finding',
        title: `${plain(rule)} (${framework}, severity ${severity})`,
      }));
      layer.set(view, isSame ? marks : []);
    };
    // A text that ends before has nothing to be marked in.
    show().catch(() => {});
    return () => {
      left = true;
      layer.set(view, []);
      setCurrent('');
    };
  }, [found, isStale, revision, shared, view]);

  const next = (): void => {
    const places = layer.places(view);
    const { to: behind } = view.state.selection.main;
    const place = places.find(({ from }) => from >= behind) ?? places[0];
    setCurrent(place?.title ?? 'They are not in the text any more.');
    if (!place) return;
    view.dispatch({ selection: { anchor: place.from, head: place.to }, scrollIntoView: true });
    view.focus();
  };

  if (!found || found.length === 0) return null;
  if (isStale)
    return (
      <p className="hint">
        What was found is not marked: the text has changed since. Process it again to look anew.
      </p>
    );
  return (
    <div className="found">
      <span>{several(found.length, 'finding')} in the text</span>
      <button type="button" className="button small" onClick={next}>
        Next finding
      </button>
      <span role="status">{current}</span>
    </div>
  );
}
