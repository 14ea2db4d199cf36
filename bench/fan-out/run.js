import { usageOf } from '../edits/measure.js';
import { startLoad } from './load.js';
import { startServer } from './servers.js';

/** @import { Load } from './load.js' */
/** @import { MeasuredServer, ServerName } from './servers.js' */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} title
 * @property {number} subscribers In all; the documents have equally many.
 * @property {number} documents
 * @property {boolean} distinct Each subscriber has a selection that no other has.
 * @property {number} perTick Events of one document that are published at once.
 * @property {number} inFlight Ticks that are on their way at a time, each of another document.
 * @property {number} events That are measured, after as many to warm up.
 */

/**
 * CPU time is in microseconds a delivery; latencies are in milliseconds.
 * @typedef {object} FanOut
 * @property {number} perSecond Deliveries.
 * @property {number} cpu Of the server, all threads.
 * @property {number} withoutCommit The same without what the edits cost when nobody listens.
 * @property {number} p50
 * @property {number} p99
 * @property {number} loadCpu Of the load generator.
 */

/**
 * One run of a scenario, on a server that was just started. Throws when a subscriber missed an event or got it twice.
 * @param {ServerName} name @param {Scenario} scenario
 * @returns {Promise<FanOut>}
 */
export async function measureFanOut(name, scenario) {
  const { subscribers, documents, distinct, events } = scenario;
  const deliveries = (events * subscribers) / documents;
  const commitMs = name === 'quire' ? await measureCommits(scenario) : 0;

  const server = await startServer(name, { documents, readers: readersOf(scenario) });
  try {
    const load = await startLoad(server, { subscribers, distinct });
    try {
      await publishAll(server, load, scenario);
      await load.clear();
      const [before, loadBefore] = [usageOf(server.pid), usageOf(load.pid)];
      const start = performance.now();
      await publishAll(server, load, scenario);
      const seconds = (performance.now() - start) / 1000;
      const [after, loadAfter] = [usageOf(server.pid), usageOf(load.pid)];
      const report = await load.report();
      if (report.deliveries !== deliveries) {
        throw new Error(`${report.deliveries} deliveries instead of ${deliveries}`);
      }
      const cpuMs = after.cpuMs - before.cpuMs;
      return {
        perSecond: deliveries / seconds,
        cpu: (cpuMs * 1000) / deliveries,
        withoutCommit: ((cpuMs - commitMs) * 1000) / deliveries,
        ...report.sinceTimestamp,
        loadCpu: ((loadAfter.cpuMs - loadBefore.cpuMs) * 1000) / deliveries,
      };
    } finally {
      await load.stop();
    }
  } finally {
    await server.stop();
  }
}

/** CPU time (ms) of Quire for the same edits, after the same warm-up, while nobody listens. @param {Scenario} scenario */
async function measureCommits(scenario) {
  const server = await startServer('quire', { documents: scenario.documents, readers: readersOf(scenario) });
  try {
    await publishAll(server, null, scenario);
    const before = usageOf(server.pid);
    await publishAll(server, null, scenario);
    return usageOf(server.pid).cpuMs - before.cpuMs;
  } finally {
    await server.stop();
  }
}

/** Different people read: at most a hundred, who take turns. @param {Scenario} scenario */
export const readersOf = ({ subscribers, documents }) => Math.min(100, subscribers / documents);

/**
 * Publishes a scenario's events, the next tick when one before has come to all of its document's subscribers.
 * @param {MeasuredServer} server @param {Load | null} load @param {Scenario} scenario
 */
export async function publishAll(server, load, { documents, perTick, inFlight, events }) {
  let left = events / perTick;
  let next = 0;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const document = next % documents;
      next += 1;
      const published = server.publish(document, perTick);
      // The server's count is right at once; waiting begins before the event can come.
      const revision = load === null ? 0 : (server.revisions[document] ?? 0);
      await Promise.all([published, load?.reached(document, revision)]);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}
