import { useId, useState } from 'react';
import { type Draft, textOfDraft } from '../../sdk/text/drafts.ts';
import type { SharedText } from '../../sdk/text/types.ts';
import { When } from '../ui/when.tsx';

/** The text of a draft; the one that it stands on when it does not fit itself. */
const readable = (draft: Draft): string => {
  try {
    return textOfDraft(draft);
  } catch (error) {
    if (error instanceof RangeError) return draft.text;
    throw error;
  }
};

/** What one typed at an earlier time and could not be saved: to be copied, or let go of. */
export function LostDraft({ shared }: { readonly shared: SharedText }) {
  const [draft, setDraft] = useState(shared.lostDraft);
  const [copied, setCopied] = useState(false);
  const field = useId();
  if (!draft) return null;
  const text = readable(draft);
  return (
    <section className="notice warn lost-draft" aria-label="Unsaved text">
      <p>
        <strong>Some of what you typed was not saved.</strong> It does not fit the document as it is now. It
        is from <When at={new Date(draft.savedAt).toISOString()} />. Copy what you need.
      </p>
      <label htmlFor={field}>Your text then</label>
      <textarea id={field} readOnly rows={4} value={text} />
      <div className="actions">
        <button
          type="button"
          className="button small"
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
        <button
          type="button"
          className="button small"
          onClick={() => void shared.discardLostDraft().then(() => setDraft(null))}
        >
          Discard
        </button>
      </div>
    </section>
  );
}
