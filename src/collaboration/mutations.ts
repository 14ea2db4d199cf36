import type { EnumRef, ObjectRef } from '@pothos/core';
import { type Builder, type BuilderTypes, mustSignIn } from '../platform/graphql/builder.ts';
import type { RequestContext } from '../platform/graphql/context.ts';
import type { ClientKey, Collaboration } from './collaboration.ts';
import type { SessionView } from './events.ts';
import type { PresenceStatus } from './presence.ts';

interface Refs {
  readonly Status: EnumRef<BuilderTypes, PresenceStatus>;
  readonly Session: ObjectRef<BuilderTypes, SessionView>;
}

/** The client of a call: as its argument names it, or as the connection does. */
export const clientOf = (
  { documentId, clientId }: { documentId: string; clientId?: string | null | undefined },
  context: RequestContext,
): ClientKey => ({
  documentId,
  clientId: clientId ?? context.clientId,
  connectionId: context.connectionId,
});

/** Adds what clients say of themselves to the schema. */
export function collaborationMutations(
  builder: Builder,
  collaboration: Collaboration,
  { Status, Session }: Refs,
) {
  const CursorPositionInput = builder.inputType('CursorPositionInput', {
    fields: (t) => ({
      line: t.int({ required: true }),
      column: t.int({ required: true }),
      position: t.int({ required: true, description: 'In UTF-16 code units, like every position.' }),
      selection: t.string({ required: true, defaultValue: '' }),
      selectionEnd: t.int(),
    }),
  });

  builder.mutationFields((t) => ({
    joinDocument: t.field({
      type: Session,
      description: 'Presence without a subscription (polling clients): kept for 45 s from each call.',
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: { documentId: t.arg.id({ required: true }), clientId: t.arg.id() },
      resolve: (_root, args, context) => collaboration.join(mustSignIn(context), clientOf(args, context)),
    }),
    leaveDocument: t.boolean({
      description: 'False when the client was not there.',
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: { documentId: t.arg.id({ required: true }), clientId: t.arg.id() },
      resolve: (_root, args, context) => collaboration.leave(mustSignIn(context), clientOf(args, context)),
    }),
    updatePresence: t.boolean({
      description: 'OFFLINE leaves; AWAY lasts until the next activity.',
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: {
        documentId: t.arg.id({ required: true }),
        status: t.arg({ type: Status, required: true, defaultValue: 'ONLINE' }),
        clientId: t.arg.id(),
      },
      resolve(_root, { status, ...args }, context) {
        collaboration.updatePresence(mustSignIn(context), clientOf(args, context), status);
        return true;
      },
    }),
    updateCursorPosition: t.boolean({
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: {
        documentId: t.arg.id({ required: true }),
        position: t.arg({ type: CursorPositionInput, required: true }),
        clientId: t.arg.id(),
      },
      resolve(_root, { position, ...args }, context) {
        const cursor = { ...position, selectionEnd: position.selectionEnd ?? null };
        collaboration.moveCursor(mustSignIn(context), clientOf(args, context), cursor);
        return true;
      },
    }),
    setTyping: t.boolean({
      description: 'Ends by itself after 6 s. Needs the role EDITOR.',
      authScopes: (_root, { documentId }) => ({ documentEditor: documentId }),
      args: {
        documentId: t.arg.id({ required: true }),
        typing: t.arg.boolean({ required: true }),
        clientId: t.arg.id(),
      },
      resolve(_root, { typing, ...args }, context) {
        collaboration.setTyping(mustSignIn(context), clientOf(args, context), typing);
        return true;
      },
    }),
  }));
}
