const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Ten years. */
const MAX_DURATION_MS = 3650 * 86_400_000;

/** Milliseconds of a duration like `30s`, `15m`, `12h` or `7d`; null when it is none, or not from 1s to 3650d. */
export const parseDuration = (text: string): number | null => {
  const [, amount = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? 0);
  return ms > 0 && ms <= MAX_DURATION_MS ? ms : null;
};
