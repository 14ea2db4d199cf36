const number = new Intl.NumberFormat('en');
const dateTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const clockTime = new Intl.DateTimeFormat('en', { timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const KIB = 1_024;

/** A number with its thousands apart. */
export function count(value: number): string {
  return number.format(value);
}

/** A number of things: "1 document", "3 documents". */
export function several(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A size, given in bytes. */
export function size(bytes: number): string {
  if (bytes < KIB) return `${bytes} bytes`;
  if (bytes < KIB * KIB) return `${(bytes / KIB).toFixed(0)} KB`;
  return `${(bytes / KIB / KIB).toFixed(1)} MB`;
}

/** A duration, given in milliseconds. */
export function duration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  return `${Math.floor(ms / MINUTE_MS)} min ${Math.round((ms % MINUTE_MS) / SECOND_MS)} s`;
}

/** How far a time is from now; both in milliseconds since 1970. */
export function ago(at: number, now: number): string {
  const ms = at - now;
  const size = Math.abs(ms);
  if (size < 45 * SECOND_MS) return ms > 0 ? 'in a moment' : 'just now';
  if (size < HOUR_MS) return relative.format(Math.round(ms / MINUTE_MS), 'minute');
  if (size < DAY_MS) return relative.format(Math.round(ms / HOUR_MS), 'hour');
  return relative.format(Math.round(ms / DAY_MS), 'day');
}

/** A date with its time of day, here. */
export function moment(at: string): string {
  return dateTime.format(new Date(at));
}

/** A time of day, here. */
export function timeOfDay(at: string): string {
  return clockTime.format(new Date(at));
}

/** A name of the API for a person: `DETECT_LANGUAGE` → "Detect language". */
export function plain(name: string): string {
  const words = name.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
