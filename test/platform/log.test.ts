import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';

const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl_-1';

const captured = () => {
  const lines: string[] = [];
  return { lines, log: createLog('info', { write: (line) => void lines.push(line) }) };
};

describe('createLog', () => {
  it('an event is one line of JSON, whatever text is in it', () => {
    const { lines, log } = captured();
    const hostile = 'a\nb\r\u2028{"level":"fatal"}\u001b[31m"\\';
    log.info({ hostile }, hostile);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n\r\u001b]*\n$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', hostile, msg: hostile });
  });

  it('fields that carry credentials are redacted and the logged object stays as it was', () => {
    const { lines, log } = captured();
    const request = {
      headers: { authorization: 'hush', cookie: 'hush', 'set-cookie': 'hush', accept: 'open' },
    };
    const error = Object.assign(new Error('failed'), { token: 'hush', request });
    log.error({ err: error, token: 'hush', request, config: { auth: { secret: 'hush' } } });
    log.child({ connectionParams: { token: 'hush' } }).info('child');
    expect(lines.join()).not.toContain('hush');
    expect(lines.join()).toContain('open');
    expect(error.token + request.headers.cookie).toBe('hushhush');
  });

  it.each([
    jwt,
    `Bearer ${jwt}`,
    `line\n${jwt}`,
    `/graphql?token=${jwt}&x=1`,
    `token%3D${jwt}`,
    `["${jwt}"]`,
  ])('a token in text is redacted: %j', (text) => {
    const { lines, log } = captured();
    log.info({ text, list: [text], err: new Error(text) }, text);
    expect(lines.join()).not.toContain('eyJzdWIiOiJhZGEifQ');
    expect(() => JSON.parse(lines[0] ?? '') as unknown).not.toThrow();
  });

  it('text made to hurt the redaction does not', () => {
    const { lines, log } = captured();
    const started = performance.now();
    log.info('eyJ-'.repeat(250_000));
    log.info('eyJa.eyJa.'.repeat(100_000));
    log.info('\neyJa'.repeat(200_000));
    expect(lines).toHaveLength(3);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('says nothing below its level', () => {
    const { lines, log } = captured();
    log.debug('quiet');
    expect(lines).toEqual([]);
  });
});
