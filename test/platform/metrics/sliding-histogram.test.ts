import { describe, expect, it } from 'vitest';
import { SLICES, SlidingHistogram } from '../../../src/platform/metrics/sliding-histogram.ts';
import { Random } from '../../support/random.ts';

/** What a value may differ by: what the histogram promises, and a hair for the arithmetic. */
const near = (value: number, expected: number): void =>
  expect(Math.abs(value - expected) / expected).toBeLessThanOrEqual(0.0101);

describe('a sliding histogram', () => {
  it('knows nothing before anything is recorded', () => {
    expect(new SlidingHistogram().summary()).toEqual({ count: 0, meanMs: 0, p99Ms: 0 });
  });

  it('tells the p99 of a known distribution to within one percent, in whatever order it came', () => {
    const random = new Random(7);
    const values = Array.from({ length: 10_000 }, (_, index) => (index + 1) / 10);
    values.sort(() => random.next() - 0.5);
    const histogram = new SlidingHistogram();
    for (const ms of values) histogram.record(ms);
    const { count, meanMs, p99Ms } = histogram.summary();
    expect(count).toBe(10_000);
    expect(meanMs).toBeCloseTo(500.05, 6);
    near(p99Ms, 990);
  });

  it.each([0.001, 0.0037, 0.25, 1, 3, 99.5, 1_234, 600_000])('keeps %d ms to within one percent', (ms) => {
    const histogram = new SlidingHistogram();
    histogram.record(ms);
    near(histogram.summary().p99Ms, ms);
    expect(histogram.summary().meanMs).toBe(ms);
  });

  it('is not moved by one of a hundred, and is by two', () => {
    const histogram = new SlidingHistogram();
    histogram.record(1, 99);
    histogram.record(1_000);
    near(histogram.summary().p99Ms, 1);
    histogram.record(1_000);
    near(histogram.summary().p99Ms, 1_000);
  });

  it('counts a value as often as it is told', () => {
    const [once, often] = [new SlidingHistogram(), new SlidingHistogram()];
    for (let time = 0; time < 1_000; time += 1) once.record(20);
    once.record(70);
    often.record(20, 1_000);
    often.record(70, 1);
    expect(often.summary()).toEqual(once.summary());
    expect(often.summary().count).toBe(1_001);
  });

  it('takes what is no duration for nothing, and what is very long for ten minutes', () => {
    const histogram = new SlidingHistogram();
    for (const ms of [0, -5]) histogram.record(ms);
    expect(histogram.summary()).toEqual({ count: 2, meanMs: 0, p99Ms: 0 });
    histogram.record(Number.MAX_VALUE, 98);
    const { count, meanMs, p99Ms } = histogram.summary();
    expect(count).toBe(100);
    expect(meanMs).toBe(588_000);
    near(p99Ms, 600_000);
  });

  it('forgets a slice when it is a minute old, and not before', () => {
    const histogram = new SlidingHistogram();
    histogram.record(500);
    histogram.turn();
    histogram.record(5, 9);
    for (let turn = 2; turn < SLICES; turn += 1) histogram.turn();
    expect(histogram.summary()).toMatchObject({ count: 10, meanMs: 54.5 });
    histogram.turn();
    expect(histogram.summary()).toMatchObject({ count: 9, meanMs: 5 });
    histogram.turn();
    expect(histogram.summary()).toEqual({ count: 0, meanMs: 0, p99Ms: 0 });
  });
});
