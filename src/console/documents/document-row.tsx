import type { DocumentSummaryFragment } from '../../sdk/generated.ts';
import { Link } from '../shell/link.tsx';
import { documentPath } from '../shell/route.ts';
import { When } from '../ui/when.tsx';
import { count, plain } from '../ui/words.ts';

/** A document in a list. */
export function DocumentRow({ document }: { readonly document: DocumentSummaryFragment }) {
  const { id, title, contentLength, revision, viewerRole, createdBy, updatedAt } = document;
  return (
    <li className="document">
      <Link to={documentPath(id)} className="document-title">
        {title}
      </Link>
      <p className="facts">
        <span>
          <When at={updatedAt} />
        </span>
        <span>{contentLength === 0 ? 'Empty' : `${count(contentLength)} characters`}</span>
        <span>Revision {count(revision)}</span>
        <span>{createdBy.name}</span>
      </p>
      <span className="role">{plain(viewerRole)}</span>
    </li>
  );
}
