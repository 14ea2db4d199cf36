import { describe, expect, it } from 'vitest';
import { fullJitter } from '../../src/console/api/backoff.ts';
import { problemOf } from '../../src/console/api/problem.ts';
import { type Sample, WINDOW_MS, withSample } from '../../src/console/operations/samples.ts';
import { documentPath, routeOf } from '../../src/console/shell/route.ts';
import { ago, duration, plain, size } from '../../src/console/ui/words.ts';
import { ConnectionLost, OperationError } from '../../src/sdk/errors.ts';

const refusal = (code: string, extensions: Record<string, unknown> = {}): OperationError =>
  new OperationError([{ message: 'No.', extensions: { code, ...extensions } }]);

describe('a path', () => {
  it('stands for a page', () => {
    expect(routeOf('/')).toEqual({ page: 'documents' });
    expect(routeOf('/documents')).toEqual({ page: 'documents' });
    expect(routeOf('/processing')).toEqual({ page: 'processing' });
    expect(routeOf('/operations')).toEqual({ page: 'operations' });
  });

  it.each(['notes', 'report.2026.pdf', 'été', 'a:b_c-d'])('leads to the document %s and back', (id) => {
    expect(routeOf(documentPath(id))).toEqual({ page: 'document', id });
  });

  it.each(['/documents/', '/documents/a/b', '/processing/x', '/elsewhere', '/documents/%'])(
    'is none at %s',
    (path) => {
      expect(routeOf(path)).toEqual({ page: 'unknown' });
    },
  );
});

describe('the wait before another try', () => {
  it('is anything below a bound that doubles, up to 20 s', () => {
    expect(fullJitter(0, () => 0)).toBe(0);
    expect([0, 1, 2, 5, 6, 60].map((retries) => fullJitter(retries, () => 1))).toEqual([
      500, 1_000, 2_000, 16_000, 20_000, 20_000,
    ]);
  });
});

describe('a problem', () => {
  it.each([
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'NOT_FOUND',
    'BAD_USER_INPUT',
    'CONFLICT',
    'RESYNC_REQUIRED',
    'PAYLOAD_TOO_LARGE',
    'RATE_LIMITED',
    'OPERATION_TOO_COMPLEX',
    'UNAVAILABLE',
    'INTERNAL_SERVER_ERROR',
  ])('says what to do: %s', (code) => {
    const { advice, ...rest } = problemOf(refusal(code));
    expect(rest).toEqual({ code, message: 'No.' });
    expect(advice).not.toBe('');
  });

  it('says when to try again, where the log has it, and when there was no answer', () => {
    expect(problemOf(refusal('RATE_LIMITED', { retryAfterMs: 2_400 })).advice).toContain('3 s');
    expect(problemOf(refusal('INTERNAL_SERVER_ERROR', { requestId: 'r-1' })).advice).toContain('r-1');
    expect(problemOf(new ConnectionLost(1006, '')).code).toBe('CONNECTION');
  });
});

describe('the samples of a chart', () => {
  const at = (seconds: number): Sample => ({
    at: seconds * 1_000,
    connections: 1,
    deliveries: 0,
    deliveryP99: 0,
    responseP99: 0,
    lag: null,
    memory: null,
  });

  it('are those of the last ten minutes, and no more, however long one looks', () => {
    let samples: readonly Sample[] = [];
    for (let second = 0; second <= 3_600; second += 5) samples = withSample(samples, at(second));
    expect(samples).toHaveLength(121);
    expect(samples[0]?.at).toBe(3_600_000 - WINDOW_MS);
    expect(withSample(samples, at(9_000))).toEqual([at(9_000)]);
  });

  it('are each there once', () => {
    const samples = withSample([], at(5));
    expect(withSample(samples, at(5))).toBe(samples);
    expect(withSample(samples, at(4))).toBe(samples);
  });
});

describe('the words for figures', () => {
  it('are those that one says', () => {
    expect([0, 999, 1_500, 61_000].map(duration)).toEqual(['0 ms', '999 ms', '1.5 s', '1 min 1 s']);
    expect([5, 2_048, 5_242_880].map(size)).toEqual(['5 bytes', '2 KB', '5.0 MB']);
    expect([0, -60_000, -7_200_000, 120_000, -172_800_000].map((ms) => ago(ms, 0))).toEqual([
      'just now',
      '1 minute ago',
      '2 hours ago',
      'in 2 minutes',
      '2 days ago',
    ]);
    expect(plain('DETECT_LANGUAGE')).toBe('Detect language');
  });
});
