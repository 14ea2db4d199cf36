import { setTimeout as sleep } from 'node:timers/promises';
import { LEASE_MS } from '../../src/collaboration/presence.ts';
import { Random } from '../support/random.ts';
import { tokenFor } from '../support/tokens.ts';
import { createCrowd } from './crowd.ts';
import { type Editing, prepareEditing } from './editing.ts';
import { type Holdings, type SoakServer, startSoakServer } from './soak-server.ts';

const USERS = 20;
const EDITS_PER_SECOND = 30;
/** Milliseconds that a visitor stays on average, at most. */
const STAY_MS = 30_000;
/** The minute in which memory should have come to rest. */
const SETTLED_MINUTE = 5;
/** By how much memory may be above what it was then. */
const GROWTH = 1.1;
/** Milliseconds after the last lease has run out in which everything must be gone. */
const GONE_MS = 15_000;
const LOOK_MS = 50;
/** Readings of the memory at a mark, and the milliseconds between two of them. */
const READINGS = 5;
const READING_MS = 500;
const TOKEN_MS = 24 * 60 * 60_000;

export interface SoakOptions {
  readonly minutes: number;
  readonly sockets: number;
  readonly documents: number;
  readonly seed: number;
  readonly print: (line: string) => void;
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;

const describe = ({ counts, rss, heap, reserved, alarms, timeouts }: Holdings): string =>
  `RSS ${megabytes(rss)}, heap and external ${megabytes(heap)} of ${megabytes(reserved)}, ${alarms} timers of the clock and ${timeouts} others, ${Object.entries(
    counts,
  )
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')}`;

const isEmpty = ({ counts }: Holdings): boolean => Object.values(counts).every((count) => count === 0);

/** Asks until everything is gone, or it is too late. Resolves with the last answer. */
async function untilEmpty(server: SoakServer, patienceMs: number, before?: Holdings): Promise<Holdings> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const holdings = await server.holdings();
    const isAsBefore = !before || (holdings.alarms <= before.alarms && holdings.timeouts <= before.timeouts);
    if ((isEmpty(holdings) && isAsBefore) || performance.now() > deadline) return holdings;
    await sleep(LOOK_MS);
  }
}

/** The least that is held over some readings: what is let go a moment later is not kept. */
async function leastHoldings(server: SoakServer): Promise<Holdings> {
  let least = await server.holdings();
  for (let reading = 1; reading < READINGS; reading += 1) {
    await sleep(READING_MS);
    const next = await server.holdings();
    least = { ...next, rss: Math.min(least.rss, next.rss), heap: Math.min(least.heap, next.heap) };
  }
  return least;
}

function compareMemory(settled: Holdings, last: Holdings): string[] {
  return (['rss', 'heap'] as const).flatMap((name) =>
    last[name] <= settled[name] * GROWTH
      ? []
      : [`${name} grew from ${megabytes(settled[name])} to ${megabytes(last[name])}`],
  );
}

function compareEmpty(before: Holdings, after: Holdings): string[] {
  const left = Object.entries(after.counts).filter(([, count]) => count > 0);
  return [
    ...left.map(([name, count]) => `${count} ${name} are left`),
    ...(after.alarms > before.alarms ? [`${after.alarms} timers of the clock, ${before.alarms} before`] : []),
    ...(after.timeouts > before.timeouts ? [`${after.timeouts} timers, ${before.timeouts} before`] : []),
  ];
}

/** Runs a server under a crowd that comes and goes. Resolves with what was not as it must be. */
export async function soak(options: SoakOptions): Promise<string[]> {
  const server = await startSoakServer();
  let editing: Editing | undefined;
  try {
    const random = new Random(options.seed);
    const users = Array.from({ length: USERS }, (_, index) => `reader-${index}`);
    editing = await prepareEditing({
      url: server.url,
      random,
      documents: options.documents,
      readers: users,
    });
    const problems = await visit(server, editing, users, random, options);
    await server.stop();
    return problems;
  } finally {
    await editing?.leave();
    await server.discard();
  }
}

async function visit(
  server: SoakServer,
  editing: Editing,
  users: readonly string[],
  random: Random,
  { minutes, sockets, print }: SoakOptions,
): Promise<string[]> {
  const totalMs = minutes * 60_000;
  // A short run has no time for leases to run out.
  const withCursors = minutes >= 1;
  await editing.leave();
  const before = await untilEmpty(server, GONE_MS);
  print(`before the first socket: ${describe(before)}`);

  const crowd = createCrowd({
    url: server.url,
    size: sockets,
    stayMs: Math.min(STAY_MS, totalMs / 4),
    random,
    documentIds: editing.documentIds,
    tokens: await Promise.all(users.map((userId) => tokenFor(userId, { expiresIn: TOKEN_MS }))),
    revisionOf: (documentId) => editing.revisionOf(documentId),
  });
  const settledAt = Math.min(totalMs / 2, SETTLED_MINUTE * 60_000);
  const marks = [settledAt, totalMs];
  for (let minute = 1; minute < minutes; minute += 1) marks.push(minute * 60_000);
  const times = [...new Set(marks)].sort((one, other) => one - other);

  const began = performance.now();
  let settled: Holdings | undefined;
  let last = before;
  let counted = 0;
  for (const time of times) {
    const signal = AbortSignal.timeout(Math.max(1, Math.round(began + time - performance.now())));
    await Promise.all([
      crowd.bustle(signal),
      editing.edit({ perSecond: EDITS_PER_SECOND, withCursors, signal }),
    ]);
    // What is under way just now, and who is paused, is no measure of what is kept.
    await crowd.calm();
    last = await leastHoldings(server);
    if (time === settledAt) settled = last;
    const seconds = Math.round(time / 1_000);
    print(
      `${seconds} s: ${crowd.size} sockets (${crowd.visitors} so far), ${crowd.deliveries - counted} deliveries, ${editing.edits} edits, ${describe(last)}`,
    );
    counted = crowd.deliveries;
  }

  await crowd.disperse();
  await editing.leave();
  const after = await untilEmpty(server, (withCursors ? LEASE_MS : 0) + GONE_MS, before);
  print(`after the last socket: ${describe(after)}`);
  return [...crowd.problems, ...compareMemory(settled ?? last, last), ...compareEmpty(before, after)];
}
