import { useEffect } from 'react';
import { CollaborationEventsDocument } from '../../sdk/generated.ts';
import type { OpenText } from './texts.ts';

const ACCESS_EVENTS = ['CollaboratorAdded', 'CollaboratorRemoved', 'CollaboratorRoleChanged'];

/** Calls when somebody's access to a document has changed, one's own included. `onNews` stays the same between renders. */
export function useAccessNews({ client }: OpenText, documentId: string, onNews: () => void): void {
  useEffect(() => {
    const leaving = new AbortController();
    const follow = async (): Promise<void> => {
      const { signal } = leaving;
      for await (const { collaborationEvents } of client.subscribe(
        CollaborationEventsDocument,
        { documentId },
        { signal },
      ))
        if (ACCESS_EVENTS.includes(collaborationEvents.__typename)) onNews();
    };
    // Why it ends is told by the text.
    follow().catch(() => {});
    return () => leaving.abort();
  }, [client, documentId, onNews]);
}
