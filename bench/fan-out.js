/**
 * What an event costs until it has come to everyone, on Quire and, in the same run, on what it could be replaced by.
 *
 *     npm run bench:fan-out                       three rounds; the median and the range are shown
 *     npm run bench:fan-out -- --quick            one round
 *     npm run bench:fan-out -- --only quire,ws --scenario one,ten
 *
 * **The servers**, each in a process of its own with the same flags and NODE_ENV=production, started anew for each run:
 * Quire as it is shipped (`dist/main.js`: SQLite on disk, its log at `info` into a file); `ws` alone, which sends every
 * client the message that graphql-ws would; Socket.IO with a room for each document; Mercurius and Yoga (with graphql-ws)
 * with their own pub/sub, as their documentation shows. All send the same change, to the same selection.
 *
 * **The events.** Quire's are real edits over HTTP, authorized and durable; n events a tick are one edit of n splices. The
 * others are told what to publish (over IPC) and keep nothing: n events a tick are published in one turn of their event loop.
 * The next tick comes when all subscribers have the last one. As many events as are measured come before, to warm up.
 * Quire's subscribers are up to a hundred different people, none of them the editor; the others do not check.
 *
 * **The subscribers** are one more process, the same for all: its own small WebSocket client, which takes little time and
 * checks that each subscriber gets each revision once and in order. A run in which one does not has failed, and is shown so.
 *
 * **CPU** is the server's user and system time, all threads, divided by the deliveries (ticks of 10 ms, from
 * /proc/<pid>/stat). Quire's holds the HTTP request and the durable commit; "no commit" is what is left when the same edits
 * without subscribers, measured apart in the same run, are taken away. Ratios are of the whole, round by round.
 *
 * **Latency** is from the change's `timestamp` until a subscriber has it, by the wall clock, in whole milliseconds. Quire
 * takes its timestamp before the commit, so the commit is in it; the others take theirs as they publish.
 */
import { parseArgs } from 'node:util';
import { mustHavePeers } from './fan-out/peers-installed.js';
import { ratiosOf } from './fan-out/ratios.js';
import { brief, load, machine, spread, table, whole } from './fan-out/report.js';
import { measureFanOut } from './fan-out/run.js';
import { SCENARIOS } from './fan-out/scenarios.js';
import { GRAPHQL_SERVERS, SERVERS, TITLES } from './fan-out/servers.js';

/** @import { FanOut, Scenario } from './fan-out/run.js' */
/** @import { ServerName } from './fan-out/servers.js' */
/** @import { Results } from './fan-out/ratios.js' */

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    scenario: { type: 'string' },
  },
});
mustHavePeers();

const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number, 1 or more');
const servers = chosen('only', SERVERS, (name) => name);
const scenarios = chosen('scenario', SCENARIOS, ({ name }) => name);

console.log(`${machine()}\n${rounds === 1 ? 'one round' : `${rounds} rounds, the median is shown`}\n`);

/** @type {Results} */
const results = new Map(scenarios.map(({ name }) => [name, new Map()]));
/** @type {string[]} */
const failures = [];
for (let round = 0; round < rounds; round += 1) {
  for (const scenario of scenarios) {
    for (const name of inTurn(serversOf(scenario), round)) {
      process.stderr.write(`round ${round + 1} of ${rounds}: ${scenario.name}, ${TITLES[name]}\n`);
      const measured = await attempt(name, scenario);
      const runs = results.get(scenario.name);
      runs?.set(name, [...(runs.get(name) ?? []), measured]);
    }
  }
}

for (const scenario of scenarios) {
  console.log(`${scenario.title}\n`);
  console.log(`${table(rowsOf(scenario))}\n`);
}
const ratios = ratiosOf(results);
if (ratios.length > 1)
  console.log(`CPU a delivery, Quire to others (its commits included)\n\n${table(ratios)}\n`);
for (const failure of failures) console.log(`✗ ${failure}`);
console.log(`${load()} at the end`);
if (failures.length > 0) process.exitCode = 1;
else console.log('Every subscriber got every revision, once and in order.');

/** @param {ServerName} name @param {Scenario} scenario @returns {Promise<FanOut | null>} */
async function attempt(name, scenario) {
  try {
    return await measureFanOut(name, scenario);
  } catch (error) {
    failures.push(
      `${scenario.name}, ${TITLES[name]}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return null;
  }
}

/** @param {Scenario} scenario */
function serversOf({ distinct }) {
  const able = /** @type {readonly ServerName[]} */ (distinct ? GRAPHQL_SERVERS : SERVERS);
  return servers.filter((name) => able.includes(name));
}

/** Nobody is always the first, or the last. @template Item @param {readonly Item[]} items @param {number} round */
function inTurn(items, round) {
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** @param {Scenario} scenario */
function rowsOf(scenario) {
  const rows = [['', 'deliveries/s', 'CPU µs/delivery', 'no commit', 'p50 ms', 'p99 ms', 'load µs/delivery']];
  for (const [name, all] of results.get(scenario.name) ?? []) {
    const runs = all.filter((run) => run !== null);
    /** @param {(run: FanOut) => number} pick @param {(value: number) => string} show */
    const cell = (pick, show) => spread(runs.map(pick), show);
    rows.push([
      TITLES[name],
      cell((run) => run.perSecond, whole),
      cell((run) => run.cpu, brief),
      name === 'quire' ? cell((run) => run.withoutCommit, brief) : '',
      cell((run) => run.p50, whole),
      cell((run) => run.p99, whole),
      cell((run) => run.loadCpu, brief),
    ]);
  }
  return rows;
}

/**
 * The items that an option names, in their own order; all when it is not given.
 * @template Item
 * @param {'only' | 'scenario'} option @param {readonly Item[]} items @param {(item: Item) => string} nameOf
 */
function chosen(option, items, nameOf) {
  const names = options[option]?.split(',');
  const unknown = names?.filter((name) => !items.some((item) => nameOf(item) === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`--${option}: ${unknown.join(', ')}? There are ${items.map(nameOf).join(', ')}`);
  }
  return items.filter((item) => names?.includes(nameOf(item)) ?? true);
}
