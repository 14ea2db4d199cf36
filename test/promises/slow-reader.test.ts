import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import {
  CHANGES,
  changeOf,
  createDocument,
  type Guest,
  must,
  openGuest,
  revisions,
  type Stream,
} from './guest.ts';

const REVISIONS = 5_000;
/** Characters of each change; all of them together are 20 MB, far more than the buffers between two sockets hold. */
const CHANGE_CHARS = 4_096;
/** Readers that stop reading. What is unsent to all of them would be 480 MB. */
const SLOW_READERS = 24;
/** Milliseconds that a reader has to catch up, 20 MB, on a busy machine. */
const CATCH_UP_MS = 60_000;
/** Those of them that read on. */
const RETURNING = 2;
/** Changes that are under way at a time. */
const AT_ONCE = 50;
/**
 * Megabytes by which the server may grow meanwhile. It keeps a million characters of the document's last changes, no
 * more than that for each stream (and those are the same strings), and one message a socket; the rest is garbage
 * that was not collected yet, of 20 MB which each pass through a few hands.
 */
const MAX_GROWTH_MB = 200;

const REPLACE = `mutation ($content: String!) {
  applyDocumentChange(documentId: "busy", change: { changeType: REPLACE, position: 0, length: ${CHANGE_CHARS}, content: $content }) { revision }
}`;

let server: TestServer;
/** Of the server's process, as its log tells. */
let pid: number;
const guests: Guest[] = [];

async function enter(userId: string): Promise<Guest> {
  const guest = await openGuest(server.url, userId);
  guests.push(guest);
  return guest;
}

/** What the server's process holds in memory. */
async function megabytes(): Promise<number> {
  // Small images of Linux have no ps, and other systems no /proc.
  const kilobytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
      : (await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])).stdout;
  return Number(kilobytes) / 1024;
}

beforeAll(async () => {
  server = await startServer();
  const line =
    server
      .log()
      .split('\n')
      .find((found) => found.includes('"msg":"listening"')) ?? '{}';
  ({ pid } = JSON.parse(line) as { pid: number });
});
afterAll(async () => {
  for (const { socket } of guests) socket.ws.terminate();
  await server.stop();
});

const untilHas = (stream: Stream, results: number): Promise<void> =>
  expect.poll(() => stream.results.length, { timeout: CATCH_UP_MS }).toBeGreaterThanOrEqual(results);

const revisionsOf = (streams: readonly Stream[]) =>
  streams.flatMap(({ results }) => results.map((result) => changeOf(result)?.revision));

/**
 * Lets a slow reader read on until it has every revision. Where the machine is so busy that its socket was given up
 * (it answers no ping while it does not read), it goes on with another one. Resolves with all of its streams.
 */
async function readOn({ guest, stream }: { guest: Guest; stream: Stream }): Promise<Stream[]> {
  guest.socket.ws.resume();
  const isGone = () => guest.socket.ws.readyState === guest.socket.ws.CLOSED;
  await expect
    .poll(() => stream.results.length === REVISIONS || isGone(), { timeout: CATCH_UP_MS })
    .toBe(true);
  const after = stream.results.length;
  if (!isGone()) return [stream];
  const resumed = (await enter('bob')).subscribe(CHANGES, { id: 'busy', after });
  await untilHas(resumed, REVISIONS - after);
  return [stream, resumed];
}

/** The text of a revision: each is another one. */
const contentOf = (revision: number): string => String(revision).padStart(CHANGE_CHARS, '.');

/** Makes revisions up to `last`, several at a time; which content comes first does not matter. */
async function write(writer: Guest, from: number, last: number): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next <= last) {
      next += 1;
      await must(writer.ask(REPLACE, { content: contentOf(next - 1) }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

describe('[P6] readers that stop reading', () => {
  it(`while ${REVISIONS} changes pass cost bounded memory, disturb nobody, and get every revision once they read on`, {
    timeout: 3 * CATCH_UP_MS,
  }, async () => {
    const writer = await enter('ada');
    await createDocument(writer, 'busy', { content: contentOf(1), editors: ['bob'] });
    const variables = { id: 'busy', after: 0 };
    const attentive = (await enter('bob')).subscribe(CHANGES, variables);
    const slow = await Promise.all(
      Array.from({ length: SLOW_READERS }, async () => {
        const guest = await enter('bob');
        const stream = guest.subscribe(CHANGES, variables);
        await stream.next();
        return { guest, stream };
      }),
    );
    // What the first changes load and compile is no part of the growth.
    await write(writer, 2, 500);
    for (const { stream } of slow) await untilHas(stream, 500);
    for (const { guest } of slow) guest.socket.ws.pause();

    const before = await megabytes();
    let most = before;
    let writing = true;
    const written = write(writer, 501, REVISIONS).finally(() => {
      writing = false;
    });
    while (writing) {
      most = Math.max(most, await megabytes());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await written;
    expect(most - before).toBeLessThan(MAX_GROWTH_MB);
    await untilHas(attentive, REVISIONS);
    // The others are really behind.
    for (const { stream } of slow) expect(stream.results.length).toBeLessThan(REVISIONS);

    for (const { guest } of slow.slice(RETURNING)) guest.socket.ws.terminate();
    const returned: Stream[][] = [];
    for (const reader of slow.slice(0, RETURNING)) returned.push(await readOn(reader));
    await must(writer.ask(REPLACE, { content: contentOf(REVISIONS + 1) }));
    await untilHas(attentive, REVISIONS + 1);
    for (const streams of [[attentive], ...returned]) {
      await expect.poll(() => revisionsOf(streams), { timeout: CATCH_UP_MS }).toHaveLength(REVISIONS + 1);
      expect(revisionsOf(streams)).toEqual(revisions(1, REVISIONS + 1));
      const last = streams.at(-1)?.results.at(-1);
      expect(last && changeOf(last)?.content).toBe(contentOf(REVISIONS + 1));
    }
  });
});
