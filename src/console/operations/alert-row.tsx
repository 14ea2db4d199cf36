import { useMutation } from 'urql';
import { AcknowledgeComplianceAlertDocument, type AlertFieldsFragment } from '../../sdk/generated.ts';
import { problemOf } from '../api/problem.ts';
import { Link } from '../shell/link.tsx';
import { documentPath } from '../shell/route.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { ProblemNotice } from '../ui/problem-notice.tsx';
import { When } from '../ui/when.tsx';
import { plain } from '../ui/words.ts';

/** From this severity on it is high (the API says so). */
const HIGH = 8;
const MIDDLE = 5;
/** Findings that are shown; the message counts all of them. */
const SHOWN_FINDINGS = 4;

const toneOf = (severity: number): Tone => {
  if (severity >= HIGH) return 'bad';
  return severity >= MIDDLE ? 'warn' : 'quiet';
};

/** An alert: how bad, of what, where, and who has seen to it. */
export function AlertRow({
  alert,
  title,
}: {
  readonly alert: AlertFieldsFragment;
  readonly title: string | null;
}) {
  const { id, severity, message, documentId, findings, acknowledgedBy, acknowledgedAt, timestamp } = alert;
  const [{ data, error, fetching }, acknowledge] = useMutation(AcknowledgeComplianceAlertDocument);
  const seen = data?.acknowledgeComplianceAlert ?? { acknowledgedBy, acknowledgedAt };
  return (
    <li className={seen.acknowledgedAt === null ? 'alert' : 'alert seen'}>
      <div className="alert-head">
        <Badge tone={toneOf(severity)}>{`Severity ${severity}`}</Badge>
        <Link to={documentPath(documentId)} className="alert-document">
          {title ?? documentId}
        </Link>
        <span className="quiet">
          <When at={timestamp} />
        </span>
        {seen.acknowledgedAt === null ? (
          <button
            type="button"
            className="button small"
            disabled={fetching}
            onClick={() => void acknowledge({ id })}
          >
            Acknowledge<span className="visually-hidden"> alert {id}</span>
          </button>
        ) : (
          <span className="quiet alert-seen">Seen to by {seen.acknowledgedBy?.name ?? 'somebody'}</span>
        )}
      </div>
      <p>{message}</p>
      <ul className="findings">
        {findings.slice(0, SHOWN_FINDINGS).map(({ rule, excerpt, from, to }) => (
          <li key={`${rule} ${from} ${to}`}>
            {plain(rule.replaceAll('-', '_'))} <code>{excerpt}</code>
          </li>
        ))}
      </ul>
      {error && <ProblemNotice problem={problemOf(error)} />}
    </li>
  );
}
