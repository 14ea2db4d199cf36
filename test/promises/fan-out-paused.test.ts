import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { openWire, type Wire } from '../support/wire.ts';
import { openEvents } from './fan-out-events.ts';
import { createField, READER, rewrite } from './fan-out-stage.ts';
import { type Guest, openGuest, type Result } from './guest.ts';

/** Revisions of a commit, and commits. */
const WIDTH = 1_000;
const COMMITS = 50;
const REVISIONS = WIDTH * COMMITS + 1;
/** Characters of each change: as many as one commit may insert, divided by its changes. */
const CHARS = 60;
/** Times that an event holds them, so that all events come to 40 MB: far more than the system holds on the way. */
const COPIES = 10;
/** Readers that never read on: what is unsent to all of them would be 400 MB. */
const SILENT = 10;
/** Milliseconds that a reader has to get 40 MB on a busy machine. */
const CATCH_UP_MS = 120_000;
/** Megabytes that the server's JavaScript may hold, so that it grows by what it must hold and not by garbage. */
const HEAP_MB = 192;
/**
 * Megabytes by which the server's process may grow meanwhile. What it must hold is a few: the document's latest changes,
 * pages of the log for who is behind, 320 KB for each reader. The rest is garbage, and what the system keeps for a
 * process that has needed it once.
 */
const MAX_GROWTH_MB = 120;

/** The same events, but for their names: no two of these are in one group, or share a payload. */
const queryOf = (name: string): string => {
  const copies = Array.from({ length: COPIES }, (_, index) => `${name}${index}: content`).join(' ');
  return `subscription ($id: ID!) { documentChanges(documentId: $id, after: 0, echo: true) { revision ${copies} } }`;
};

let server: TestServer;
let ada: Guest;
const ends: (() => void)[] = [];

beforeAll(async () => {
  // A reader is not given up here, however long a busy machine takes for the writing.
  const env = { LIMIT_STALL_MS: '600000', NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` };
  server = await startServer({ env });
  ada = await openGuest(server.url, 'ada');
  ends.push(() => ada.socket.ws.terminate());
});
afterAll(async () => {
  for (const end of ends) end();
  await server.stop();
});

/** What the server's process holds in memory. */
async function megabytes(): Promise<number> {
  const line =
    server
      .log()
      .split('\n')
      .find((found) => found.includes('"msg":"listening"')) ?? '{}';
  const { pid } = JSON.parse(line) as { pid: number };
  // Small images of Linux have no ps, and other systems no /proc.
  const kilobytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
      : (await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout;
  return Number(kilobytes) / 1024;
}

interface Reader {
  /** The last revision that came; each was the one before and one more, or it is a fault. */
  revision: number;
  faults: number;
  readonly pause: () => void;
  readonly resume: () => void;
}

const takeInto = (reader: Pick<Reader, 'revision' | 'faults'>, result: Result): void => {
  const change = result.data?.['documentChanges'] as { revision: number } | undefined;
  if (change?.revision !== reader.revision + 1) reader.faults += 1;
  reader.revision = change?.revision ?? reader.revision;
};

async function openSocketReader(name: string): Promise<Reader> {
  const state = { revision: 0, faults: 0 };
  const wire: Wire = await openWire(server.url, READER, {
    onMessage: ({ payload }) => takeInto(state, payload as Result),
  });
  ends.push(() => wire.reset());
  wire.send({ id: 'one', type: 'subscribe', payload: { query: queryOf(name), variables: { id: 'long' } } });
  return Object.assign(state, { pause: wire.pause, resume: wire.resume });
}

async function openEventReader(name: string): Promise<Reader> {
  const state = { revision: 0, faults: 0 };
  const events = await openEvents(server.url, READER, {
    query: queryOf(name),
    variables: { id: 'long' },
    keeps: false,
    onEvent: ({ result }) => result && takeInto(state, result),
  });
  ends.push(() => events.abort());
  return Object.assign(state, { pause: events.pause, resume: events.resume });
}

const untilHas = (reader: Reader, revision: number): Promise<void> =>
  expect.poll(() => reader.revision, { timeout: CATCH_UP_MS }).toBeGreaterThanOrEqual(revision);

describe('[P6] readers that are paused', () => {
  it(`while ${REVISIONS - 1} events pass have each once in the end, disturb nobody, and cost bounded memory`, {
    timeout: 3 * CATCH_UP_MS,
  }, async () => {
    await createField(ada, 'long', { width: WIDTH, chars: CHARS });
    const attentive = await openSocketReader('shared');
    const paused = [await openSocketReader('shared'), await openEventReader('shared')];
    const silent: Reader[] = [];
    for (let index = 0; index < SILENT; index += 1)
      silent.push(await (index % 2 === 0 ? openSocketReader : openEventReader)(`of${index}x`));
    const write = () => rewrite(ada, 'long', { count: WIDTH, content: 'x'.repeat(CHARS) });
    // What the first changes load and compile is no part of the growth.
    let newest = await write();
    for (const reader of [attentive, ...paused, ...silent]) await untilHas(reader, newest);
    for (const { pause } of [...paused, ...silent]) pause();

    const before = await megabytes();
    let most = before;
    while (newest < REVISIONS) {
      newest = await write();
      most = Math.max(most, await megabytes());
    }
    await untilHas(attentive, REVISIONS);
    most = Math.max(most, await megabytes());
    for (const { revision } of [...paused, ...silent]) expect(revision).toBeLessThan(2 * WIDTH);
    for (const { resume } of paused) resume();
    for (const reader of paused) await untilHas(reader, REVISIONS);
    most = Math.max(most, await megabytes());
    // They are live again, like the one who has never stopped.
    const last = await write();
    for (const reader of [attentive, ...paused]) {
      await untilHas(reader, last);
      expect(reader).toMatchObject({ revision: last, faults: 0 });
    }
    expect(most - before).toBeLessThan(MAX_GROWTH_MB);
    expect(server.isRunning()).toBe(true);
  });
});
