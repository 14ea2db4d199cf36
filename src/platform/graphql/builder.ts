import SchemaBuilder from '@pothos/core';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { QuireError } from '../errors.ts';
import type { RequestContext, Viewer } from './context.ts';
import { DateTimeScalar, JsonScalar } from './scalars.ts';
import { FileScalar, type Upload } from './upload.ts';

/**
 * What a field may ask for in `authScopes`. Features add theirs by declaration merging. A scope that is not granted
 * throws the error that the client gets: it knows the reason.
 */
export interface Scopes {
  /** A viewer with a valid token. */
  authenticated: boolean;
  /** A role of the token. */
  role: string;
}

/** How each scope is checked for a request: returns true or throws a QuireError. */
export type ScopeChecks = {
  [Name in keyof Scopes]: (wanted: Scopes[Name], context: RequestContext) => boolean | Promise<boolean>;
};

export interface SchemaTypes {
  Context: RequestContext;
  AuthScopes: Scopes;
  DefaultFieldNullability: false;
  DefaultInputFieldRequiredness: false;
  Scalars: {
    /** Milliseconds since 1970. */
    DateTime: { Input: number; Output: number };
    JSON: { Input: unknown; Output: unknown };
    File: { Input: Upload; Output: never };
    ID: { Input: string; Output: string };
  };
}

/** The checks that every server has. */
export const platformScopes: Pick<ScopeChecks, 'authenticated' | 'role'> = {
  authenticated: (_wanted, context) => mustSignIn(context) !== null,
  role(wanted, context) {
    if (mustSignIn(context).roles.includes(wanted)) return true;
    throw new QuireError('FORBIDDEN', `This needs the role ${wanted}.`);
  },
};

/** Makes the builder that each feature adds its types to. Fields are non-null unless they say otherwise. */
export function createBuilder(checks: ScopeChecks) {
  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [ScopeAuthPlugin],
    defaultFieldNullability: false,
    scopeAuth: {
      // Without this a subscription would only be checked when its first event is resolved.
      authorizeOnSubscribe: true,
      treatErrorsAsUnauthorized: false,
      authScopes: (context) => {
        const bound = Object.entries(checks).map(([name, check]) => [
          name,
          (wanted: never) => (check as (wanted: never, context: RequestContext) => unknown)(wanted, context),
        ]);
        return Object.fromEntries(bound) as never;
      },
    },
  });
  builder.addScalarType('DateTime', DateTimeScalar);
  builder.addScalarType('JSON', JsonScalar);
  builder.addScalarType('File', FileScalar);
  const signedIn = { authScopes: { authenticated: true } };
  builder.queryType(signedIn);
  builder.mutationType(signedIn);
  builder.subscriptionType(signedIn);
  return builder;
}

export type Builder = ReturnType<typeof createBuilder>;

/**
 * The extensions of a field whose value differs between viewers who may read its parent, or that checks access by
 * itself: what selects it is made for each viewer alone.
 */
export const PER_VIEWER = { perViewer: true } as const;

/** The viewer of a request. Throws UNAUTHENTICATED when there is none. */
export function mustSignIn({ viewer }: Pick<RequestContext, 'viewer'>): Viewer {
  if (viewer) return viewer;
  throw new QuireError('UNAUTHENTICATED', 'Sign in: send a token in the Authorization header (Bearer).');
}

/** The tenant of a request, or of several viewers for whom a payload is made. Throws UNAUTHENTICATED without one. */
export const tenantOf = (context: RequestContext): string => context.tenantId ?? mustSignIn(context).tenantId;

/** The schema types of the builder, for naming refs in signatures. */
export type BuilderTypes = Builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never;
