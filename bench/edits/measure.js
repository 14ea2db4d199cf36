import { readFileSync } from 'node:fs';

/** Milliseconds of a tick in /proc/<pid>/stat. */
const TICK_MS = 10;

/** What one measured run says of itself: one line of JSON on its stdout. */
/**
 * @typedef {object} Measured
 * @property {number} edits
 * @property {number} perSecond
 * @property {number} cpuMicros CPU time an edit, of all threads of the measured process.
 * @property {number} [rssMb] After the trace.
 * @property {number} [heapMb] What the main thread holds after a garbage collection.
 */

/**
 * Runs `work` and tells how long it took and what CPU time this process spent, all threads together.
 * @param {number} edits How many edits `work` applies.
 * @param {() => void | Promise<void>} work
 * @returns {Promise<Measured>}
 */
export async function measure(edits, work) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { edits, perSecond: (edits / ms) * 1000, cpuMicros: (user + system) / edits };
}

/** @param {Measured} measured */
export const report = (measured) => process.stdout.write(`${JSON.stringify(measured)}\n`);

/** Ends the run when the text is another than it must be. @param {string} actual @param {string} expected */
export function mustEqual(actual, expected) {
  if (actual !== expected) {
    throw new Error(`The text is wrong: ${actual.length} units instead of ${expected.length}, or others.`);
  }
}

/**
 * CPU time (ms, all threads) and memory of another process; zeros where there is no /proc.
 * @param {number} pid
 */
export function usageOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, rssMb: (Number(rss) * 1024) / 1e6 };
  } catch {
    return { cpuMs: 0, rssMb: 0 };
  }
}
