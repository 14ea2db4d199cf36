import { cpus, loadavg } from 'node:os';

/** @param {readonly number[]} values */
export const median = (values) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;

/** The median, and the range when there is more than one value. @param {readonly number[]} values @param {(value: number) => string} show */
export function spread(values, show) {
  if (values.length === 0) return '–';
  const [least, most] = [show(Math.min(...values)), show(Math.max(...values))];
  return least === most ? least : `${show(median(values))} (${least}–${most})`;
}

/** @param {number} value */
export const whole = (value) => Math.round(value).toLocaleString('en');

/** Two significant digits at least, and no more than are worth reading. @param {number} value */
export const brief = (value) =>
  Math.abs(value) >= 100 ? whole(value) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);

/** Columns beside each other, the first one to the left. @param {readonly (readonly string[])[]} rows */
export function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(pad).join('   ')}`.trimEnd()).join('\n');
}

/** What the run is on, and how busy that is by now. */
export const machine = () =>
  `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, ${load()}`;

export const load = () =>
  `load averages ${loadavg()
    .map((average) => average.toFixed(2))
    .join(' ')}`;
