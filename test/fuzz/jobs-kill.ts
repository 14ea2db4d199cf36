import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../src/platform/storage/database.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import { isTerminal, type ProcessingStatus } from '../../src/processing/job.ts';
import type { ProcessingTables } from '../../src/processing/tables.ts';
import { faultsOf, readHistory, recordJobs } from '../support/job-history.ts';
import { childrenOf, runs } from '../support/processes.ts';
import { Random } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { createAsker, createFrom, createSources, MARK, randomWait, type Source } from './jobs-world.ts';

export interface JobsKillOptions {
  readonly kills: number;
  readonly jobs: number;
  readonly seed: number;
  /** One in so many kills is left alone until all that it has interrupted runs again. */
  readonly measuredEvery: number;
  readonly onRound?: (line: string) => void;
}

/** What has come of it. */
export interface JobsKillReport {
  /** Everything that is not as it is promised. */
  readonly faults: readonly string[];
  readonly ends: Readonly<Partial<Record<ProcessingStatus, number>>>;
  /** Jobs that were under way when the server was killed, and were watched until they ran again. */
  readonly interrupted: number;
  /** Milliseconds from the restart to the moment at which the last of them ran again. */
  readonly longestMs: number;
}

/** What P10 promises. */
const AGAIN_MS = 15_000;
/** Milliseconds after which a worker of a killed server must be gone: one that is starting comes to its start first. */
const ORPHAN_MS = 20_000;
/** Milliseconds in which a job must have ended at the latest, on a busy machine, once nobody is killed any more. */
const JOB_MS = 2_000;
const SLACK_MS = 60_000;

const START = `mutation ($id: ID!, $request: ProcessingRequest!) {
  startProcessing(documentId: $id, request: $request) { id } }`;
const BATCH = `mutation ($ids: [ID!]!, $request: ProcessingRequest!) {
  startBatch(documentIds: $ids, request: $request) { batchId } }`;

/**
 * Starts jobs, alone and in batches, and kills the server at random moments while they run. In the end each has one terminal
 * state and the right one, results are there once, batches count right, and what was interrupted ran again in time.
 */
export async function surviveJobKills(server: TestServer, options: JobsKillOptions): Promise<JobsKillReport> {
  const { kills, seed } = options;
  const random = new Random(seed);
  const sources = await createSources();
  const asker = await createAsker(server.url, 'ada');
  const database = await openSqlite({ file: join(server.dataDir, 'quire.db') });
  const documents = new Map<string, Source>();
  const faults: string[] = [];
  const orphans: Promise<void>[] = [];
  let interrupted = 0;
  let longestMs = 0;

  async function start(count: number): Promise<void> {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const source = random.pick(sources);
      const id = await createFrom(asker, source);
      documents.set(id, source);
      ids.push(id);
    }
    const together = random.between(0, ids.length);
    const request = { priority: random.between(0, 10) };
    if (together > 0) await asker.ask(BATCH, { ids: ids.slice(0, together), request });
    for (const id of ids.slice(together)) await asker.ask(START, { id, request });
  }

  /** Kills the server while it works. Gives the jobs that were under way, and when it was there again. */
  async function kill(): Promise<{ readonly jobIds: readonly string[]; readonly restartedAt: number }> {
    await untilSome(database);
    await randomWait(random, 0, 600);
    const children = childrenOf(server.pid());
    await server.kill();
    const jobIds = await underWay(database);
    orphans.push(mustGo(children));
    await server.restart();
    return { jobIds, restartedAt: Date.now() };
  }

  async function mustGo(children: readonly number[]): Promise<void> {
    const since = performance.now();
    while (children.some(runs) && performance.now() - since < ORPHAN_MS) await wait(100);
    for (const pid of children.filter(runs)) faults.push(`the worker ${pid} of a killed server is left`);
  }

  await recordJobs(database);
  try {
    for (let round = 1; round <= kills; round += 1) {
      await start(Math.ceil((options.jobs - documents.size) / (kills - round + 1)));
      const { jobIds, restartedAt } = await kill();
      if (round % options.measuredEvery !== 0) continue;
      const ms = await untilAgain(database, jobIds, restartedAt);
      interrupted += jobIds.length;
      longestMs = Math.max(longestMs, ms);
      if (ms > AGAIN_MS) faults.push(`a job that a kill had interrupted ran again after ${ms} ms`);
      options.onRound?.(`kill ${round}: ${jobIds.length} jobs interrupted, again after ${ms} ms at most`);
    }
    const ends = await untilEnded(database, options.jobs * JOB_MS + SLACK_MS);
    await Promise.all(orphans);
    faults.push(...(await faultsOf(database)), ...(await wrongEnds(database, documents)));
    for (const [id, { bytes, fails }] of documents) {
      if (!bytes || fails) continue;
      const { content } = await asker.ask<{ content: string }>(
        'query ($id: ID!) { document(id: $id) { content } }',
        { id },
      );
      const copies = content.split(MARK).length - 1;
      if (copies !== 1) faults.push(`the text of a file is ${copies} times in its document`);
    }
    return { faults, ends, interrupted, longestMs };
  } finally {
    await database.close();
  }
}

const jobsOf = ({ query }: Database) =>
  query.withTables<ProcessingTables>().selectFrom('processing_jobs').selectAll();

const underWay = async (database: Database): Promise<string[]> =>
  (await jobsOf(database).where('status', '=', 'IN_PROGRESS').execute()).map(({ job_id }) => job_id);

/** Waits until a job is under way; not for ever, because all may have ended. */
async function untilSome(database: Database): Promise<void> {
  for (let look = 0; look < 200 && (await underWay(database)).length === 0; look += 1) await wait(25);
}

/** Waits until all of these have been taken on again. Gives the milliseconds that the last one has waited. */
async function untilAgain(database: Database, jobIds: readonly string[], since: number): Promise<number> {
  for (;;) {
    const again = new Map<string, number>();
    for (const { jobId, at } of await readHistory(database))
      if (at >= since && !again.has(jobId)) again.set(jobId, at);
    const waiting = jobIds.filter((id) => !again.has(id));
    const last = Math.max(since, ...jobIds.map((id) => again.get(id) ?? Date.now()));
    if (waiting.length === 0 || last - since > 4 * AGAIN_MS) return last - since;
    await wait(100);
  }
}

/** Waits until all jobs have ended, or for so many milliseconds. Gives how many have ended how. */
async function untilEnded(database: Database, ms: number): Promise<JobsKillReport['ends']> {
  const since = performance.now();
  for (;;) {
    const ends: Partial<Record<ProcessingStatus, number>> = {};
    for (const { status } of await jobsOf(database).execute()) ends[status] = (ends[status] ?? 0) + 1;
    const open = Object.keys(ends).some((status) => !isTerminal(status as ProcessingStatus));
    if (!open || performance.now() - since > ms) return ends;
    await wait(250);
  }
}

/** What ended otherwise than its document would have it. */
async function wrongEnds(database: Database, documents: ReadonlyMap<string, Source>): Promise<string[]> {
  const jobs = await jobsOf(database).execute();
  const wrong = jobs.filter(
    ({ document_id, status }) => status !== (documents.get(document_id)?.fails ? 'FAILED' : 'COMPLETED'),
  );
  return [
    ...(jobs.length === documents.size
      ? []
      : [`${documents.size} jobs were asked for, ${jobs.length} are there`]),
    ...wrong.map(({ job_id, document_id, status, errors }) => {
      const name = documents.get(document_id)?.name;
      return `the job ${job_id} of ${name} is ${status}: ${errors}`;
    }),
  ];
}
