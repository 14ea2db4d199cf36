import { QuireError } from '../platform/errors.ts';

export const roles = ['VIEWER', 'EDITOR', 'OWNER'] as const;
/** What a collaborator may do; each includes the ones before it. */
export type Role = (typeof roles)[number];

/** What is known of a viewer's access to a document that exists. */
export interface Access {
  readonly role: Role | null;
  /** Raised with each change of the collaborators. */
  readonly epoch: number;
  readonly deleted: boolean;
}

const rank = (role: Role): number => roles.indexOf(role);

/** True when `role` includes `needed`. */
export const includes = (role: Role | null, needed: Role): boolean =>
  role !== null && rank(role) >= rank(needed);

/** Nothing that the viewer may not read exists for them. */
export const documentNotFound = (): QuireError => new QuireError('NOT_FOUND', 'There is no such document.');

/** The error that refuses access, or null where it is granted. */
export function refusal(access: Access | null, needed: Role): QuireError | null {
  if (!access || access.deleted || access.role === null) return documentNotFound();
  if (includes(access.role, needed)) return null;
  return new QuireError(
    'FORBIDDEN',
    `This needs the role ${needed}; you are ${access.role} of this document.`,
  );
}
