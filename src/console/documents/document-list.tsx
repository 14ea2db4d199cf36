import { useEffect, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { DocumentsDocument } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { Empty, Skeleton } from '../ui/states.tsx';
import { several } from '../ui/words.ts';
import { DocumentRow } from './document-row.tsx';

/** Documents of a page. */
const PAGE = 20;
/** Pages of the list; whoever has not found it by then searches. */
const MAX_PAGES = 50;

interface PartProps {
  readonly search: string;
  /** The end of the part before. */
  readonly after: string | null;
  /** Another number when there are other documents than at the last look. */
  readonly news: number;
  readonly isLast: boolean;
  readonly onMore: (after: string) => void;
  readonly onCreate: () => void;
}

function Nothing({ search, onCreate }: { readonly search: string; readonly onCreate: () => void }) {
  if (search !== '')
    return (
      <Empty title={`Nothing is found for “${search}”.`}>
        <p className="quiet">
          All words have to be in the title or the text; the last one may be a beginning. A new text is found
          after about two seconds.
        </p>
      </Empty>
    );
  return (
    <Empty title="There are no documents yet.">
      <p className="quiet">Write one, or drop files anywhere on this page.</p>
      <button type="button" className="button primary" onClick={onCreate}>
        Write the first one
      </button>
    </Empty>
  );
}

/** As many documents as one query gives, and the way to the next ones. */
function Part({ search, after, news, isLast, onMore, onCreate }: PartProps) {
  const [{ data, error, fetching, stale }, ask] = useQuery({
    query: DocumentsDocument,
    variables: { first: PAGE, after, search: search === '' ? null : search },
    requestPolicy: 'cache-and-network',
  });

  const seen = useRef(news);
  useEffect(() => {
    if (seen.current === news) return;
    seen.current = news;
    ask({ requestPolicy: 'network-only' });
  }, [news, ask]);

  const retry = (): void => ask({ requestPolicy: 'network-only' });
  if (!data) {
    if (error) return <ProblemNotice problem={problemOf(error)} onRetry={retry} />;
    return <Skeleton rows={after === null ? 6 : 2} label="Loading the documents…" />;
  }
  const { edges, pageInfo, totalCount } = data.documents;
  const isFirst = after === null;
  if (isFirst && edges.length === 0)
    return fetching ? (
      <Skeleton rows={6} label="Loading the documents…" />
    ) : (
      <Nothing search={search} onCreate={onCreate} />
    );
  return (
    <>
      {isFirst && (
        <p className="list-count quiet" role="status">
          {search === '' ? several(totalCount, 'document') : `${several(totalCount, 'document')} found`}
        </p>
      )}
      {error && <ProblemNotice problem={problemOf(error)} onRetry={retry} />}
      <ul className="rows documents" aria-busy={fetching || stale}>
        {edges.map(({ node }) => (
          <DocumentRow key={node.id} document={node} />
        ))}
      </ul>
      {isLast && pageInfo.hasNextPage && pageInfo.endCursor !== null && (
        <button
          type="button"
          className="button wide"
          onClick={() => pageInfo.endCursor !== null && onMore(pageInfo.endCursor)}
        >
          Show more
        </button>
      )}
    </>
  );
}

interface Parts {
  readonly search: string;
  /** Where each part begins. */
  readonly cursors: readonly (string | null)[];
}

const FIRST: Parts['cursors'] = [null];

/** The newest documents, or those that a search finds, as far as one wants to see them. */
export function DocumentList({ search, news, onCreate }: Pick<PartProps, 'search' | 'news' | 'onCreate'>) {
  const [parts, setParts] = useState<Parts>({ search, cursors: FIRST });
  // Another search begins at its first part, which shows what it had until the answer is there.
  const cursors = parts.search === search ? parts.cursors : FIRST;
  return (
    <section aria-label="Documents" className="list">
      {cursors.map((after, index) => (
        <Part
          key={after}
          search={search}
          after={after}
          news={news}
          isLast={index === cursors.length - 1 && cursors.length < MAX_PAGES}
          onMore={(cursor) => setParts({ search, cursors: [...cursors, cursor] })}
          onCreate={onCreate}
        />
      ))}
    </section>
  );
}
