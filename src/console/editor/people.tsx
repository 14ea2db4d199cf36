import { useEffect, useState } from 'react';
import { colourOf } from '../../sdk/codemirror/colours.ts';
import { CollaborationUpdatesDocument, type SessionFieldsFragment } from '../../sdk/generated.ts';
import type { User } from '../session/session.ts';
import { plain } from '../ui/words.ts';
import type { OpenText } from './texts.ts';

/** People whose names are shown; the others are counted. */
const SHOWN_PEOPLE = 12;

type Participant = SessionFieldsFragment['participants'][number];

/** Who has a text open, as the server tells it; nobody while it cannot be heard. */
function useParticipants({ client, shared }: OpenText, documentId: string): readonly Participant[] {
  const [participants, setParticipants] = useState<readonly Participant[]>([]);
  useEffect(() => {
    const leaving = new AbortController();
    const follow = async (): Promise<void> => {
      const updates = client.subscribe(
        CollaborationUpdatesDocument,
        { documentId },
        { signal: leaving.signal },
      );
      for await (const { collaborationUpdates } of updates)
        setParticipants(collaborationUpdates.participants);
    };
    // Why it ends is told by the text.
    follow().catch(() => setParticipants([]));
    const stop = shared.status.subscribe((status) => {
      if (status === 'ended') setParticipants([]);
    });
    return () => {
      stop();
      leaving.abort();
    };
  }, [client, shared, documentId]);
  return participants;
}

const doing = ({ typing, status }: Participant): string => {
  if (status !== 'ONLINE') return plain(status).toLowerCase();
  return typing ? 'typing…' : '';
};

/** Who is here, in the colours of their cursors. */
export function People({
  open,
  documentId,
  user,
}: {
  readonly open: OpenText;
  readonly documentId: string;
  readonly user: User;
}) {
  const participants = useParticipants(open, documentId);
  const shown = participants.slice(0, SHOWN_PEOPLE);
  return (
    <ul className="people" aria-label="Who is here">
      {shown.map((participant) => {
        const { id, name } = participant.user;
        const state = id === user.id ? '' : doing(participant);
        return (
          <li key={id} className={`person colour-${colourOf(id)}`} data-status={participant.status}>
            <span className="person-sign" aria-hidden="true" />
            {id === user.id ? `${name} (you)` : name}
            {state !== '' && <span className="quiet"> {state}</span>}
          </li>
        );
      })}
      {participants.length > SHOWN_PEOPLE && <li>and {participants.length - SHOWN_PEOPLE} more</li>}
    </ul>
  );
}
