import { describe, expect, it } from 'vitest';
import { type HealthLevel, healthOf, worstOf } from '../../src/system/health.ts';

const thresholds = { degraded: 60, warning: 75, critical: 90 };

describe('the level of a figure', () => {
  it.each<[number, HealthLevel, string | undefined]>([
    [0, 'HEALTHY', undefined],
    [60, 'HEALTHY', undefined],
    [60.01, 'DEGRADED', 'over 60'],
    [75, 'DEGRADED', 'over 60'],
    [75.01, 'WARNING', 'over 75'],
    [90, 'WARNING', 'over 75'],
    [90.01, 'CRITICAL', 'over 90'],
    [1e9, 'CRITICAL', 'over 90'],
  ])('%d is %s', (value, level, message) => {
    const health = healthOf(value, thresholds, (above) => `over ${above}`);
    expect(health.level).toBe(level);
    expect(health.message).toBe(message);
  });
});

describe('the level of the whole', () => {
  it.each<[HealthLevel[], HealthLevel]>([
    [[], 'HEALTHY'],
    [['HEALTHY', 'HEALTHY'], 'HEALTHY'],
    [['HEALTHY', 'DEGRADED'], 'DEGRADED'],
    [['WARNING', 'DEGRADED', 'HEALTHY'], 'WARNING'],
    [['WARNING', 'CRITICAL', 'DEGRADED'], 'CRITICAL'],
    // Whoever tells it answers, so it is not OFFLINE.
    [['HEALTHY', 'OFFLINE'], 'CRITICAL'],
  ])('of %j is %s', (levels, whole) => {
    expect(worstOf(levels)).toBe(whole);
  });
});
