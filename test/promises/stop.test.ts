import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openService } from '../support/documents.ts';
import { until } from '../support/raw-socket.ts';
import { startServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import { CHANGES, changeOf, codeOf, createDocument, must, openGuest, revisions } from './guest.ts';

/** Milliseconds that a stop may take. */
const STOP_MS = 10_000;
/** Changes that each writer has sent when the server is told to stop, and those of all that are answered then. */
const CHANGES_EACH = 80;
const ANSWERED = 10;
/** Splices of each change: enough to keep the server busy for a while. */
const SPLICES = 20;

const splices = Array.from({ length: SPLICES }, (_, index) => ({
  changeType: 'REPLACE',
  position: 2 * index,
  length: 1,
  content: 'x',
}));
const APPLY =
  'mutation ($changeId: ID!, $changes: [DocumentChangeInput!]!) { applyDocumentChanges(documentId: "plan", changeId: $changeId, changes: $changes) { revision } }';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-stop-'));
});
afterEach(() => rm(directory, { recursive: true }));

it('[P1] a server that is told to stop among edits answers each or does not apply it, closes with 1001 and exits with 0', async () => {
  const server = await startServer({ env: { DATA_DIR: directory } });
  const writers = await Promise.all(['ada', 'bob'].map((user) => openGuest(server.url, user)));
  const [ada] = writers as [(typeof writers)[0]];
  const reader = await openGuest(server.url, 'ada');
  await createDocument(ada, 'plan', { content: '.'.repeat(2 * SPLICES), editors: ['bob', 'cem'] });
  const stream = reader.subscribe(CHANGES, { id: 'plan', after: 0, echo: true });
  const token = await tokenFor('cem');

  const answered = new Set<string>();
  const overHttp = async (changeId: string): Promise<void> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: APPLY, variables: { changeId, changes: splices } }),
    });
    if (codeOf((await response.json()) as object) === undefined) answered.add(changeId);
  };
  const send = (count: number): Promise<unknown>[] =>
    Array.from({ length: count }, (_, index) => [
      ...writers.map(async (guest, writer) => {
        const changeId = `${writer}-${index}`;
        await must(guest.ask(APPLY, { changeId, changes: splices }));
        answered.add(changeId);
      }),
      ...(index % 4 === 0 ? [overHttp(`http-${index}`)] : []),
    ]).flat();

  const sent = send(CHANGES_EACH);
  for (const change of sent) change.catch(() => undefined);
  await until(() => answered.size >= ANSWERED, 'some are answered');
  const since = performance.now();
  const stopped = server.stop();
  for (const { socket } of [...writers, reader]) {
    expect(await socket.closed()).toEqual({ code: 1001, reason: 'Going away' });
  }
  await Promise.allSettled(sent);
  // Rejects unless the exit code is 0; a process that was killed would not have logged that it has stopped.
  await stopped;
  expect(performance.now() - since).toBeLessThan(STOP_MS);
  await until(() => server.log().includes('"msg":"stopped"'), 'the log is read to its end');

  const service = await openService(join(directory, 'quire.db'));
  try {
    const log = await service.as('ada', 'default').log('plan');
    const [, ...changes] = log;
    expect(new Set(changes.map(({ changeId }) => changeId))).toEqual(answered);
    expect(log.map(({ revision }) => revision)).toEqual(revisions(1, 1 + answered.size * SPLICES));
    const delivered = stream.results.map((result) => changeOf(result)?.revision);
    expect(delivered).toEqual(revisions(1, delivered.length));
  } finally {
    await service.close();
  }
});
