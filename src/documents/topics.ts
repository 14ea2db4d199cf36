import type { LogHint } from '../platform/realtime/log-stream.ts';
import { defineTopic } from '../platform/realtime/topic.ts';
import type { DocumentChange } from './change.ts';
import type { Role } from './permissions.ts';

/** New revisions of a document; the key is the document's id. The log is the truth: a large hint names only its head. */
export const documentChanged = defineTopic<LogHint<DocumentChange>>('document.changed', {
  reference: ({ head }) => ({ head }),
});

/** What happened to a document besides its text; the key is the document's id. */
export type DocumentEvent =
  | {
      readonly kind: 'updated';
      readonly changedFields: readonly string[];
      readonly by: string;
      readonly at: number;
    }
  | { readonly kind: 'deleted'; readonly by: string; readonly at: number }
  | {
      readonly kind: 'collaborator-added' | 'collaborator-role-changed';
      readonly userId: string;
      readonly role: Role;
      readonly by: string;
      readonly at: number;
    }
  | {
      readonly kind: 'collaborator-removed';
      readonly userId: string;
      readonly by: string;
      readonly at: number;
    };

export const documentEvents = defineTopic<DocumentEvent>('document.events');
