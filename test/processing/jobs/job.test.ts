import { describe, expect, it } from 'vitest';
import { backoff, progressOf, readRequest, stepNames, stepsToDo } from '../../../src/processing/job.ts';
import { JobProgress } from '../../../src/processing/progress.ts';

const request = { priority: 5, maxAttempts: 3 };

describe('a request', () => {
  it('without steps is for all of them, in their order', () => {
    expect(readRequest(request).steps).toEqual(stepNames);
    expect(readRequest({ ...request, steps: null }).steps).toEqual(stepNames);
  });

  it('that says nothing is of priority 5 and has three attempts', () => {
    expect(readRequest({})).toEqual({ steps: stepNames, priority: 5, maxAttempts: 3 });
  });

  it('takes steps once each, in the order in which they are done', () => {
    const { steps } = readRequest({ ...request, steps: ['INDEX', 'ANALYZE', 'INDEX', 'EXTRACT_TEXT'] });
    expect(steps).toEqual(['EXTRACT_TEXT', 'ANALYZE', 'INDEX']);
  });

  it.each([
    ['request.steps', { steps: [] }],
    ['request.priority', { priority: -1 }],
    ['request.priority', { priority: 11 }],
    ['request.maxAttempts', { maxAttempts: 0 }],
    ['request.maxAttempts', { maxAttempts: 11 }],
  ])('[P11] with a wrong %s is refused', (argument, wrong) => {
    expect(() => readRequest({ ...request, ...wrong })).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', details: { argument } }),
    );
  });
});

describe('waiting after a failure', () => {
  it('doubles with each attempt, up to a minute', () => {
    const longest = [1, 2, 3, 7, 10].map((attempt) => backoff(attempt, () => 1));
    expect(longest).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  });

  it('is never less than half of that, so that who failed together comes back apart', () => {
    expect(backoff(3, () => 0)).toBe(2_000);
    expect(backoff(3, () => 0.5)).toBe(3_000);
  });
});

describe('progress', () => {
  it('counts the steps that have ended and what is done of the one under way, and is 100 for nobody who still works', () => {
    expect(progressOf(0, 7, 0)).toBe(0);
    expect(progressOf(3, 6, 0.5)).toBe(58);
    expect(progressOf(6, 7, 1)).toBe(99);
    expect(progressOf(0, 1, 7)).toBe(99);
    expect(progressOf(0, 1, -7)).toBe(0);
  });

  it('tells of each change, and what each step took', () => {
    let changes = 0;
    const progress = new JobProgress(['ANALYZE', 'INDEX'], () => (changes += 1));
    expect(progress.steps).toEqual(stepsToDo(['ANALYZE', 'INDEX']));
    progress.begin(0);
    progress.report(0.5);
    expect(progress.percent).toBe(25);
    progress.end('COMPLETED');
    progress.begin(1);
    expect(progress.percent).toBe(50);
    progress.end('FAILED');
    expect(changes).toBe(5);
    expect(progress.steps).toMatchObject([
      { name: 'ANALYZE', status: 'COMPLETED' },
      { name: 'INDEX', status: 'FAILED' },
    ]);
    for (const { duration } of progress.steps) expect(duration).toBeGreaterThanOrEqual(0);
  });

  it('does not end a step twice', () => {
    const progress = new JobProgress(['INDEX'], () => undefined);
    progress.end('FAILED');
    progress.begin(0);
    progress.end('COMPLETED');
    progress.end('FAILED');
    expect(progress.steps).toMatchObject([{ status: 'COMPLETED' }]);
  });
});
