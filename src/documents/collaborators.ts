import type { Clock } from '../platform/clock.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import { addressOf } from './authority.ts';
import type { Role } from './permissions.ts';
import {
  type CollaboratorRow,
  type DocumentKey,
  listCollaborators,
  mustFindDocument,
  putCollaborator,
  removeCollaborator,
  updateDocument,
} from './store.ts';
import type { DocumentQuery } from './tables.ts';
import { type DocumentEvent, documentEvents } from './topics.ts';

/** Collaborators that a document may have. */
export const MAX_COLLABORATORS = 1_000;

export interface CollaboratorsOptions {
  readonly query: DocumentQuery;
  readonly broker: Broker;
  readonly clock: Clock;
}

/** A change of who may do what, decided on what stands in the transaction; null when there is nothing to do. */
type Decision = { readonly event: DocumentEvent; write(transaction: DocumentQuery): Promise<void> } | null;

/**
 * Who may do what with a document. Every change raises the document's access epoch in its own transaction, so that
 * nothing committed afterwards reaches those who lost their access; the announcement makes it prompt.
 */
export function createCollaborators({ query, broker, clock }: CollaboratorsOptions) {
  async function change(
    viewer: Viewer,
    documentId: string,
    decide: (collaborators: readonly CollaboratorRow[], key: DocumentKey, at: number) => Decision,
    { mayVisitors = false } = {},
  ): Promise<void> {
    const key = { tenantId: viewer.tenantId, documentId };
    const event = await query.transaction().execute(async (transaction) => {
      const needed = mayVisitors ? 'VIEWER' : 'OWNER';
      const { epoch } = await mustFindDocument(transaction, key, viewer.userId, needed);
      const at = clock.now();
      const decision = decide(await listCollaborators(transaction, key), key, at);
      if (!decision) return null;
      await decision.write(transaction);
      await updateDocument(transaction, key, { epoch: epoch + 1, updatedAt: at });
      return decision.event;
    });
    if (event) broker.publish(documentEvents, addressOf(key), event);
  }

  return {
    list: (key: DocumentKey): Promise<CollaboratorRow[]> => listCollaborators(query, key),

    /** Adds a collaborator. The same role again is no error; another one is CONFLICT. */
    async add(viewer: Viewer, documentId: string, userId: string, role: Role): Promise<void> {
      checkUserId(userId);
      await change(viewer, documentId, (collaborators, key, at) => {
        const present = collaborators.find((one) => one.userId === userId);
        if (present?.role === role) return null;
        if (present) {
          throw new QuireError(
            'CONFLICT',
            `${userId} is ${present.role} already; use changeCollaboratorRole.`,
          );
        }
        if (collaborators.length >= MAX_COLLABORATORS) {
          throw new QuireError(
            'PAYLOAD_TOO_LARGE',
            `A document has at most ${MAX_COLLABORATORS} collaborators.`,
          );
        }
        const row = { userId, role, addedBy: viewer.userId, addedAt: at };
        return {
          event: { kind: 'collaborator-added', userId, role, by: viewer.userId, at },
          write: (transaction) => putCollaborator(transaction, key, row),
        };
      });
    },

    /** Gives a collaborator another role. CONFLICT when the document would be left without an owner. */
    changeRole(viewer: Viewer, documentId: string, userId: string, role: Role): Promise<void> {
      return change(viewer, documentId, (collaborators, key, at) => {
        const present = mustFind(collaborators, userId);
        if (present.role === role) return null;
        if (role !== 'OWNER') mustKeepOwner(collaborators, userId);
        return {
          event: { kind: 'collaborator-role-changed', userId, role, by: viewer.userId, at },
          write: (transaction) => putCollaborator(transaction, key, { ...present, role }),
        };
      });
    },

    /** Takes a collaborator off. Owners may do so with all, others with themselves. */
    remove(viewer: Viewer, documentId: string, userId: string): Promise<void> {
      return change(
        viewer,
        documentId,
        (collaborators, key, at) => {
          mustFind(collaborators, userId);
          mustKeepOwner(collaborators, userId);
          return {
            event: { kind: 'collaborator-removed', userId, by: viewer.userId, at },
            write: (transaction) => removeCollaborator(transaction, key, userId),
          };
        },
        { mayVisitors: userId === viewer.userId },
      );
    },
  };
}

function mustFind(collaborators: readonly CollaboratorRow[], userId: string): CollaboratorRow {
  const present = collaborators.find((one) => one.userId === userId);
  if (!present) throw badInput('userId', 'This user is no collaborator of the document.');
  return present;
}

function mustKeepOwner(collaborators: readonly CollaboratorRow[], leaving: string): void {
  if (collaborators.some(({ userId, role }) => role === 'OWNER' && userId !== leaving)) return;
  throw new QuireError('CONFLICT', 'A document keeps at least one owner; make somebody else OWNER first.');
}

function checkUserId(userId: string): void {
  if (userId.length < 1 || userId.length > 128 || /\p{Cc}/u.test(userId) || !userId.isWellFormed()) {
    throw badInput('userId', 'A user id has 1 to 128 characters and no control characters.');
  }
}
