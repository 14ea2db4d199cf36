import { describe, expect, it } from 'vitest';
import { type Batch, batchStatusOf, isBatchOver, viewOf } from '../../../src/processing/batch.ts';

const batch = (facts: Partial<Batch>): Batch => ({
  tenantId: 'acme',
  batchId: 'b',
  total: 10,
  processed: 0,
  failed: 0,
  cancelled: 0,
  currentItem: null,
  requestedBy: 'ada',
  createdAt: 0,
  updatedAt: 0,
  startedAt: 0,
  finishedAt: null,
  cancelledAt: null,
  rateSince: 0,
  rateEnded: 0,
  ...facts,
});

describe('the status of a batch', () => {
  it.each([
    ['QUEUED', { startedAt: null }],
    ['IN_PROGRESS', {}],
    ['IN_PROGRESS', { processed: 9 }],
    ['IN_PROGRESS', { startedAt: null, cancelled: 1 }],
    ['COMPLETED', { processed: 10 }],
    ['COMPLETED_WITH_FAILURES', { processed: 9, failed: 1 }],
    ['COMPLETED_WITH_FAILURES', { failed: 10 }],
    ['COMPLETED_WITH_FAILURES', { processed: 9, cancelled: 1 }],
    ['CANCELLED', { processed: 9, cancelled: 1, cancelledAt: 7 }],
    ['CANCELLED', { cancelled: 10 }],
  ] as const)('is %s with %o', (status, facts) => {
    expect(batchStatusOf(batch(facts))).toBe(status);
    expect(isBatchOver(batch(facts))).toBe(status !== 'QUEUED' && status !== 'IN_PROGRESS');
  });
});

describe('the estimated end of a batch', () => {
  it('is not known before an item has ended, nor when all have', () => {
    expect(viewOf(batch({ startedAt: null, rateSince: null }), 1_000).estimatedCompletion).toBeNull();
    expect(viewOf(batch({}), 1_000).estimatedCompletion).toBeNull();
    expect(viewOf(batch({ processed: 10 }), 1_000).estimatedCompletion).toBeNull();
  });

  it('goes by the rate of those that have ended, whichever way', () => {
    expect(
      viewOf(batch({ processed: 3, failed: 1, cancelled: 1, rateSince: 1_000 }), 6_000).estimatedCompletion,
    ).toBe(11_000);
  });

  it('does not count what had ended before a retry', () => {
    expect(viewOf(batch({ processed: 6, rateEnded: 5, rateSince: 1_000 }), 2_000).estimatedCompletion).toBe(
      6_000,
    );
    expect(
      viewOf(batch({ processed: 5, rateEnded: 5, rateSince: 1_000 }), 2_000).estimatedCompletion,
    ).toBeNull();
  });
});
