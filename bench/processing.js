/**
 * What a job costs, and whether those who edit notice that others' documents are processed.
 *
 *     npm run bench:processing                 three rounds; the median and the range are shown
 *     npm run bench:processing -- --quick      one short round
 *
 * **The server** is Quire as it is shipped (`dist/main.js`, its defaults: SQLite on disk, a worker process a core), in a
 * process of its own with NODE_ENV=production. Everything goes through its public API: documents are created or uploaded,
 * started by `startBatch`, and followed by `batchProcessingUpdates` to their end. Three kinds of jobs: **no-op**
 * (EXTRACT_TEXT of a document that came from no file), a **5 KB text** and a **200 KB PDF** of 14 pages of text, made at run time,
 * whose text has to be read and written into its document first; both with all steps.
 *
 * **Jobs a second** are counted from asking for a batch to the end of its last job. **CPU** is user and system time of all
 * threads (ticks of 10 ms, from /proc), the server's and its child processes' apart. **Lag** is for how long the server's
 * event loop was kept (`monitorEventLoopDelay` inside, every 5 ms). Beside the work of a text and of a PDF stands what its
 * steps cost alone, called in a loop in one process that does nothing else.
 *
 * **BullMQ** runs jobs with an empty processor, added a thousand at a time, by one worker of the same concurrency in one
 * process, on a Redis of its own over a Unix socket: once as Redis is by default (a crash loses what was written last), and
 * once with every write on the disk, as Quire's are. CPU is that of the process and of Redis.
 *
 * **Changes**: an editor makes 20 edits a second at fixed times over one socket, and a watcher of the document's
 * `documentChanges` on another one gets them; both in one process beside the server. Counted from sending an edit to
 * getting it. Once on the idle server, and while each kind is processed, batch after batch.
 *
 * **Watchers** of one batch over 20 sockets: what it costs the server that a thousand are told of each change.
 *
 * In the end the server is stopped and its rows are counted: each job has completed in one attempt, taken on once, with one
 * result; a run in which one has not is a failed one.
 */
import { parseArgs } from 'node:util';
import { mustHavePeers } from './fan-out/peers-installed.js';
import { brief, load, machine, median, spread, table, whole } from './fan-out/report.js';
import { runAlone, startPair, startWatchers } from './processing/helpers.js';
import { KINDS, pdf } from './processing/kinds.js';
import { startProcessingServer } from './processing/server.js';

/** @import { Alone } from './processing/helpers.js' */
/** @import { Quantiles } from './processing/quantiles.js' */
/** @import { BatchRun } from './processing/server.js' */
/** @typedef {keyof typeof KINDS} KindName */

const AIMS = { jobsPerSecond: 1_000, lagMs: 20, slower: 1.5 };
const WATCHERS = 1_000;

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
});
mustHavePeers();
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number, 1 or more');

/** @type {Record<KindName, number>} */
const jobs = options.quick ? { nothing: 1_000, text: 100, pdf: 8 } : { nothing: 4_000, text: 400, pdf: 40 };
/** Before the ones that are measured: workers are started, and code is compiled. @type {Record<KindName, number>} */
const warmUp = { nothing: jobs.nothing, text: jobs.text, pdf: 8 };
const seconds = options.quick ? 6 : 20;
const kinds = /** @type {KindName[]} */ (Object.keys(KINDS));

console.log(`${machine()}\n${rounds === 1 ? 'one round' : `${rounds} rounds, the median is shown`}\n`);

/** @type {Record<KindName, BatchRun[]>} */
const batches = { nothing: [], text: [], pdf: [] };
/** @type {Record<'idle' | KindName, Quantiles[]>} */
const changes = { idle: [], nothing: [], text: [], pdf: [] };
/** @type {{ alone: BatchRun, watched: BatchRun, updates: number }[]} */
const watched = [];
const server = await startProcessingServer();
try {
  const lasting = {
    nothing: await server.makeDocuments(KINDS.nothing, jobs.nothing),
    text: await server.makeDocuments(KINDS.text, jobs.text),
  };
  const documentsOf = (/** @type {KindName} */ name, count = jobs[name]) =>
    name === 'pdf' ? server.makeDocuments(KINDS.pdf, count) : lasting[name].slice(0, count);

  for (const name of kinds) {
    say(`warming up: ${KINDS[name].name}`);
    await server.measureBatch(await documentsOf(name, warmUp[name]), KINDS[name]);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of kinds) {
      say(`round ${round} of ${rounds}: ${KINDS[name].name}`);
      batches[name].push(await server.measureBatch(await documentsOf(name), KINDS[name]));
    }
    await measureChanges(round, documentsOf);
    say(`round ${round} of ${rounds}: ${whole(WATCHERS)} watchers of a batch`);
    watched.push(await measureWatchers(lasting.text));
  }
  await server.check();
} finally {
  await server.stop();
}
say('BullMQ');
const bullmq = await runAlone('bullmq.js', jobs.nothing);
const durable = await runAlone('bullmq.js', jobs.nothing, 'always');
say('the steps alone');
const alone = {
  text: await runAlone('steps-alone.js', 'text', jobs.text),
  pdf: await runAlone('steps-alone.js', 'pdf', jobs.pdf),
};

const { bytes, pages } = await pdf(0);
console.log(`Jobs (a PDF has ${whole(bytes.length / 1000)} KB and ${pages} pages)\n\n${table(jobRows())}\n`);
console.log(`No-op jobs beside BullMQ\n\n${table(peerRows())}\n`);
console.log(`Changes, 20 edits a second for ${seconds} s\n\n${table(changeRows())}\n`);
console.log(`${whole(jobs.text)} jobs of 5 KB text, watched\n\n${table(watcherRows())}\n`);
console.log(`${table(aimRows())}\n`);
console.log(`${load()} at the end`);
console.log('Every job completed, in one attempt, taken on once, with one result.');

/** @param {number} round @param {(name: KindName) => Promise<string[]> | string[]} documentsOf */
async function measureChanges(round, documentsOf) {
  const pair = await startPair(server);
  try {
    say(`round ${round} of ${rounds}: changes, idle`);
    changes.idle.push(await pair.measure(seconds));
    for (const name of kinds) {
      const documents = await documentsOf(name);
      say(`round ${round} of ${rounds}: changes beside ${KINDS[name].name}`);
      changes[name].push(await server.whileProcessing(documents, KINDS[name], () => pair.measure(seconds)));
    }
  } finally {
    await pair.stop();
  }
}

/** @param {readonly string[]} documents */
async function measureWatchers(documents) {
  const unwatched = await server.measureBatch(documents, KINDS.text);
  const watchers = await startWatchers(server, WATCHERS);
  try {
    const run = await server.measureBatch(documents, KINDS.text, (batchId) => watchers.watch(batchId));
    return { alone: unwatched, watched: run, updates: (await watchers.ended()).updates };
  } finally {
    await watchers.stop();
  }
}

function jobRows() {
  const rows = [
    ['', 'jobs/s', 'server CPU ms/job', 'workers CPU ms/job', 'steps alone', 'lag p99 ms', 'lag max'],
  ];
  for (const name of kinds) {
    rows.push([
      KINDS[name].name,
      spread(batches[name].map(perSecond), name === 'pdf' ? brief : whole),
      spread(
        batches[name].map(({ cpu }) => cpu),
        brief,
      ),
      spread(
        batches[name].map(({ workerCpu }) => workerCpu),
        brief,
      ),
      name === 'nothing' ? '' : brief(alone[name].cpu),
      spread(
        batches[name].map(({ lag }) => lag.p99),
        brief,
      ),
      spread(
        batches[name].map(({ lag }) => lag.max),
        brief,
      ),
    ]);
  }
  return rows;
}

function peerRows() {
  const row = (/** @type {string} */ title, /** @type {Alone} */ run) => [
    title,
    whole(perSecond(run)),
    brief(run.cpu),
  ];
  return [
    ['', 'jobs/s', 'CPU ms/job'],
    [
      'Quire',
      spread(batches.nothing.map(perSecond), whole),
      spread(
        batches.nothing.map(({ cpu, workerCpu }) => cpu + workerCpu),
        brief,
      ),
    ],
    row('BullMQ, Redis by default', bullmq),
    row('BullMQ, every write on the disk', durable),
  ];
}

function changeRows() {
  const rows = [['', 'p50 ms', 'p99 ms', 'max', 'p99, to idle']];
  for (const name of /** @type {const} */ (['idle', ...kinds])) {
    const runs = changes[name];
    rows.push([
      name === 'idle' ? 'idle' : `beside ${KINDS[name].name}`,
      spread(
        runs.map(({ p50 }) => p50),
        brief,
      ),
      spread(
        runs.map(({ p99 }) => p99),
        brief,
      ),
      spread(
        runs.map(({ max }) => max),
        brief,
      ),
      name === 'idle' ? '' : `${brief(slower(name))}×`,
    ]);
  }
  return rows;
}

function watcherRows() {
  const row = (
    /** @type {string} */ title,
    /** @type {BatchRun[]} */ runs,
    /** @type {number[]} */ updates,
    /** @type {string} */ cost,
  ) => [
    title,
    spread(runs.map(perSecond), whole),
    spread(
      runs.map(({ cpu }) => cpu),
      brief,
    ),
    spread(
      runs.map(({ lag }) => lag.p99),
      brief,
    ),
    spread(updates, whole),
    cost,
  ];
  const each = watched.map(
    ({ alone: { cpu, jobs: count }, watched: run, updates }) => ((run.cpu - cpu) * count * 1000) / updates,
  );
  return [
    ['watchers', 'jobs/s', 'server CPU ms/job', 'lag p99 ms', 'updates', 'CPU µs/update'],
    row(
      '1',
      watched.map((run) => run.alone),
      [],
      '',
    ),
    row(
      whole(WATCHERS + 1),
      watched.map((run) => run.watched),
      watched.map(({ updates }) => updates),
      spread(each, brief),
    ),
  ];
}

function aimRows() {
  const rows = [['Quire', 'reached', 'aim', '']];
  const add = (
    /** @type {string} */ title,
    /** @type {number} */ reached,
    /** @type {string} */ aim,
    /** @type {boolean} */ met,
  ) => rows.push([title, brief(reached), aim, met ? '✓' : '✗']);
  const rate = median(batches.nothing.map(perSecond));
  add('no-op jobs/s', rate, `≥ ${whole(AIMS.jobsPerSecond)}`, rate >= AIMS.jobsPerSecond);
  for (const name of kinds) {
    const lag = median(batches[name].map((run) => run.lag.p99));
    add(`lag p99 ms, ${KINDS[name].name}`, lag, `≤ ${AIMS.lagMs}`, lag <= AIMS.lagMs);
  }
  for (const name of kinds)
    add(
      `changes p99 to idle, ${KINDS[name].name}`,
      slower(name),
      `≤ ${AIMS.slower}×`,
      slower(name) <= AIMS.slower,
    );
  return rows;
}

/** How much later the last hundredth comes than on the idle server, round by round. @param {KindName} name */
function slower(name) {
  return median(changes[name].map(({ p99 }, round) => p99 / (changes.idle[round]?.p99 ?? NaN)));
}

/** @param {{ jobs: number, ms: number }} run */
function perSecond({ jobs: count, ms }) {
  return (count / ms) * 1000;
}

/** @param {string} what */
function say(what) {
  process.stderr.write(`${what}\n`);
}
