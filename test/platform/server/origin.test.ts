import { describe, expect, it } from 'vitest';
import { isAllowedOrigin, isLoopbackHost } from '../../../src/platform/server/origin.ts';

describe('an origin', () => {
  it('is not asked of what is no browser', () => {
    expect(isAllowedOrigin(undefined, 'a.example', null)).toBe(true);
    expect(isAllowedOrigin(undefined, 'a.example', [])).toBe(true);
  });

  it.each([
    ['https://a.example', 'a.example'],
    ['https://a.example', 'a.example:443'],
    ['http://a.example', 'A.example:80'],
    ['http://a.example:4000', 'a.example:4000'],
    ['http://[::1]:4000', '[::1]:4000'],
  ])('%s is the same as the Host %s', (origin, host) => {
    expect(isAllowedOrigin(origin, host, null)).toBe(true);
  });

  it.each([
    ['https://a.example.evil', 'a.example'],
    ['https://evil-a.example', 'a.example'],
    ['http://a.example', 'a.example:4000'],
    ['http://a.example:4000/', 'a.example:4000'],
    ['http://user@a.example', 'a.example'],
    ['file://a.example', 'a.example'],
    ['null', 'a.example'],
    ['', 'a.example'],
    ['https://a.example', undefined],
    ['https://a.example', 'a.example, b.example'],
  ])('%s is foreign to the Host %s', (origin, host) => {
    expect(isAllowedOrigin(origin, host, null)).toBe(false);
  });

  it('of another host must be on the list exactly', () => {
    const list = ['https://good.example'];
    expect(isAllowedOrigin('https://good.example', 'other', list)).toBe(true);
    for (const origin of [
      'https://good.example.evil',
      'https://good.example:443',
      'HTTPS://good.example',
      'null',
      'https://another',
    ])
      expect(isAllowedOrigin(origin, 'other', list)).toBe(false);
  });

  it('of the server itself is allowed beside the list, so that its own pages work', () => {
    expect(isAllowedOrigin('https://other', 'other', ['https://good.example'])).toBe(true);
  });
});

describe('a Host', () => {
  it.each(['localhost', 'localhost:4000', 'LocalHost', '127.0.0.1', '127.255.0.3:1', '[::1]', '[::1]:80'])(
    '%s is loopback',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each([
    undefined,
    '',
    'localhost.evil',
    'evil.localhost.example',
    '127.0.0.1.nip.io',
    '127.1',
    '0.0.0.0',
    '::1',
    '[::1',
    'localhost:',
    'localhost:a',
    'x\nlocalhost',
  ])('%j is not', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});
