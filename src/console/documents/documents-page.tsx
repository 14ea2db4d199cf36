import { useState } from 'react';
import { useMutation } from 'urql';
import { StartBatchDocument } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import type { Started } from '../processing/started.ts';
import { Page } from '../shell/page.tsx';
import { go } from '../shell/route.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { useDebounced } from '../ui/use-debounced.ts';
import { useObservable } from '../ui/use-observable.ts';
import { DropZone } from '../uploads/drop-zone.tsx';
import { UploadList } from '../uploads/upload-list.tsx';
import type { Uploads } from '../uploads/uploads.ts';
import { DocumentList } from './document-list.tsx';
import { NewDocument } from './new-document.tsx';
import { SearchField } from './search-field.tsx';

/** Milliseconds without a key before a search is asked for. */
const TYPING_MS = 200;

/** The documents that one may read: found, made, uploaded. */
export function DocumentsPage({
  uploads,
  started,
}: {
  readonly uploads: Uploads;
  readonly started: Started;
}) {
  const [typed, setTyped] = useState('');
  const [making, setMaking] = useState(false);
  const search = useDebounced(typed, TYPING_MS).trim();
  const files = useObservable(uploads.list);
  const [batch, startBatch] = useMutation(StartBatchDocument);

  async function process(documentIds: readonly string[]): Promise<void> {
    const { data } = await startBatch({ documentIds });
    if (!data) return;
    started.add(data.startBatch.batchId);
    uploads.clear();
    go('/processing');
  }

  const uploaded = files.filter(({ state }) => state === 'done').length;
  return (
    <Page
      title="Documents"
      actions={
        <button type="button" className="button primary" onClick={() => setMaking(true)}>
          New document
        </button>
      }
    >
      {making && <NewDocument onClose={() => setMaking(false)} />}
      <DropZone onFiles={(given) => uploads.add(given)}>
        <UploadList
          list={files}
          uploads={uploads}
          busy={batch.fetching}
          onProcess={(documentIds) => void process(documentIds)}
        />
        {batch.error && <ProblemNotice problem={problemOf(batch.error)} />}
        <SearchField value={typed} onChange={setTyped} />
        <DocumentList search={search} news={uploaded} onCreate={() => setMaking(true)} />
      </DropZone>
    </Page>
  );
}
