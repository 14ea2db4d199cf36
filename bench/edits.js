/**
 * Replays recorded editing through the engine, the document service and a real socket, each in a process of its own,
 * and prints what they reach beside what the disk and the driver allow. `npm run bench:edits [-- --quick]`.
 */
import { closeSync, fdatasyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serialize } from 'node:v8';
import { run, startServer } from './edits/processes.js';
import { beginningOf, loadTraces } from './edits/trace.js';

/** @import { Measured } from './edits/measure.js' */
/** @import { Trace } from './edits/trace.js' */

const quick = process.argv.includes('--quick');
/** Runs of which the median is shown. */
const RUNS = quick ? 1 : 3;
/** Edits over the socket: each waits for the one before, and a whole trace would take minutes. */
const SOCKET_EDITS = quick ? 1_000 : 5_000;
const FLOOR_COMMITS = quick ? 300 : 2_000;
/** Milliseconds that a run waits at most for others to leave the processors, and the share that must be free. */
const PATIENCE_MS = quick ? 0 : 10_000;
const QUIET_SHARE = 0.9;

const directory = await mkdtemp(join(tmpdir(), 'quire-bench-'));
try {
  console.log(
    `${cpus().length} cores, Node ${process.version}, fdatasync ${syncMicros()} µs (median of 200)`,
  );
  console.log(`load before: ${load()}`);
  /** @type {string[][]} */
  const rows = [['', 'edits', 'edits/s', '(lowest–highest)', 'CPU µs/edit', 'RSS MB', 'heap MB']];
  const add = (/** @type {string} */ name, /** @type {Measured[]} */ runs) => rows.push(rowOf(name, runs));

  for (const [index, trace] of loadTraces().entries()) {
    const file = write(trace, trace.name);
    const start = write(beginningOf(trace, SOCKET_EDITS), `${trace.name}-start`);
    rows.push([trace.name]);
    add('  pure engine', await repeat(() => run('engine.js', file)));
    add('  service, 64 in flight', await repeat(() => run('service.js', file)));
    add('  the same, each with a changeId', await repeat(() => run('service.js', file, 'keyed')));
    add('  one editor over a socket', await repeat(() => overSocket(start, `${index}`)));
  }
  rows.push(['floor: the driver alone']);
  add('  1 row a commit', await repeat(() => run('floor.js', 1, FLOOR_COMMITS)));
  add('  64 rows a commit', await repeat(() => run('floor.js', 64, FLOOR_COMMITS)));

  console.log(`load after: ${load()}; ${RUNS} run(s), the median is shown\n`);
  console.log(table(rows));
  console.log('\nEvery run ended in the text of its trace; the service also after it was opened anew.');
} finally {
  await rm(directory, { recursive: true });
}

/** @param {Trace} trace @param {string} name */
function write(trace, name) {
  const file = join(directory, `${name}.trace`);
  writeFileSync(file, serialize(trace));
  return file;
}

/** @param {() => Promise<Measured>} measure */
async function repeat(measure) {
  const runs = [];
  for (let count = 0; count < RUNS; count += 1) {
    await quiet();
    runs.push(await measure());
  }
  return runs;
}

/**
 * One editor on a new server. CPU and memory are the server's.
 * @param {string} trace @param {string} name @returns {Promise<Measured>}
 */
async function overSocket(trace, name) {
  const server = await startServer(await mkdtemp(join(directory, name)));
  try {
    return await run('socket.js', server.url, server.token, server.pid, trace);
  } finally {
    await server.stop();
  }
}

/** @param {string} name @param {Measured[]} runs */
function rowOf(name, runs) {
  const ordered = [...runs].sort((a, b) => a.perSecond - b.perSecond);
  const median = ordered[Math.floor(ordered.length / 2)];
  const [lowest, highest] = [ordered[0], ordered.at(-1)];
  if (!median || !lowest || !highest) throw new Error('nothing was measured');
  return [
    name,
    whole(median.edits),
    whole(median.perSecond),
    `${whole(lowest.perSecond)}–${whole(highest.perSecond)}`,
    median.cpuMicros.toFixed(1),
    whole(median.rssMb),
    whole(median.heapMb),
  ];
}

/** @param {number | undefined} value */
function whole(value) {
  return value === undefined ? '' : Math.round(value).toLocaleString('en');
}

/** @param {string[][]} rows */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

function load() {
  return loadavg()
    .map((average) => average.toFixed(1))
    .join(' ');
}

/** Waits until the processors have been free for a second, or for as long as patience lasts. */
async function quiet() {
  const until = Date.now() + PATIENCE_MS;
  let free = 0;
  while (free < QUIET_SHARE && Date.now() < until) {
    const before = processorMs();
    await sleep(1_000);
    const after = processorMs();
    free = (after.idle - before.idle) / (after.all - before.all);
  }
}

function processorMs() {
  const times = cpus().map((processor) => processor.times);
  const idle = times.reduce((sum, time) => sum + time.idle, 0);
  return { idle, all: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) };
}

/** How long the disk takes to make 4 KB durable. */
function syncMicros() {
  const file = openSync(join(directory, 'sync'), 'w');
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, Buffer.alloc(4096));
    const start = performance.now();
    fdatasyncSync(file);
    return (performance.now() - start) * 1000;
  });
  closeSync(file);
  return Math.round(times.sort((a, b) => a - b)[100] ?? 0);
}
