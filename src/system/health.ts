import type { Thresholds } from '../platform/config-variables.ts';

/** How something does, from best to worst. OFFLINE: it does not answer. */
export const healthLevels = ['HEALTHY', 'DEGRADED', 'WARNING', 'CRITICAL', 'OFFLINE'] as const;
export type HealthLevel = (typeof healthLevels)[number];

export interface Health {
  readonly level: HealthLevel;
  /** What is wrong, for an operator. The same trouble is told in the same words: a new message is news. */
  readonly message?: string | undefined;
  /** Milliseconds; those that the probe took where it is left out. */
  readonly latencyMs?: number | undefined;
}

/** Whether a figure is above one of its thresholds; `measured` is what is more than the threshold. */
export const healthOf = (
  value: number,
  thresholds: Thresholds,
  measured: (above: number) => string,
): Health => {
  const { degraded, warning, critical } = thresholds;
  if (value > critical) return { level: 'CRITICAL', message: measured(critical) };
  if (value > warning) return { level: 'WARNING', message: measured(warning) };
  if (value > degraded) return { level: 'DEGRADED', message: measured(degraded) };
  return { level: 'HEALTHY' };
};

/** The level of the whole: that of its worst part. What tells it answers, so it is CRITICAL at worst. */
export const worstOf = (levels: readonly HealthLevel[]): HealthLevel => {
  const worst = Math.max(0, ...levels.map((level) => healthLevels.indexOf(level)));
  return worst >= healthLevels.indexOf('CRITICAL') ? 'CRITICAL' : (healthLevels[worst] ?? 'HEALTHY');
};
