import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type ChangeFieldsFragment, DocumentChangesDocument } from '../../src/sdk/generated.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';
import type { TestServer } from '../support/server.ts';
import { createSharedText, persistently, type SharedText, socketLink } from '../support/shared-text.ts';
import { delay } from './faults.ts';
import { type RecordedLink, recorded } from './recorded.ts';
import { createShared } from './shared.ts';
import { readStored, verifyStored } from './verify.ts';

/** Edits of each person after the server was killed; some while it is away. */
const EDITS_AFTER = 15;

interface Editor {
  readonly client: TestClient;
  readonly sent: RecordedLink;
  readonly text: SharedText;
}

/**
 * Several people edit a document, one watches. At a random acknowledgement, or some turns of the event loop after it,
 * the server is killed, and started again on the same data; in half of the seeds all connections break before. Rejects unless every change that was acknowledged is in the
 * log as it was acknowledged, each change once, and the watcher saw the log without a gap.
 */
export async function surviveKill(seed: number, server: TestServer): Promise<void> {
  // A seed before may have lost it; it has said so, and this one is judged by itself.
  if (!server.isRunning()) await server.restart();
  const random = new Random(seed);
  const documentId = `kill-${seed}`;
  const users = ['ada', 'grace', 'linus'];
  const owner = createClient({ url: server.url, userId: 'ada' });
  const editors: Editor[] = [];
  const watcher = watch(createClient({ url: server.url, userId: 'grace' }), documentId);

  let acknowledgements = random.between(1, 60);
  const turns = random.between(0, 4) ** 3;
  const losesAnswers = random.chance(0.5);
  let killed: Promise<void> | undefined;
  async function kill(): Promise<void> {
    // What they have sent is committed, or is not, and they are not told.
    if (losesAnswers) for (const { client } of editors) client.drop();
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
    await server.kill();
    await server.restart();
  }
  const onAnswer = (): void => {
    acknowledgements -= 1;
    if (acknowledgements !== 0) return;
    killed = kill();
    // It is awaited after the editing.
    killed.catch(() => {});
  };

  try {
    await createShared(owner, documentId, users);
    const watching = watcher.run();
    // It is looked at in the end.
    watching.catch(() => {});
    for (let number = random.between(2, 5); number > 0; number -= 1) {
      const client = createClient({
        url: server.url,
        userId: random.pick(users),
        clientId: `editor-${number}`,
      });
      const sent = recorded(socketLink(client, documentId, { retryMs: 10 }), onAnswer);
      let changes = 0;
      const text = await createSharedText(sent, {
        newChangeId: () => `editor-${number}-${(changes += 1)}`,
        presence: false,
      });
      editors.push({ client, sent, text });
    }

    await Promise.all(editors.map(({ text }) => edit(text, random, () => killed !== undefined)));
    await killed;
    await Promise.all(editors.map(({ text }) => text.saved()));
    const stored = await persistently(() => readStored(owner, documentId), { retryMs: 10 });
    await Promise.race([watcher.reached(stored.revision), watching]);

    for (const { text } of editors) {
      await text.reached(stored.revision);
      if (text.text !== stored.content) throw new Error('a replica differs from what the server holds');
    }
    verifyStored(
      stored,
      editors.map(({ client, sent }) => ({ userId: client.userId, answers: sent.answers })),
    );
    if (!isDeepStrictEqual(watcher.seen, stored.log)) throw new Error('the watcher saw another log');
  } finally {
    await killed?.catch(() => {});
    await Promise.all(editors.map(({ text }) => text.close()));
    await Promise.all([owner.close(), watcher.close(), ...editors.map(({ sent }) => sent.close())]);
  }
}

/** Types until the server was killed, and goes on for a while. */
async function edit(text: SharedText, random: Random, isKilled: () => boolean): Promise<void> {
  for (let left = EDITS_AFTER; left > 0; left -= isKilled() ? 1 : 0) {
    text.edit(randomSplice(random, text.text));
    // Nobody stands still while the server is away.
    if (!isKilled() && random.chance(0.3)) await text.saved();
    else await delay(random);
  }
}

/** A subscriber of a document's log from its beginning, who resumes behind what it has seen. */
function watch(client: TestClient, documentId: string) {
  const seen: ChangeFieldsFragment[] = [];
  let reached: { readonly revision: number; readonly resolve: () => void } | undefined;
  let closed = false;

  async function follow(): Promise<void> {
    const after = seen.length;
    const stream = client.subscribe(DocumentChangesDocument, { documentId, after, echo: true });
    for await (const { documentChanges } of stream) {
      seen.push(documentChanges);
      if (documentChanges.revision !== seen.length) {
        throw new Error(`the watcher got revision ${documentChanges.revision} as number ${seen.length}`);
      }
      if (reached && seen.length >= reached.revision) reached.resolve();
    }
  }

  return {
    seen,
    /** Follows the log until it is closed. Rejects when it has a gap. */
    async run(): Promise<void> {
      while (!closed) await persistently(follow, { retryMs: 10 });
    },
    reached: (revision: number): Promise<void> =>
      new Promise((resolve) => {
        if (seen.length >= revision) resolve();
        else reached = { revision, resolve };
      }),
    close(): Promise<void> {
      closed = true;
      return client.close();
    },
  };
}
