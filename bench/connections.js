/**
 * What a connection costs that waits for changes, and how soon a change is with everyone when there are many.
 *
 *     npm run bench:connections                        10,000 subscribers of one document
 *     npm run bench:connections -- --quick             2,000, and 5 s of events
 *     npm run bench:connections -- --only quire,yoga --connections 5000
 *
 * Servers and subscribers are the ones of `bench/fan-out.js`, one subscription a connection, opened 200 at a time.
 *
 * **Memory** is what a server holds after all have subscribed and one event has come to each, less what it held when it had
 * just started, both after garbage was collected; divided by the connections. RSS is the whole process, with what V8 keeps
 * for later; the heap is the main thread's.
 *
 * **Latency**: then, for 20 s, five events a second, at fixed times whether or not the one before has come to everyone
 * (`--events quire,ws`: on which servers). Counted until a subscriber has the change, in whole milliseconds of the wall
 * clock: once from the moment when the event was due, so that a server which has no time to take the next one does not
 * look quicker for it (with the way to the server, and Quire's commit, in it; the aim is for this one); once from the
 * change's `timestamp`, as in `bench/fan-out.js`. Servers and subscribers share the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { usageOf } from './edits/measure.js';
import { startLoad } from './fan-out/load.js';
import { mustHavePeers } from './fan-out/peers-installed.js';
import { brief, load as loadAverages, machine, table, whole } from './fan-out/report.js';
import { SERVERS, startServer, TITLES } from './fan-out/servers.js';

/** @import { Load } from './fan-out/load.js' */
/** @import { MeasuredServer, ServerName } from './fan-out/servers.js' */
/** @import { Quantiles } from './fan-out/subscribers.js' */

/** Different people who read, and take turns. */
const READERS = 100;
const PER_SECOND = 5;
const KB = 1024;

const AIMS = { rssKb: 16, partOfYoga: 0.5, p99Ms: 400 };

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: SERVERS.join(',') },
    events: { type: 'string', default: 'quire,ws' },
    connections: { type: 'string' },
  },
});
mustHavePeers();

const connections = Number(options.connections ?? (options.quick ? 2_000 : 10_000));
if (!Number.isInteger(connections) || connections < 1)
  throw new Error('--connections must be a whole number');
const seconds = options.quick ? 5 : 20;

/**
 * @typedef {object} Held Kilobytes a connection.
 * @property {number} rss
 * @property {number} heap
 *
 * @typedef {object} Delivered
 * @property {Quantiles} sinceDue
 * @property {Quantiles} sinceTimestamp
 * @property {number} cpuShare Of one core, the server's.
 * @property {number} loadShare Of one core, the load generator's.
 */

console.log(`${machine()}\n${whole(connections)} connections\n`);
/** @type {Map<ServerName, Held>} */
const held = new Map();
/** @type {Map<ServerName, Delivered>} */
const delivered = new Map();
/** @type {string[]} */
const failures = [];
for (const name of chosen(options.only)) {
  process.stderr.write(`${TITLES[name]}\n`);
  try {
    await measure(name);
  } catch (error) {
    failures.push(`${TITLES[name]}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

console.log('Memory of a waiting connection\n');
const memoryRows = [...held].map(([name, { rss, heap }]) => [TITLES[name], brief(rss), brief(heap)]);
console.log(`${table([['', 'RSS KB', 'heap KB'], ...memoryRows])}\n`);
if (delivered.size > 0) {
  console.log(`${PER_SECOND} events a second to all of them, for ${seconds} s\n`);
  const rows = [...delivered].map(([name, { sinceDue, sinceTimestamp, cpuShare, loadShare }]) => [
    ...[TITLES[name], whole(sinceDue.p50), whole(sinceDue.p99)],
    ...[whole(sinceTimestamp.p50), whole(sinceTimestamp.p99)],
    ...[percent(cpuShare), percent(loadShare)],
  ]);
  console.log(
    `${table([['', 'p50 ms', 'p99 ms', 'since timestamp: p50', 'p99', 'CPU', 'load generator'], ...rows])}\n`,
  );
}
const aims = aimRows();
if (aims.length > 0) console.log(`${table([['Quire', 'reached', 'aim', ''], ...aims])}\n`);
for (const failure of failures) console.log(`✗ ${failure}`);
console.log(`${loadAverages()} at the end`);
if (failures.length > 0) process.exitCode = 1;
else console.log('Every subscriber got every revision, once and in order.');

/** @param {ServerName} name */
async function measure(name) {
  const server = await startServer(name, { documents: 1, readers: READERS });
  try {
    const before = await server.memory();
    const load = await startLoad(server, { subscribers: connections, distinct: false });
    try {
      const after = await server.memory();
      held.set(name, {
        rss: (after.rss - before.rss) / KB / connections,
        heap: (after.heapUsed - before.heapUsed) / KB / connections,
      });
      if (chosen(options.events).includes(name)) delivered.set(name, await deliver(server, load));
    } finally {
      await load.stop();
    }
  } finally {
    await server.stop();
  }
}

/** @param {MeasuredServer} server @param {Load} load @returns {Promise<Delivered>} */
async function deliver(server, load) {
  const events = seconds * PER_SECOND;
  const everyMs = 1000 / PER_SECOND;
  const start = performance.now();
  await load.clear({ revision: (server.revisions[0] ?? 0) + 1, at: Date.now(), everyMs });
  const [before, loadBefore] = [usageOf(server.pid), usageOf(load.pid)];
  /** @type {Promise<void>[]} */
  const published = [];
  for (let count = 0; count < events; count += 1) {
    await sleep(Math.max(0, start + count * everyMs - performance.now()));
    // A document's edits are sent one after another, but the clock does not wait for them.
    const last = published.at(-1) ?? Promise.resolve();
    const next = last.then(() => server.publish(0, 1));
    next.catch(() => {});
    published.push(next);
  }
  await Promise.all(published);
  await load.reached(0, server.revisions[0] ?? 0);
  const ms = performance.now() - start;
  const [after, loadAfter] = [usageOf(server.pid), usageOf(load.pid)];
  const { deliveries, sinceDue, sinceTimestamp } = await load.report();
  if (deliveries !== events * connections) {
    throw new Error(`${deliveries} deliveries instead of ${events * connections}`);
  }
  return {
    ...{ sinceDue, sinceTimestamp },
    cpuShare: (after.cpuMs - before.cpuMs) / ms,
    loadShare: (loadAfter.cpuMs - loadBefore.cpuMs) / ms,
  };
}

/** What was aimed at and what was reached, as far as it was measured. */
function aimRows() {
  const [quire, yoga, events] = [held.get('quire'), held.get('yoga'), delivered.get('quire')];
  const verdict = (/** @type {number} */ reached, /** @type {number} */ most) =>
    reached <= most ? '✓' : '✗';
  /** @type {string[][]} */
  const rows = [];
  if (quire) {
    rows.push(['RSS', `${brief(quire.rss)} KB`, `≤ ${AIMS.rssKb} KB`, verdict(quire.rss, AIMS.rssKb)]);
  }
  if (quire && yoga) {
    const part = quire.rss / yoga.rss;
    rows.push(['RSS, to stock Yoga', `${part.toFixed(2)}×`, '≤ 1/2', verdict(part, AIMS.partOfYoga)]);
  }
  if (events) {
    rows.push([
      'p99',
      `${whole(events.sinceDue.p99)} ms`,
      `≤ ${AIMS.p99Ms} ms`,
      verdict(events.sinceDue.p99, AIMS.p99Ms),
    ]);
  }
  return rows;
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** @param {string} list */
function chosen(list) {
  const names = list.split(',');
  const unknown = names.filter((name) => !SERVERS.some((server) => server === name));
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')}? There are ${SERVERS.join(', ')}`);
  return SERVERS.filter((name) => names.includes(name));
}
