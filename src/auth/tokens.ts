import { createHash, createSecretKey } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../platform/clock.ts';
import type { JwksAuth, SecretAuth } from '../platform/config.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { Viewer } from '../platform/graphql/context.ts';
import { LruMap } from '../platform/lru.ts';
import { type IdentityClaims, identityClaims } from './claims.ts';

/** Seconds by which the clocks of the issuer and of this machine may differ. */
const LEEWAY_SECONDS = 30;
const MAX_TOKEN_CHARS = 16_384;
const MAX_CACHED_TOKENS = 10_000;
/** Milliseconds after which a token is verified again, so that a key that was withdrawn stops counting. */
const MAX_CACHED_MS = 600_000;
/** Seconds since 1970: the last moment that a Date can hold. */
const LAST_MOMENT = 8.64e12;
/** Milliseconds that fetching the identity provider's keys may take. */
const JWKS_TIMEOUT_MS = 5_000;

/** The algorithms that JWKS keys may sign with: no `none`, and no HMAC, for which a public key would be the secret. */
const PUBLIC_KEY_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/**
 * A token that is not accepted. `expired` is said only of a token that is good in all else (a socket closes with 4403:
 * come back with a fresh one); everything else is `invalid` (4401). The message never contains the token.
 */
export class TokenError extends QuireError {
  readonly reason: 'expired' | 'invalid';

  constructor(reason: 'expired' | 'invalid', message: string) {
    super('UNAUTHENTICATED', message);
    this.reason = reason;
  }
}

/** Checks tokens. */
export interface Tokens {
  /**
   * Who the token speaks for. Rejects with a TokenError, or with UNAVAILABLE when the keys to check it with cannot be
   * had. Cheap for a token that was verified before.
   */
  verify(token: string): Promise<Viewer>;
}

const invalid = (why: string): TokenError => new TokenError('invalid', `The token is not valid: ${why}.`);

const refusal = (error: errors.JOSEError): TokenError => {
  if (error instanceof errors.JWTExpired) return new TokenError('expired', 'The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalid(`its "${error.claim}" is ${error.reason === 'missing' ? 'missing' : 'not accepted'}`);
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('its algorithm is not accepted');
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('its signature does not match');
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return invalid('it does not name a key of its issuer');
  return invalid('it is not a signed JWT');
};

const viewerOf = (payload: JWTPayload): Viewer => {
  const read = identityClaims.safeParse(payload);
  if (!read.success) throw invalid(read.error.issues[0]?.message ?? 'its claims are not accepted');
  // 1e999 is a number to JSON.parse, and would never expire.
  if (payload.exp === undefined || payload.exp > LAST_MOMENT) throw invalid('its "exp" is not accepted');
  const { sub, tenant, name, roles } = read.data;
  return { tenantId: tenant, userId: sub, name, roles, tokenExpiresAt: Math.floor(payload.exp * 1000) };
};

const remoteKeys = (url: string): JWTVerifyGetKey => {
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: JWKS_TIMEOUT_MS });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      const isTokensFault =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      if (isTokensFault) throw error;
      throw new QuireError(
        'UNAVAILABLE',
        'Tokens cannot be verified now: the keys of their issuer are not available.',
      );
    }
  };
};

type Verify = (token: string, currentDate: Date) => Promise<{ payload: JWTPayload }>;

const verifierOf = (auth: SecretAuth | JwksAuth): Verify => {
  const { issuer, audience } = auth;
  const checks = { issuer, audience, requiredClaims: ['exp', 'sub'], clockTolerance: LEEWAY_SECONDS };
  if (auth.mode === 'secret') {
    const key = createSecretKey(auth.secret, 'utf8');
    return (token, currentDate) => jwtVerify(token, key, { ...checks, algorithms: ['HS256'], currentDate });
  }
  const keys = remoteKeys(auth.url);
  return (token, currentDate) =>
    jwtVerify(token, keys, { ...checks, algorithms: PUBLIC_KEY_ALGORITHMS, currentDate });
};

interface Verified {
  readonly viewer: Viewer;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Checks tokens the way `auth` says. Keys of a JWKS are fetched when the first token needs them, and kept. */
export const createTokens = (auth: SecretAuth | JwksAuth, clock: Clock): Tokens => {
  const verify = verifierOf(auth);
  /** By the token's SHA-256, so that the memory holds no token. */
  const verified = new LruMap<string, Verified>(MAX_CACHED_TOKENS);

  return {
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARS) throw invalid('it is too long');
      const now = clock.now();
      const digest = createHash('sha256').update(token).digest('base64');
      const known = verified.get(digest);
      if (known && now < known.until) return known.viewer;
      verified.delete(digest);
      const { payload } = await verify(token, new Date(now)).catch((error: unknown) => {
        throw error instanceof errors.JOSEError ? refusal(error) : error;
      });
      const viewer = viewerOf(payload);
      verified.set(digest, { viewer, until: Math.min(viewer.tokenExpiresAt, now + MAX_CACHED_MS) });
      return viewer;
    },
  };
};

/**
 * Makes a token that `createTokens` with the same `auth` accepts for `ttlMs` milliseconds (rounded up to a whole
 * second). Throws BAD_USER_INPUT when a claim is not acceptable.
 */
export const signToken = async (
  auth: SecretAuth,
  claims: IdentityClaims,
  ttlMs: number,
  clock: Clock,
): Promise<string> => {
  const read = identityClaims.safeParse(claims);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw badInput(String(issue?.path[0]), issue?.message ?? 'the claims are not acceptable');
  }
  const now = clock.now();
  const token = new SignJWT({ ...read.data })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(Math.floor(now / 1000))
    .setExpirationTime(Math.ceil((now + ttlMs) / 1000));
  if (auth.issuer) token.setIssuer(auth.issuer);
  if (auth.audience) token.setAudience(auth.audience);
  return token.sign(createSecretKey(auth.secret, 'utf8'));
};
