import { type Builder, mustSignIn } from '../platform/graphql/builder.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import type { Users } from './users.ts';

/** A user as other types hold one. */
export interface UserRef {
  readonly tenantId: string;
  readonly id: string;
}

/** Adds User, Viewer and `Query.viewer`; returns the refs that later features use. */
export function authTypes(builder: Builder, users: Users) {
  const User = builder.objectRef<UserRef>('User').implement({
    fields: (t) => ({
      id: t.exposeID('id'),
      name: t.string({
        description: 'As the last token of this user said; the id until one was seen.',
        resolve: ({ tenantId, id }) => users.nameOf(tenantId, id),
      }),
    }),
  });

  const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
    description: 'Who asks, as the token says.',
    fields: (t) => ({
      user: t.field({ type: User, resolve: ({ tenantId, userId }) => ({ tenantId, id: userId }) }),
      tenantId: t.exposeID('tenantId'),
      roles: t.exposeStringList('roles', { description: 'admin | service; empty for an ordinary user' }),
      tokenExpiresAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: (viewer) => viewer.tokenExpiresAt,
      }),
    }),
  });

  builder.queryField('viewer', (t) =>
    t.field({ type: ViewerType, resolve: (_root, _args, context) => mustSignIn(context) }),
  );

  return { User };
}

export type AuthTypes = ReturnType<typeof authTypes>;
