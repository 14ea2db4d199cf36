import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import { isTerminal, type ProcessingStatus } from '../../src/processing/job.ts';
import { pdfOf } from '../processing/formats/files.ts';
import { proseOf } from '../processing/formats/prose.ts';
import { must, openGuest, type Result } from '../promises/guest.ts';
import { faultsOf, readHistory, recordJobs } from '../support/job-history.ts';
import { childrenOf, runs } from '../support/processes.ts';
import { Random } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { createAsker, createFrom, randomWait, type Source } from './jobs-world.ts';

export interface JobsCancelReport {
  /** Everything that is not as it is promised. */
  readonly faults: readonly string[];
  readonly cancelled: number;
  /** Jobs that had ended before. */
  readonly ended: number;
  /** Milliseconds from the wish to what a subscriber saw, at most. */
  readonly longestMs: number;
  /** Milliseconds until a worker that heard nothing was gone, at most. */
  readonly longestFreeMs: number;
}

/** What P10 promises. */
const CANCEL_MS = 2_000;
/** Milliseconds in which a worker is free again. */
const FREE_MS = 3_000;

const START = 'mutation ($id: ID!) { startProcessing(documentId: $id) { id } }';
const CANCEL = 'mutation ($id: ID!) { cancelProcessing(jobId: $id) }';
const WATCH = 'subscription ($id: ID!) { processingUpdates(documentId: $id) { status step { name } } }';

interface Update {
  readonly status: ProcessingStatus;
  readonly step: { readonly name: string } | null;
}

const updateOf = ({ data }: Result): Update => data?.['processingUpdates'] as Update;
const hasEnded = (result: Result): boolean => isTerminal(updateOf(result).status);

/** Work that takes long, in one go or in many small ones, and work that is about to be done. */
async function createLongSources(): Promise<readonly (Source & { readonly isDeaf: boolean })[]> {
  const source = (name: string, bytes: Uint8Array | null, text = '', isDeaf = false) => ({
    name,
    bytes,
    text,
    fails: false,
    isDeaf,
  });
  const pages = await pdfOf(Array.from({ length: 600 }, () => proseOf('en')));
  return [
    // Elements inside one another: the parser computes for minutes and hears nothing meanwhile.
    source('deaf.html', Buffer.from(`<html><body>${'<b>x'.repeat(500_000)}`), '', true),
    source('pages.pdf', pages),
    source('long.md', Buffer.from(`# All\n\n${proseOf('fr').repeat(2_000)}`)),
    source('short.txt', null, proseOf('de').repeat(20)),
  ];
}

/** Cancels running jobs at random moments, one after another, on a server with one worker. */
export async function cancelRunning(
  server: TestServer,
  { cancels, seed }: { readonly cancels: number; readonly seed: number },
): Promise<JobsCancelReport> {
  const random = new Random(seed);
  const sources = await createLongSources();
  const asker = await createAsker(server.url, 'ada');
  const guest = await openGuest(server.url, 'ada');
  const database = await openSqlite({ file: join(server.dataDir, 'quire.db') });
  const faults: string[] = [];
  const told = new Map<string, ProcessingStatus>();
  let [cancelled, longestMs, longestFreeMs] = [0, 0, 0];

  async function cancelOne(number: number): Promise<void> {
    const source = random.pick(sources);
    const fault = (what: string): void => void faults.push(`cancel ${number} of ${source.name}: ${what}`);
    const id = await createFrom(asker, source);
    const job = (await must(guest.ask(START, { id })))['startProcessing'] as { id: string };
    const stream = guest.subscribe(WATCH, { id });
    await stream.find((result) => updateOf(result).step !== null || hasEnded(result));
    await randomWait(random, 0, 1_200);
    const children = childrenOf(server.pid());

    const since = performance.now();
    const [answer] = await Promise.all([
      must(guest.ask(CANCEL, { id: job.id })),
      // It may have come before the wish.
      stream.results.some(hasEnded) || stream.find(hasEnded),
    ]);
    const ms = Math.round(performance.now() - since);
    const ends = (await stream.ended()).filter(hasEnded).map((result) => updateOf(result).status);
    const [status] = ends;
    if (ends.length !== 1 || !status || !hasEnded(stream.results.at(-1) ?? {}))
      return fault(`told ${ends.join(', ')}`);
    told.set(job.id, status);
    const did = answer['cancelProcessing'] === true;
    if (did !== (status === 'CANCELLED')) fault(`answered ${did}, and told ${status}`);
    if (!did) return;
    cancelled += 1;
    longestMs = Math.max(longestMs, ms);
    if (ms > CANCEL_MS) fault(`seen after ${ms} ms`);
    if (!source.isDeaf) return;
    // What computes there ends with its process alone, unless it had not begun: then the worker takes the next job at once.
    while (children.some(runs) && performance.now() - since < FREE_MS) await wait(20);
    const freeMs = Math.round(performance.now() - since);
    if (!children.some(runs)) longestFreeMs = Math.max(longestFreeMs, freeMs);
    else if (!(await worksOn())) fault(`its worker was not free after ${freeMs} ms`);
  }

  /** Whether the worker takes a small job on, as one that computes does not. */
  async function worksOn(): Promise<boolean> {
    const id = await createFrom(asker, { name: 'small', bytes: null, text: 'A small text.', fails: false });
    const since = performance.now();
    await must(guest.ask(START, { id }));
    await guest.subscribe(WATCH, { id }).find(hasEnded);
    return performance.now() - since < 2 * FREE_MS;
  }

  await recordJobs(database);
  try {
    for (let number = 1; number <= cancels; number += 1) await cancelOne(number);
    faults.push(...(await faultsOf(database)));
    const history = await readHistory(database);
    for (const [jobId, status] of told) {
      const last = history.findLast((entry) => entry.jobId === jobId)?.status;
      if (last !== status) faults.push(`${jobId} was told to be ${status} and is ${last}`);
    }
    return { faults, cancelled, ended: told.size - cancelled, longestMs, longestFreeMs };
  } finally {
    guest.socket.ws.terminate();
    await database.close();
  }
}
