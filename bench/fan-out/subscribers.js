// The load generator: a process of its own that is all subscribers of a run. It checks that each of them gets every
// revision once and in order, tells when all of a document's have one, and counts how long they waited for it.
import { randomUUID } from 'node:crypto';
import { dialects } from './dialects.js';
import { createLatencies } from './latencies.js';
import { openSocket } from './web-socket.js';

/** @import { Answer, DialectName, Wish } from './dialects.js' */

/**
 * Subscriber i is of document i modulo their number, and the documents' subscribers take the tokens in turn.
 * @typedef {object} Order
 * @property {DialectName} dialect
 * @property {number} port
 * @property {number} subscribers
 * @property {readonly string[]} documentIds
 * @property {readonly string[]} tokens
 * @property {boolean} distinct Each subscriber has a selection that no other has.
 */

/**
 * When the events of a document are due (milliseconds since 1970), whether or not the server has time for them.
 * @typedef {{ revision: number, at: number, everyMs: number }} Schedule Of this revision, and of each one after it.
 */

/**
 * @typedef {{ kind: 'open', order: Order } | { kind: 'clear', schedule: Schedule | null } | { kind: 'report' }} Command
 * @typedef {{ p50: number, p99: number }} Quantiles Milliseconds.
 * @typedef {{ deliveries: number, sinceTimestamp: Quantiles, sinceDue: Quantiles }} Report
 * @typedef {{ kind: 'opened' } | { kind: 'cleared' } | { kind: 'report', report: Report } | { kind: 'failed', why: string }
 *   | { kind: 'reached', reached: readonly (readonly [document: number, revision: number])[] }} Message
 */

/** Connections that are opened at a time. */
const RAMP = 200;
/** Revisions of a document that may be on their way at a time; a power of two. */
const WINDOW = 4096;
const TIMESTAMP = '"timestamp":"';
const TIMESTAMP_CHARS = '2026-01-31T12:00:00.000Z'.length;

const sinceTimestamp = createLatencies();
const sinceDue = createLatencies();
/** @type {Schedule | null} */
let schedule = null;
const say = (/** @type {Message} */ message) => process.send?.(message);
const fail = (/** @type {string} */ why) => say({ kind: 'failed', why });

/** What all subscribers of a document have got since it was last told. @type {Map<number, number>} */
const reached = new Map();
const tell = () => {
  say({ kind: 'reached', reached: [...reached] });
  reached.clear();
};

/** Most messages in a row are of the same moment. */
let lastText = '';
let lastTime = 0;
const timeOf = (/** @type {string} */ text) => {
  if (text !== lastText) {
    lastText = text;
    lastTime = Date.parse(text);
  }
  return lastTime;
};

/** How many subscribers of a document have got a revision. @param {number} index @param {number} subscribers */
function createTally(index, subscribers) {
  const counts = new Uint32Array(WINDOW);
  let newest = 0;
  return (/** @type {number} */ revision) => {
    const slot = revision & (WINDOW - 1);
    // A revision that not all got, because they were not all there yet, leaves its count behind.
    if (revision > newest) {
      newest = revision;
      counts[slot] = 0;
    }
    const count = (counts[slot] ?? 0) + 1;
    counts[slot] = count;
    if (count < subscribers) return;
    if (reached.size === 0) setImmediate(tell);
    reached.set(index, revision);
  };
}

/**
 * @param {Order} order @param {Wish} wish
 * @param {(revision: number) => void} tally
 * @param {() => void} onSubscribed
 */
function subscribe({ dialect: name, port }, wish, tally, onSubscribed) {
  const dialect = dialects[name];
  const mark = `"${wish.revisionName}":`;
  let revision = 0;

  const react = (/** @type {Answer} */ { say: text, subscribed }) => {
    if (text !== undefined) socket.send(text);
    if (subscribed) onSubscribed();
  };
  const answer = (/** @type {string} */ text) => {
    try {
      react(dialect.answer(text, wish));
    } catch (error) {
      fail(String(error));
    }
  };
  const socket = openSocket(
    { port, path: dialect.path(wish), protocol: dialect.protocol },
    {
      onOpen: () => react(dialect.opened(wish)),
      onText(frame, from, to) {
        const text = frame.toString('latin1', from, to);
        const at = text.indexOf(mark);
        if (at === -1) return answer(text);
        const next = Number.parseInt(text.slice(at + mark.length, at + mark.length + 12), 10);
        if (revision !== 0 && next !== revision + 1) fail(`revision ${next} came after ${revision}`);
        revision = next;
        const time = text.indexOf(TIMESTAMP, at) + TIMESTAMP.length;
        const now = Date.now();
        sinceTimestamp.add(now - timeOf(text.slice(time, time + TIMESTAMP_CHARS)));
        if (schedule) sinceDue.add(now - schedule.at - (next - schedule.revision) * schedule.everyMs);
        tally(next);
      },
      onFailure: (why) => fail(`a subscriber's connection failed: ${why}`),
    },
  );
}

/** Resolves when all have asked for their changes. @param {Order} order */
async function open(order) {
  const { subscribers, documentIds, tokens, distinct } = order;
  const each = subscribers / documentIds.length;
  const tallies = documentIds.map((_, index) => createTally(index, each));
  let next = 0;
  const opener = async () => {
    while (next < subscribers) {
      const index = next;
      next += 1;
      const document = index % documentIds.length;
      const tally = tallies[document];
      if (!tally) throw new Error('there is no document');
      const wish = {
        documentId: documentIds[document] ?? '',
        token: tokens[Math.floor(index / documentIds.length) % tokens.length] ?? '',
        operationId: randomUUID(),
        revisionName: distinct ? `r${index}` : 'revision',
      };
      await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
        subscribe(order, wish, tally, resolve);
      });
    }
  };
  await Promise.all(Array.from({ length: RAMP }, opener));
}

/** @param {Command} command */
async function obey(command) {
  if (command.kind === 'open') {
    await open(command.order);
    say({ kind: 'opened' });
  } else if (command.kind === 'clear') {
    sinceTimestamp.clear();
    sinceDue.clear();
    schedule = command.schedule;
    say({ kind: 'cleared' });
  } else {
    const report = {
      deliveries: sinceTimestamp.count(),
      sinceTimestamp: sinceTimestamp.quantiles(),
      sinceDue: sinceDue.quantiles(),
    };
    say({ kind: 'report', report });
  }
}

process.on('message', (/** @type {Command} */ command) => {
  obey(command).catch((/** @type {unknown} */ error) => fail(String(error)));
});
process.on('disconnect', () => process.exit());
