import { signToken } from '../../src/auth/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { SecretAuth } from '../../src/platform/config.ts';

/** The AUTH_SECRET of every test server. */
export const testSecret = 'a secret that only the tests know, 32 bytes and more';

export const testAuth: SecretAuth = { mode: 'secret', secret: testSecret };

export interface TokenOptions {
  readonly name?: string;
  readonly tenant?: string;
  readonly roles?: string[];
  /** Milliseconds from now, an hour when left out; negative for a token that has expired already. */
  readonly expiresIn?: number;
}

/** A token for a user, signed with `testSecret`. */
export const tokenFor = (
  userId: string,
  { expiresIn = 3_600_000, ...claims }: TokenOptions = {},
): Promise<string> => signToken(testAuth, { sub: userId, ...claims }, expiresIn, systemClock);
