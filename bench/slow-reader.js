/**
 * How much readers that never read disturb the others: a thousand subscribers of one document, with and without ten sockets
 * that subscribe to it a hundred times each and read nothing.
 *
 *     node bench/slow-reader.js                  five rounds of both, in turns; the median and the range are shown
 *     node bench/slow-reader.js --rounds 1
 *
 * A server is started anew for each run. 800 events come first, so that what the silent readers' sockets hold is full; then
 * 400 are measured, one a tick, the next when all thousand subscribers have the last one. Latency is from the change's
 * `timestamp`, with its commit, in whole milliseconds. LIMIT_STALL_MS is its default: a run is over before it has passed, or
 * the silent readers are closed in the middle of it, as they would be.
 */
import { parseArgs } from 'node:util';
import { startLoad } from './fan-out/load.js';
import { mustHavePeers } from './fan-out/peers-installed.js';
import { brief, load as loadAverages, machine, median, spread, table, whole } from './fan-out/report.js';
import { publishAll, readersOf } from './fan-out/run.js';
import { startServer } from './fan-out/servers.js';
import { openSilentReaders } from './fan-out/silent.js';

/** @import { Scenario } from './fan-out/run.js' */
/** @import { Quantiles } from './fan-out/subscribers.js' */

const SILENT = 10;
const AIM = 1.2;
/** @satisfies {Omit<Scenario, 'events'>} */
const ROOM = {
  name: 'room',
  title: '',
  subscribers: 1_000,
  documents: 1,
  distinct: false,
  perTick: 1,
  inFlight: 1,
};

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number, 1 or more');
mustHavePeers();
console.log(`${machine()}\n`);

/** @type {Quantiles[]} */
const without = [];
/** @type {Quantiles[]} */
const beside = [];
for (let round = 0; round < rounds; round += 1) {
  // Taking turns at being first.
  for (const silent of round % 2 === 0 ? [0, SILENT] : [SILENT, 0]) {
    const measured = await measure(silent);
    (silent === 0 ? without : beside).push(measured);
    console.log(`round ${round + 1}, ${silent} silent: p50 ${measured.p50} ms, p99 ${measured.p99} ms`);
  }
}

const p50 = (/** @type {Quantiles[]} */ runs) =>
  spread(
    runs.map((run) => run.p50),
    whole,
  );
const p99 = (/** @type {Quantiles[]} */ runs) =>
  spread(
    runs.map((run) => run.p99),
    whole,
  );
console.log(
  `\n${table([
    ['', 'p50 ms', 'p99 ms'],
    ['1,000 subscribers', p50(without), p99(without)],
    [`beside ${SILENT} that never read`, p50(beside), p99(beside)],
  ])}`,
);
const ratio = median(beside.map((run) => run.p99)) / median(without.map((run) => run.p99));
console.log(
  `\np99 ${brief(ratio)}× (aim ≤ ${AIM}×) ${ratio <= AIM ? '✓' : '✗'}\n${loadAverages()} at the end`,
);

/** @param {number} silent @returns {Promise<Quantiles>} */
async function measure(silent) {
  const server = await startServer('quire', { documents: 1, readers: readersOf({ ...ROOM, events: 0 }) });
  try {
    const load = await startLoad(server, ROOM);
    const close = await openSilentReaders(server, silent);
    try {
      await publishAll(server, load, { ...ROOM, events: 800 });
      await load.clear();
      await publishAll(server, load, { ...ROOM, events: 400 });
      return (await load.report()).sinceTimestamp;
    } finally {
      close();
      await load.stop();
    }
  } finally {
    await server.stop();
  }
}
