import type { EnumRef, ObjectRef } from '@pothos/core';
import { type Builder, type BuilderTypes, mustSignIn } from '../platform/graphql/builder.ts';
import type { FieldCost } from '../platform/graphql/cost.ts';
import type { ChangeResult } from './authority.ts';
import type { ChangeType, DocumentChange } from './change.ts';
import type { Documents } from './documents.ts';
import type { Role } from './permissions.ts';
import type { DocumentRow } from './store.ts';

/** Each stores a file, also when several name the same part: one operation may have a dozen. */
const UPLOAD_COST: FieldCost = { own: 400 };

interface Refs {
  readonly Role: EnumRef<BuilderTypes, Role>;
  readonly ChangeType: EnumRef<BuilderTypes, ChangeType>;
  readonly Change: ObjectRef<BuilderTypes, DocumentChange>;
  readonly Document: ObjectRef<BuilderTypes, DocumentRow>;
}

/** Adds what changes documents to the schema. */
export function documentMutations(
  builder: Builder,
  documents: Documents,
  { Role, Change, ChangeType, Document }: Refs,
) {
  const CreateDocumentInput = builder.inputType('CreateDocumentInput', {
    fields: (t) => ({
      id: t.id({ description: 'A client-chosen id makes the call idempotent.' }),
      title: t.string({ required: true }),
      content: t.string({ required: true, defaultValue: '' }),
    }),
  });
  const UpdateDocumentInput = builder.inputType('UpdateDocumentInput', {
    fields: (t) => ({ title: t.string() }),
  });
  const DocumentChangeInput = builder.inputType('DocumentChangeInput', {
    fields: (t) => ({
      changeType: t.field({ type: ChangeType, required: true }),
      position: t.int({ required: true }),
      length: t.int({ description: 'Units to remove; required for DELETE and REPLACE.' }),
      content: t.string({ description: 'Text to insert; required for INSERT and REPLACE.' }),
    }),
  });
  const Payload = builder.objectRef<ChangeResult>('ApplyDocumentChangePayload').implement({
    fields: (t) => ({
      changes: t.field({
        type: [Change],
        description:
          'As applied, after transformation against what came between; empty when everything it touched was already gone.',
        resolve: ({ changes }) => [...changes],
      }),
      revision: t.exposeInt('revision', { description: 'The revision of the document after this change.' }),
      replayed: t.exposeBoolean('replayed', {
        description:
          'True when this changeId had been applied before: the earlier result is returned, nothing is applied twice.',
      }),
    }),
  });

  type Fields = Parameters<Parameters<typeof builder.mutationFields>[0]>[0];
  const membershipArgs = (t: Fields) => ({
    documentId: t.arg.id({ required: true }),
    userId: t.arg.id({ required: true }),
    role: t.arg({ type: Role, required: true }),
  });
  const sendingArgs = (t: Fields) => ({
    documentId: t.arg.id({ required: true }),
    baseRevision: t.arg.int(),
    changeId: t.arg.id(),
    clientId: t.arg.id(),
  });

  builder.mutationFields((t) => ({
    createDocument: t.field({
      type: Document,
      args: { input: t.arg({ type: CreateDocumentInput, required: true }) },
      resolve: (_root, { input }, context) => documents.create(mustSignIn(context), input),
    }),
    uploadDocument: t.field({
      type: Document,
      description: 'txt, md, html, pdf, docx; the text is extracted by EXTRACT_TEXT.',
      args: { file: t.arg({ type: 'File', required: true }), title: t.arg.string() },
      extensions: { cost: UPLOAD_COST },
      resolve: (_root, args, context) => documents.files.upload(mustSignIn(context), args),
    }),
    updateDocument: t.field({
      type: Document,
      authScopes: (_root, { id }) => ({ documentEditor: id }),
      args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateDocumentInput, required: true }) },
      resolve: (_root, { id, input }, context) => documents.update(mustSignIn(context), id, input),
    }),
    deleteDocument: t.boolean({
      authScopes: (_root, { id }) => ({ documentOwner: id }),
      args: { id: t.arg.id({ required: true }) },
      async resolve(_root, { id }, context) {
        await documents.delete(mustSignIn(context), id);
        return true;
      },
    }),

    addCollaborator: t.field({
      type: Document,
      authScopes: (_root, { documentId }) => ({ documentOwner: documentId }),
      args: membershipArgs(t),
      async resolve(_root, { documentId, userId, role }, context) {
        const viewer = mustSignIn(context);
        await documents.collaborators.add(viewer, documentId, userId, role);
        return documents.mustFind(viewer, documentId, 'VIEWER');
      },
    }),
    changeCollaboratorRole: t.field({
      type: Document,
      authScopes: (_root, { documentId }) => ({ documentOwner: documentId }),
      args: membershipArgs(t),
      async resolve(_root, { documentId, userId, role }, context) {
        const viewer = mustSignIn(context);
        await documents.collaborators.changeRole(viewer, documentId, userId, role);
        return documents.mustFind(viewer, documentId, 'VIEWER');
      },
    }),
    removeCollaborator: t.field({
      type: Document,
      description: 'Owners may remove anybody, everybody may remove themselves.',
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: { documentId: t.arg.id({ required: true }), userId: t.arg.id({ required: true }) },
      async resolve(_root, { documentId, userId }, context) {
        const viewer = mustSignIn(context);
        // Who removes himself gets the document for the last time: it is read before.
        const before = await documents.mustFind(viewer, documentId, 'VIEWER');
        await documents.collaborators.remove(viewer, documentId, userId);
        return (await documents.find(viewer, documentId)) ?? before;
      },
    }),

    applyDocumentChange: t.field({
      type: Payload,
      description: 'baseRevision: the revision that the position refers to; default: the newest.',
      authScopes: (_root, { documentId }) => ({ documentEditor: documentId }),
      args: { ...sendingArgs(t), change: t.arg({ type: DocumentChangeInput, required: true }) },
      resolve: (_root, { change, ...args }, context) =>
        documents.apply(mustSignIn(context), {
          ...args,
          clientId: args.clientId ?? context.clientId,
          changes: [change],
          argument: 'change',
        }),
    }),
    applyDocumentChanges: t.field({
      type: Payload,
      description: 'All or none; each position refers to the text after the ones before it.',
      authScopes: (_root, { documentId }) => ({ documentEditor: documentId }),
      args: { ...sendingArgs(t), changes: t.arg({ type: [DocumentChangeInput], required: true }) },
      resolve: (_root, args, context) =>
        documents.apply(mustSignIn(context), {
          ...args,
          clientId: args.clientId ?? context.clientId,
          argument: 'changes',
        }),
    }),
    revertDocument: t.field({
      type: Payload,
      description: 'A new change that restores an earlier text; history is never rewritten.',
      authScopes: (_root, { documentId }) => ({ documentEditor: documentId }),
      args: {
        documentId: t.arg.id({ required: true }),
        toRevision: t.arg.int({ required: true }),
        changeId: t.arg.id(),
      },
      resolve: (_root, args, context) => documents.revert(mustSignIn(context), args),
    }),
  }));
}
