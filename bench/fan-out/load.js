import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { nextMessage, stop } from './process.js';

/** @import { MeasuredServer } from './servers.js' */
/** @import { Message, Report, Schedule } from './subscribers.js' */

/** Milliseconds in which all subscribers must have got what was published. */
const PATIENCE_MS = 90_000;
/** Milliseconds after which another event is published to find out whether all subscribers are there. */
const SETTLE_MS = 2_000;
const SETTLE_ATTEMPTS = 60;

/**
 * The subscribers of a run, all in one process.
 * @typedef {object} Load
 * @property {number} pid
 * @property {(document: number, revision: number) => Promise<void>} reached Resolves when all subscribers of the document
 * have this revision. Rejects when a subscriber missed something or got it twice, or when it takes too long.
 * @property {(schedule?: Schedule) => Promise<void>} clear Forgets the latencies counted so far; counts the ones to come also
 * from when each event is due.
 * @property {() => Promise<Report>} report
 * @property {() => Promise<void>} stop
 */

/**
 * Connects subscribers, and resolves when an event of each document has come to all of them.
 * @param {MeasuredServer} server
 * @param {{ subscribers: number, distinct: boolean }} options
 * @returns {Promise<Load>}
 */
export async function startLoad(server, { subscribers, distinct }) {
  const child = fork(fileURLToPath(new URL('subscribers.js', import.meta.url)));
  /** @type {Set<{ document: number, revision: number, resolve: () => void }>} */
  const waiting = new Set();
  const newest = server.documentIds.map(() => -1);
  /** @type {(why: Error) => void} */
  let fail = () => {};
  /** @type {Promise<never>} */
  const failed = new Promise((_resolve, /** @type {(why: Error) => void} */ reject) => {
    fail = reject;
  });
  // It is looked at only while something is waited for.
  failed.catch(() => {});

  child.on('exit', () => fail(new Error('the load generator ended')));
  child.on('message', (/** @type {Message} */ message) => {
    if (message.kind === 'failed') fail(new Error(message.why));
    if (message.kind !== 'reached') return;
    for (const [document, revision] of message.reached) newest[document] = revision;
    for (const waiter of waiting) {
      if ((newest[waiter.document] ?? -1) < waiter.revision) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  });

  /** @template Value @param {Promise<Value>} promise @param {string} what */
  const within = async (promise, what) => {
    const late = new AbortController();
    const timeout = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(() => {
      throw new Error(`${what} took longer than ${PATIENCE_MS / 1000} s`);
    });
    timeout.catch(() => {});
    try {
      return await Promise.race([promise, failed, timeout]);
    } finally {
      late.abort();
    }
  };

  /** @type {Load} */
  const load = {
    pid: child.pid ?? 0,
    async reached(document, revision) {
      if ((newest[document] ?? -1) >= revision) return;
      const arrived = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
        waiting.add({ document, revision, resolve });
      });
      await within(arrived, `until all had revision ${revision}, it`);
    },
    async clear(schedule) {
      const cleared = nextMessage(child, 'cleared');
      child.send({ kind: 'clear', schedule: schedule ?? null });
      await within(cleared, 'the load generator');
    },
    async report() {
      /** @type {Promise<{ report: Report }>} */
      const answer = nextMessage(child, 'report');
      child.send({ kind: 'report' });
      return (await within(answer, 'the load generator')).report;
    },
    stop: () => stop(child),
  };

  /** A subscription says nothing when it has begun: events are published until one has come to all. */
  const settle = async (/** @type {number} */ document) => {
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt += 1) {
      await server.publish(document, 1);
      const arrived = load.reached(document, server.revisions[document] ?? 0).then(() => true);
      const patience = new AbortController();
      const isReady = await Promise.race([
        arrived,
        sleep(SETTLE_MS, false, { signal: patience.signal }).catch(() => false),
      ]);
      patience.abort();
      if (isReady) return;
      arrived.catch(() => {});
    }
    throw new Error('not all subscribers get events');
  };

  try {
    const { dialect, port, documentIds, tokens } = server;
    const opened = nextMessage(child, 'opened', PATIENCE_MS);
    child.send({ kind: 'open', order: { dialect, port, subscribers, documentIds, tokens, distinct } });
    await within(opened, 'connecting');
    for (const document of documentIds.keys()) await settle(document);
    return load;
  } catch (error) {
    await load.stop();
    throw error;
  }
}
