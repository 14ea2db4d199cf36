import { createHmac, generateKeyPairSync } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createTokens, signToken, TokenError } from '../../src/auth/tokens.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { SecretAuth } from '../../src/platform/config.ts';
import { testAuth, testSecret, tokenFor } from '../support/tokens.ts';

const HOUR_MS = 3_600_000;
const start = Date.UTC(2030, 0, 1);
const startSeconds = start / 1000;

const turnableClock = () => {
  let now = start;
  const clock: Clock = { ...systemClock, now: () => now };
  return { clock, advance: (ms: number) => void (now += ms) };
};

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header and claims, as an attacker or a strange issuer would write it by hand. */
const handmade = (claims: unknown, { header = {}, secret = testSecret, hash = 'sha256' } = {}): string => {
  const body = `${base64url({ alg: 'HS256', ...header })}.${
    typeof claims === 'string' ? Buffer.from(claims).toString('base64url') : base64url(claims)
  }`;
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
};

const good = { sub: 'ada', exp: startSeconds + 3600 };

const refusalOf = async (token: string, auth: SecretAuth = testAuth, clock = turnableClock().clock) => {
  const error: unknown = await createTokens(auth, clock)
    .verify(token)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TokenError);
  const { code, reason, message } = error as TokenError;
  expect(code).toBe('UNAUTHENTICATED');
  if (token.length > 10) expect(message).not.toContain(token.slice(-10));
  return { reason, message };
};

describe('verify with a secret', () => {
  it('tells who a token speaks for', async () => {
    const { clock } = turnableClock();
    const claims = { sub: 'ada', name: ' Ada L. ', tenant: 'acme', roles: ['admin'] };
    const token = await signToken(testAuth, claims, HOUR_MS, clock);
    expect(await createTokens(testAuth, clock).verify(token)).toEqual({
      tenantId: 'acme',
      userId: 'ada',
      name: 'Ada L.',
      roles: ['admin'],
      tokenExpiresAt: start + HOUR_MS,
    });
  });

  it('completes what a token leaves out', async () => {
    const { clock } = turnableClock();
    const viewer = await createTokens(testAuth, clock).verify(handmade(good));
    expect(viewer).toMatchObject({ tenantId: 'default', userId: 'ada', name: 'ada', roles: [] });
  });

  it('makes a name fit to be shown and stored', async () => {
    const { clock } = turnableClock();
    const nameOf = async (name: string) =>
      (await createTokens(testAuth, clock).verify(handmade({ ...good, name }))).name;
    expect(await nameOf('a\u0000b\n\u001b[31mc\ud800')).toBe('a b [31mc');
    expect(await nameOf(' \n ')).toBe('ada');
    expect(await nameOf('x'.repeat(500))).toHaveLength(200);
    expect(await nameOf(`${'x'.repeat(199)}😀`)).toBe('x'.repeat(199));
  });

  it.each([
    ['no token', ''],
    ['junk', 'junk'],
    ['dots', '...'],
    ['not base64', '!.!.!'],
    ['no claims', handmade('')],
    ['claims that are no object', handmade('[1]')],
    ['an endless token', 'x'.repeat(1_000_000)],
    ['alg none', `${base64url({ alg: 'none' })}.${base64url(good)}.`],
    ['alg None', `${base64url({ alg: 'None' })}.${base64url(good)}.`],
    ['no alg', handmade(good, { header: { alg: undefined } })],
    ['another HMAC than the pinned one', handmade(good, { header: { alg: 'HS512' }, hash: 'sha512' })],
    ['another secret', handmade(good, { secret: 'x'.repeat(40) })],
    ['a signature that was cut', handmade(good).slice(0, -3)],
    ['an unknown critical header', handmade(good, { header: { crit: ['x'], x: 1 } })],
    ['an unencoded payload', handmade(good, { header: { crit: ['b64'], b64: false } })],
    ['no exp', handmade({ sub: 'ada' })],
    ['exp that is text', handmade({ ...good, exp: '4000000000' })],
    ['exp that never comes', handmade('{"sub":"ada","exp":1e999}')],
    ['exp past the end of time', handmade({ ...good, exp: 1e15 })],
    ['nbf in the far future', handmade({ ...good, nbf: startSeconds + 3000 })],
    ['nbf that never comes', handmade('{"sub":"ada","exp":2000000000,"nbf":1e999}')],
    ['no sub', handmade({ exp: good.exp })],
    ['an empty sub', handmade({ ...good, sub: '' })],
    ['a sub that is a number', handmade({ ...good, sub: 7 })],
    ['a long sub', handmade({ ...good, sub: 'x'.repeat(129) })],
    ['a sub with a control character', handmade({ ...good, sub: 'a\u0000b' })],
    ['a sub with half a surrogate pair', handmade('{"sub":"a\\ud800","exp":2000000000}')],
    ['a name that is no text', handmade({ ...good, name: { toString: 'x' } })],
    ['an empty tenant', handmade({ ...good, tenant: '' })],
    ['a tenant with a slash', handmade({ ...good, tenant: 'a/b' })],
    ['a tenant with a line break at its end', handmade({ ...good, tenant: 'a\n' })],
    ['a long tenant', handmade({ ...good, tenant: 't'.repeat(65) })],
    ['roles that are text', handmade({ ...good, roles: 'admin' })],
    ['roles that are numbers', handmade({ ...good, roles: [1] })],
    ['too many roles', handmade({ ...good, roles: Array(65).fill('r') })],
  ])('[P11] %s is refused as invalid', async (_, token) => {
    expect((await refusalOf(token)).reason).toBe('invalid');
  });

  it('an HMAC with a public key as its secret is refused (HS/RS confusion)', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect((await refusalOf(handmade(good, { secret: pem }))).reason).toBe('invalid');
  });

  it('a jwk in the header does not bring its own key', async () => {
    const jwk = { kty: 'oct', k: Buffer.from('x'.repeat(40)).toString('base64url') };
    const token = handmade(good, { header: { jwk }, secret: 'x'.repeat(40) });
    expect((await refusalOf(token)).reason).toBe('invalid');
  });

  it('tells an expired token from a forged one', async () => {
    const expired = { ...good, exp: startSeconds - 60 };
    expect(await refusalOf(handmade(expired))).toEqual({
      reason: 'expired',
      message: 'The token has expired.',
    });
    expect((await refusalOf(handmade(expired, { secret: 'x'.repeat(40) }))).reason).toBe('invalid');
    expect((await refusalOf(handmade({ exp: expired.exp }))).reason).toBe('invalid');
  });

  it('clocks may differ by half a minute, no more', async () => {
    const { clock } = turnableClock();
    const tokens = createTokens(testAuth, clock);
    await tokens.verify(handmade({ ...good, exp: startSeconds - 29 }));
    await tokens.verify(handmade({ ...good, nbf: startSeconds + 29 }));
    expect((await refusalOf(handmade({ ...good, exp: startSeconds - 31 }))).reason).toBe('expired');
    expect((await refusalOf(handmade({ ...good, nbf: startSeconds + 31 }))).reason).toBe('invalid');
  });

  it('issuer and audience are checked when they are configured', async () => {
    const auth: SecretAuth = { ...testAuth, issuer: 'us', audience: 'quire' };
    const { clock } = turnableClock();
    const token = await signToken(auth, { sub: 'ada' }, HOUR_MS, clock);
    expect((await createTokens(auth, clock).verify(token)).userId).toBe('ada');
    const accepted = handmade({ ...good, iss: 'us', aud: ['other', 'quire'] });
    expect((await createTokens(auth, clock).verify(accepted)).userId).toBe('ada');
    const claims: JWTPayload[] = [
      good,
      { ...good, iss: 'us' },
      { ...good, aud: 'quire' },
      { ...good, iss: 'us', aud: 'quire2' },
      { ...good, iss: 'them', aud: 'quire' },
      { ...good, iss: 'them', aud: 'quire', exp: startSeconds - 60 },
    ];
    for (const each of claims) expect((await refusalOf(handmade(each), auth)).reason).toBe('invalid');
  });

  it('a token that was verified before is not verified again until it expires', async () => {
    const { clock, advance } = turnableClock();
    const tokens = createTokens(testAuth, clock);
    const token = await signToken(testAuth, { sub: 'ada' }, 60_000, clock);
    const viewer = await tokens.verify(token);
    advance(59_000);
    expect(await tokens.verify(token)).toBe(viewer);
    advance(1_000 + 30_000);
    await expect(tokens.verify(token)).rejects.toMatchObject({ reason: 'expired' });
  });

  it('a token is verified again after ten minutes', async () => {
    const { clock, advance } = turnableClock();
    const tokens = createTokens(testAuth, clock);
    const token = await signToken(testAuth, { sub: 'ada' }, HOUR_MS, clock);
    const viewer = await tokens.verify(token);
    advance(600_000);
    expect(await tokens.verify(token)).not.toBe(viewer);
  });

  it('a token that differs in one character from a verified one is not taken for it', async () => {
    const { clock } = turnableClock();
    const tokens = createTokens(testAuth, clock);
    const token = handmade(good);
    await tokens.verify(token);
    const other = token.slice(0, -5) + (token.at(-5) === 'A' ? 'B' : 'A') + token.slice(-4);
    await expect(tokens.verify(other)).rejects.toMatchObject({ reason: 'invalid' });
  });
});

describe('signToken', () => {
  it.each([
    ['sub', { sub: '' }],
    ['sub', { sub: 'a\nb' }],
    ['tenant', { sub: 'a', tenant: 'a b' }],
    ['roles', { sub: 'a', roles: [''] }],
  ])('refuses a %s that verify would refuse', async (argument, claims) => {
    const signing = signToken(testAuth, claims, HOUR_MS, systemClock);
    await expect(signing).rejects.toMatchObject({ code: 'BAD_USER_INPUT', details: { argument } });
  });

  it('is plain HS256, which any other JWT library can make too', async () => {
    const token = await new SignJWT({ ...good })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(testSecret));
    const { clock } = turnableClock();
    expect((await createTokens(testAuth, clock).verify(token)).userId).toBe('ada');
  });
});

describe('tokenFor', () => {
  it('makes tokens that are good now, or expired already', async () => {
    const tokens = createTokens(testAuth, systemClock);
    expect(await tokens.verify(await tokenFor('ada', { tenant: 'acme' }))).toMatchObject({
      userId: 'ada',
      tenantId: 'acme',
    });
    const expired = await tokenFor('ada', { expiresIn: -60_000 });
    await expect(tokens.verify(expired)).rejects.toMatchObject({ reason: 'expired' });
  });
});
