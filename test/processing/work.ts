import { expect } from 'vitest';
import type { StepError, StepErrorCode } from '../../src/processing/step-error.ts';
import type { Work } from '../../src/processing/work.ts';

/** Work that nobody watches or stops. */
export const quiet = (): Work => ({ signal: new AbortController().signal, report: () => undefined });

/** Work whose reports are kept. */
export function watched() {
  const reports: (readonly [done: number, total: number])[] = [];
  const work: Work = {
    signal: new AbortController().signal,
    report: (done, total) => reports.push([done, total]),
  };
  return { work, reports };
}

/** Work that is stopped at a report, by default the first that says something is done. */
export function stoppedAt(when: (done: number, total: number) => boolean = (done) => done > 0) {
  const controller = new AbortController();
  const after: number[] = [];
  const work: Work = {
    signal: controller.signal,
    report: (done, total) => {
      if (controller.signal.aborted) after.push(done);
      else if (when(done, total)) controller.abort();
    },
  };
  return { work, reportsAfter: after };
}

/** Reports never go back, and end with all of the work done. */
export function expectWholeProgress(reports: readonly (readonly [number, number])[]): void {
  const shares = reports.map(([done, total]) => (total === 0 ? 1 : done / total));
  expect(shares.length).toBeGreaterThan(1);
  expect(shares).toEqual([...shares].sort((one, other) => one - other));
  expect(shares.at(-1)).toBe(1);
}

/** What a refusal looks like: its code, and a message that holds this. */
export const refusal = (code: StepErrorCode, message: RegExp) =>
  expect.objectContaining({
    name: 'StepError',
    code,
    message: expect.stringMatching(message) as string,
  }) as StepError;
