import type { AuthTypes } from '../auth/schema.ts';
import {
  type Builder,
  mustSignIn,
  PER_VIEWER,
  type ScopeChecks,
  tenantOf,
} from '../platform/graphql/builder.ts';
import {
  checkFirst,
  connectionOf,
  connectionTypes,
  readCursor,
  toCursor,
} from '../platform/graphql/connection.ts';
import { resumption } from '../platform/graphql/context.ts';
import { type FieldCost, TEXT_COST } from '../platform/graphql/cost.ts';
import type { AuthoredRange } from './authorship.ts';
import { changeTypeOf, changeTypes, type DocumentChange } from './change.ts';
import type { Documents } from './documents.ts';
import { documentMutations } from './mutations.ts';
import { type Role, roles } from './permissions.ts';
import type { CollaboratorRow, DocumentRow } from './store.ts';

declare module '../platform/graphql/builder.ts' {
  interface Scopes {
    /** May read the document of this id. */
    documentReader: string;
    documentEditor: string;
    documentOwner: string;
  }
}

/** Entries of the log that one query gives. */
const MAX_CHANGES_PAGE = 1_000;
/** A page of the log is one read of consecutive rows, so that the largest passes LIMIT_COST with all of its fields. */
const LOG_COST: FieldCost = { rate: 0.25, maxFirst: MAX_CHANGES_PAGE };

/** How the document scopes are checked: NOT_FOUND for what the viewer may not read, FORBIDDEN for the rest. */
export function documentScopes(
  documents: Documents,
): Pick<ScopeChecks, 'documentReader' | 'documentEditor' | 'documentOwner'> {
  const check =
    (needed: Role): ScopeChecks['documentReader'] =>
    async (documentId, context) =>
      (await documents.mustFind(mustSignIn(context), documentId, needed)) !== null;
  return { documentReader: check('VIEWER'), documentEditor: check('EDITOR'), documentOwner: check('OWNER') };
}

/** A collaborator with the tenant, which names users. */
export type CollaboratorShape = CollaboratorRow & { readonly tenantId: string };

/** Adds documents and their changes to the schema; returns the refs that later features extend. */
export function documentTypes(
  builder: Builder,
  documents: Documents,
  { User }: AuthTypes,
  limits: { readonly page: number },
) {
  const RoleType = builder.enumType('Role', {
    description: 'What a collaborator may do; each includes the ones before it.',
    values: roles,
  });
  const ChangeTypeType = builder.enumType('ChangeType', { values: changeTypes });

  const Change = builder.objectRef<DocumentChange>('DocumentChange').implement({
    description:
      'One splice: at `position`, `length` units were removed and `content` inserted. One revision is one splice.',
    fields: (t) => ({
      documentId: t.exposeID('documentId'),
      revision: t.exposeInt('revision'),
      changeType: t.field({ type: ChangeTypeType, resolve: changeTypeOf }),
      position: t.exposeInt('position', { description: 'In UTF-16 code units, like every position.' }),
      length: t.exposeInt('length'),
      content: t.string({ resolve: ({ content }, _args, { texts }) => texts.take(content) }),
      userId: t.exposeID('userId'),
      user: t.field({
        type: User,
        resolve: ({ userId }, _args, context) => ({ tenantId: tenantOf(context), id: userId }),
      }),
      clientId: t.exposeID('clientId', {
        nullable: true,
        description: 'The sending client, so that it can know its own changes.',
      }),
      changeId: t.exposeID('changeId', {
        description: "The sender's idempotency key; the splices of one change share it.",
      }),
      timestamp: t.field({ type: 'DateTime', resolve: ({ timestamp }) => timestamp }),
    }),
  });

  const Collaborator = builder.objectRef<CollaboratorShape>('Collaborator').implement({
    fields: (t) => ({
      user: t.field({ type: User, resolve: ({ tenantId, userId }) => ({ tenantId, id: userId }) }),
      role: t.field({ type: RoleType, resolve: ({ role }) => role }),
      addedBy: t.field({ type: User, resolve: ({ tenantId, addedBy }) => ({ tenantId, id: addedBy }) }),
      addedAt: t.field({ type: 'DateTime', resolve: ({ addedAt }) => addedAt }),
    }),
  });

  const Authored = builder.objectRef<AuthoredRange>('AuthoredRange').implement({
    description:
      'Text that one user wrote, from `from` up to `to`; `revision` is the newest that wrote into it.',
    fields: (t) => ({
      user: t.field({
        type: User,
        resolve: ({ userId }, _args, context) => ({ tenantId: tenantOf(context), id: userId }),
      }),
      from: t.exposeInt('from'),
      to: t.exposeInt('to'),
      revision: t.exposeInt('revision'),
    }),
  });

  const Document = builder.objectRef<DocumentRow>('Document').implement({
    fields: (t) => ({
      id: t.exposeID('id'),
      title: t.exposeString('title'),
      content: t.string({
        description: 'The text at `revision`.',
        extensions: { cost: TEXT_COST },
        resolve: (row, _args, { texts }) => texts.read(() => documents.contentAt(row, row.revision)),
      }),
      contentLength: t.exposeInt('length', { description: 'UTF-16 code units of `content`.' }),
      revision: t.exposeInt('revision', {
        description: 'Number of changes applied so far; 0 for a document created empty.',
      }),
      contentAt: t.string({
        description: 'The text as it was at an earlier revision.',
        args: { revision: t.arg.int({ required: true }) },
        extensions: { cost: TEXT_COST },
        resolve: (row, { revision }, { texts }) => texts.read(() => documents.contentAt(row, revision)),
      }),
      changes: t.field({
        type: [Change],
        description: `The log after a revision, oldest first; at most ${MAX_CHANGES_PAGE}.`,
        args: {
          after: t.arg.int({ required: true, defaultValue: 0 }),
          first: t.arg.int({ required: true, defaultValue: 100 }),
        },
        extensions: { cost: LOG_COST },
        resolve(row, { after, first }) {
          checkFirst(first, MAX_CHANGES_PAGE);
          return documents.changes(row, after, first);
        },
      }),
      authorship: t.field({
        type: [Authored],
        description: 'Who wrote what stands now: consecutive ranges that cover the whole text.',
        extensions: { cost: TEXT_COST },
        resolve: (row) => documents.authorship(row),
      }),
      collaborators: t.field({
        type: [Collaborator],
        resolve: async ({ tenantId, id }) =>
          (await documents.collaborators.list({ tenantId, documentId: id })).map((row) => ({
            ...row,
            tenantId,
          })),
      }),
      viewerRole: t.field({
        type: RoleType,
        extensions: PER_VIEWER,
        resolve: ({ id }, _args, context) => documents.roleOf(mustSignIn(context), id),
      }),
      createdBy: t.field({ type: User, resolve: ({ tenantId, createdBy }) => ({ tenantId, id: createdBy }) }),
      createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
      updatedAt: t.field({ type: 'DateTime', resolve: ({ updatedAt }) => updatedAt }),
    }),
  });

  const DocumentConnection = connectionTypes(builder, 'Document', Document);

  builder.queryFields((t) => ({
    document: t.field({
      type: Document,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, context) => documents.find(mustSignIn(context), id),
    }),
    documents: t.field({
      type: DocumentConnection,
      description:
        'What the viewer may read, newest first. `search` is full text over titles and texts: all words have to be found, the last one as a beginning; the best come first.',
      args: {
        first: t.arg.int({ required: true, defaultValue: 20 }),
        after: t.arg.string(),
        search: t.arg.string(),
      },
      extensions: { cost: { maxFirst: limits.page } satisfies FieldCost },
      async resolve(_root, { first, after, search }, context) {
        const viewer = mustSignIn(context);
        checkFirst(first, limits.page);
        if (search != null) {
          const { page, cursorOf, count } = documents.search(viewer, search);
          return connectionOf(await page(first, after), { first, after }, cursorOf, count);
        }
        const [createdAt, id] = after == null ? [] : readCursor(after);
        const position = createdAt === undefined || id === undefined ? null : { createdAt, id };
        const rows = await documents.page(viewer, first, position);
        return connectionOf(
          rows,
          { first, after },
          (row) => toCursor([row.createdAt, row.id]),
          () => documents.count(viewer),
        );
      },
    }),
  }));

  builder.subscriptionField('documentChanges', (t) =>
    t.field({
      type: Change,
      description:
        'LOG, cursor = revision. `after: 0` replays all; omitted: from now on. Own changes (same clientId; without one, same user) come only with echo.',
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: {
        documentId: t.arg.id({ required: true }),
        after: t.arg.int(),
        echo: t.arg.boolean({ required: true, defaultValue: false }),
        clientId: t.arg.id(),
      },
      subscribe: (_root, args, context) =>
        documents.streams.changes(mustSignIn(context), {
          ...args,
          ...resumption(context, args.after),
          clientId: args.clientId ?? context.clientId,
        }),
      resolve: (change) => change,
    }),
  );

  documentMutations(builder, documents, { Role: RoleType, Change, ChangeType: ChangeTypeType, Document });
  return { Role: RoleType, Change, Collaborator, Document };
}

export type DocumentTypes = ReturnType<typeof documentTypes>;
