import { z } from 'zod';

const MAX_USER_ID_CHARS = 128;
const MAX_NAME_CHARS = 200;
const MAX_ROLES = 64;
const MAX_ROLE_CHARS = 64;

/** Control characters and halves of surrogate pairs: databases and logs would each make something else of them. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;
const UNFIT_RUNS = /[\p{Cc}\p{Cs}]+/gu;

const DEFAULT_TENANT = 'default';

const userId = `"sub" must be 1 to ${MAX_USER_ID_CHARS} characters without control characters`;
const tenant = '"tenant" must be 1 to 64 letters, digits or any of . _ -';
const roles = `"roles" must be at most ${MAX_ROLES} texts of 1 to ${MAX_ROLE_CHARS} characters`;

/** A name is for people to read: it is made fit rather than refused. */
const fitName = (name: string): string => {
  const clean = name.replace(UNFIT_RUNS, ' ').trim();
  if (clean.length <= MAX_NAME_CHARS) return clean;
  // The cut may leave half a surrogate pair at the end.
  return clean.slice(0, MAX_NAME_CHARS).replace(UNFIT_RUNS, '').trimEnd();
};

/** What Quire reads of a token besides its times, checked and completed with the defaults. */
export const identityClaims = z
  .object({
    sub: z
      .string(userId)
      .min(1, userId)
      .max(MAX_USER_ID_CHARS, userId)
      .refine((sub) => !UNFIT.test(sub), userId),
    name: z.string('"name" must be text').transform(fitName).optional(),
    tenant: z
      .string(tenant)
      .regex(/^[A-Za-z0-9._-]{1,64}$/, tenant)
      .default(DEFAULT_TENANT),
    roles: z
      .array(z.string(roles).min(1, roles).max(MAX_ROLE_CHARS, roles), roles)
      .max(MAX_ROLES, roles)
      .default([]),
  })
  .transform((claims) => ({ ...claims, name: claims.name || claims.sub }));

/** What a token is made from. */
export type IdentityClaims = z.input<typeof identityClaims>;
