import { type SyntheticEvent, useId } from 'react';
import { useMutation } from 'urql';
import { CreateDocumentDocument } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { documentPath, go } from '../shell/route.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';

const textOf = (form: FormData, name: string): string => {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
};

/** Makes a document, and goes to it. */
export function NewDocument({ onClose }: { readonly onClose: () => void }) {
  const [{ fetching, error }, create] = useMutation(CreateDocumentDocument);
  const title = useId();
  const content = useId();

  async function submit(event: SyntheticEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const input = {
      title: textOf(form, 'title').trim(),
      content: textOf(form, 'content').replaceAll('\r\n', '\n'),
    };
    const { data } = await create({ input });
    if (!data) return;
    onClose();
    go(documentPath(data.createDocument.id));
  }

  return (
    <Dialog title="New document" onClose={onClose}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <label htmlFor={title}>Title</label>
        <input id={title} name="title" required pattern=".*\S.*" autoComplete="off" />
        <label htmlFor={content}>
          Text <span className="quiet">(may be empty)</span>
        </label>
        <textarea id={content} name="content" rows={6} />
        {error && <ProblemNotice problem={problemOf(error)} />}
        <div className="actions end">
          <button type="button" className="button plain" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={fetching}>
            {fetching ? 'Creating…' : 'Create'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
