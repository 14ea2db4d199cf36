import { Link } from '../shell/link.tsx';
import { documentPath } from '../shell/route.ts';
import { several, size } from '../ui/words.ts';
import type { Upload, Uploads } from './uploads.ts';

function State({ upload }: { readonly upload: Upload }) {
  const { state, sent, name, problem } = upload;
  if (state === 'failed')
    return (
      <span className="bad-text">
        {problem?.message} {problem?.advice}
      </span>
    );
  if (state === 'done') return <span className="quiet">Uploaded, {size(upload.size)}</span>;
  return (
    <progress aria-label={`Upload of ${name}`} max={1} value={state === 'waiting' ? 0 : sent}>
      {Math.round(sent * 100)} %
    </progress>
  );
}

function Row({ upload, uploads }: { readonly upload: Upload; readonly uploads: Uploads }) {
  const { id, name, state, document } = upload;
  return (
    <li className="upload">
      <span className="upload-name">
        {document ? <Link to={documentPath(document.id)}>{name}</Link> : name}
      </span>
      <span className="upload-state">
        <State upload={upload} />
      </span>
      <span className="actions">
        {state === 'failed' && (
          <button type="button" className="button small" onClick={() => uploads.retry(id)}>
            Try again<span className="visually-hidden"> to upload {name}</span>
          </button>
        )}
        {state !== 'done' && (
          <button type="button" className="button small plain" onClick={() => uploads.remove(id)}>
            {state === 'failed' ? 'Remove' : 'Cancel'}
            <span className="visually-hidden"> {name}</span>
          </button>
        )}
      </span>
    </li>
  );
}

/** The uploads, and what can be done with those that are through. */
export function UploadList({
  list,
  uploads,
  onProcess,
  busy,
}: {
  readonly list: readonly Upload[];
  readonly uploads: Uploads;
  /** Asked for when no upload is open any more. */
  readonly onProcess: (documentIds: readonly string[]) => void;
  readonly busy: boolean;
}) {
  if (list.length === 0) return null;
  const done = list.flatMap(({ document }) => (document ? [document.id] : []));
  const open = list.filter(({ state }) => state === 'waiting' || state === 'sending').length;
  return (
    <section className="card uploads" aria-label="Uploads">
      <div className="card-head">
        <h2>Uploads</h2>
        <p className="quiet" role="status">
          {open > 0
            ? `${done.length} of ${several(list.length, 'file')} uploaded`
            : `${several(done.length, 'file')} uploaded`}
        </p>
      </div>
      <ul className="rows">
        {list.map((upload) => (
          <Row key={upload.id} upload={upload} uploads={uploads} />
        ))}
      </ul>
      {open === 0 && (
        <div className="actions card-foot">
          {done.length > 0 && (
            <button type="button" className="button primary" disabled={busy} onClick={() => onProcess(done)}>
              Process {several(done.length, 'document')}
            </button>
          )}
          <button type="button" className="button plain" onClick={() => uploads.clear()}>
            Clear the list
          </button>
          {done.length > 0 && (
            <p className="hint">
              Processing reads the text, and looks for language, keywords and personal data.
            </p>
          )}
        </div>
      )}
    </section>
  );
}
