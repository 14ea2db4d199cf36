import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokens, TokenError } from '../../src/auth/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { JwksAuth } from '../../src/platform/config.ts';

/** An identity provider on loopback, which answers whatever `answer` says. */
let provider: Server;
let auth: JwksAuth;
let requests: string[];
let answer: { status: number; body: string };

const listen = async (server: Server): Promise<string> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const close = async (server: Server): Promise<void> => {
  if (!server.listening) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
};

beforeEach(async () => {
  requests = [];
  provider = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.writeHead(answer.status, { 'content-type': 'application/json', location: '/elsewhere' });
    response.end(answer.body);
  });
  auth = {
    mode: 'jwks',
    url: `${await listen(provider)}/keys`,
    issuer: 'https://id.example',
    audience: 'quire',
  };
});

afterEach(() => close(provider));

/** A key pair whose public half the provider publishes (beside those published already). */
const publishedKey = async (alg: string, kid: string) => {
  const pair = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
  const published = answer?.status === 200 ? (JSON.parse(answer.body) as { keys: unknown[] }).keys : [];
  answer = { status: 200, body: JSON.stringify({ keys: [...published, jwk] }) };
  return pair;
};

beforeEach(() => {
  answer = { status: 200, body: '{"keys":[]}' };
});

const tokenOf = (key: CryptoKey | Uint8Array, header: JWTHeaderParameters, claims = {}): Promise<string> =>
  new SignJWT({ sub: 'ada', iss: auth.issuer, aud: auth.audience, ...claims })
    .setProtectedHeader(header)
    .setExpirationTime('1h')
    .sign(key);

const refusalOf = async (token: string): Promise<'expired' | 'invalid'> => {
  const error: unknown = await createTokens(auth, systemClock)
    .verify(token)
    .catch((reason: unknown) => reason);
  if (!(error instanceof TokenError)) throw error;
  return error.reason;
};

describe('verify with a JWKS', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('accepts a token of its issuer (%s)', async (alg) => {
    const { privateKey } = await publishedKey(alg, 'k1');
    const tokens = createTokens(auth, systemClock);
    const viewer = await tokens.verify(await tokenOf(privateKey, { alg, kid: 'k1' }, { tenant: 'acme' }));
    expect(viewer).toMatchObject({ userId: 'ada', tenantId: 'acme' });
  });

  it('fetches the keys once for many tokens', async () => {
    const { privateKey } = await publishedKey('ES256', 'k1');
    const tokens = createTokens(auth, systemClock);
    const made = await Promise.all(
      ['a', 'b', 'c'].map((sub) => tokenOf(privateKey, { alg: 'ES256', kid: 'k1' }, { sub })),
    );
    await Promise.all(made.map((token) => tokens.verify(token)));
    expect(requests).toEqual(['/keys']);
  });

  it('an HMAC with the public key as its secret is refused (HS/RS confusion)', async () => {
    const { publicKey } = await publishedKey('RS256', 'k1');
    const pem = await exportSPKI(publicKey);
    for (const secret of [pem, pem.trim(), answer.body]) {
      const claims = { sub: 'ada', iss: auth.issuer, aud: auth.audience, exp: Date.now() / 1000 + 3600 };
      const body = [{ alg: 'HS256', kid: 'k1' }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const token = `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
      expect(await refusalOf(token)).toBe('invalid');
    }
  });

  it('alg none is refused', async () => {
    await publishedKey('RS256', 'k1');
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: 'ada', iss: auth.issuer, aud: auth.audience, exp: 4_000_000_000 };
    expect(await refusalOf(`${part({ alg: 'none', kid: 'k1' })}.${part(claims)}.`)).toBe('invalid');
  });

  it('a symmetric key that the provider publishes by mistake is not used', async () => {
    const secret = Buffer.alloc(32, 7);
    const key = { kty: 'oct', k: secret.toString('base64url'), kid: 'k1', alg: 'HS256' };
    answer = { status: 200, body: JSON.stringify({ keys: [key] }) };
    expect(await refusalOf(await tokenOf(secret, { alg: 'HS256', kid: 'k1' }))).toBe('invalid');
  });

  it('jku and x5u are never followed, nor is a jwk in the header believed', async () => {
    await publishedKey('ES256', 'k1');
    let visits = 0;
    const attacker = createServer((_, response) => {
      visits++;
      response.end('{"keys":[]}');
    });
    try {
      const url = await listen(attacker);
      const own = await generateKeyPair('ES256', { extractable: true });
      const jwk = await exportJWK(own.publicKey);
      for (const kid of ['k1', 'k2']) {
        const token = await tokenOf(own.privateKey, { alg: 'ES256', kid, jku: url, x5u: url, jwk });
        expect(await refusalOf(token)).toBe('invalid');
      }
      expect(visits).toBe(0);
    } finally {
      await close(attacker);
    }
  });

  it('a wrong or missing issuer, audience or exp is refused, and an expired token said to be so', async () => {
    const { privateKey } = await publishedKey('ES256', 'k1');
    const header = { alg: 'ES256', kid: 'k1' };
    for (const claims of [{ iss: 'x' }, { aud: 'x' }, { aud: [] }, { iss: undefined }, { aud: undefined }])
      expect(await refusalOf(await tokenOf(privateKey, header, claims))).toBe('invalid');
    const endless = new SignJWT({ sub: 'ada', iss: auth.issuer, aud: auth.audience });
    expect(await refusalOf(await endless.setProtectedHeader(header).sign(privateKey))).toBe('invalid');
    const expired = new SignJWT({ sub: 'ada', iss: auth.issuer, aud: auth.audience }).setExpirationTime(1000);
    expect(await refusalOf(await expired.setProtectedHeader(header).sign(privateKey))).toBe('expired');
  });

  it('another algorithm than the key is for, or an unknown one, is refused', async () => {
    const { privateKey } = await publishedKey('RS256', 'k1');
    const pss = await generateKeyPair('PS256');
    expect(await refusalOf(await tokenOf(pss.privateKey, { alg: 'PS256', kid: 'k1' }))).toBe('invalid');
    const token = await tokenOf(privateKey, { alg: 'RS256', kid: 'k1' });
    const header = Buffer.from('{"alg":"XX256","kid":"k1"}').toString('base64url');
    expect(await refusalOf([header, ...token.split('.').slice(1)].join('.'))).toBe('invalid');
  });

  it('a provider that cannot be reached is UNAVAILABLE, not the fault of the token', async () => {
    const { privateKey } = await publishedKey('ES256', 'k1');
    const token = await tokenOf(privateKey, { alg: 'ES256', kid: 'k1' });
    const tokens = createTokens(auth, systemClock);
    const published = answer;
    for (const bad of [
      { status: 500, body: '' },
      { status: 302, body: '' },
      { status: 200, body: 'not JSON' },
      { status: 200, body: '{"keys":7}' },
    ]) {
      answer = bad;
      await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    }
    expect(requests).not.toContain('/elsewhere');
    answer = published;
    expect((await tokens.verify(token)).userId).toBe('ada');

    await close(provider);
    await expect(createTokens(auth, systemClock).verify(token)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
