import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ApplyDocumentChangeDocument,
  type ChangeFieldsFragment,
  DocumentChangesDocument,
} from '../../src/sdk/generated.ts';
import { type Instances, startInstances } from '../fuzz/instances.ts';
import { createShared } from '../fuzz/shared.ts';
import { createClient, type TestClient } from '../support/client.ts';

/** Milliseconds: the longest poll of a LOG stream without Redis, and as much for a busy machine. */
const POLL_MS = 2_000 + 2_000;

describe('two instances on one SQLite file and one Redis', () => {
  let instances: Instances;
  let atA: TestClient;
  let atB: TestClient;

  beforeAll(async () => {
    instances = await startInstances();
    atA = createClient({ url: instances.urls[0], userId: 'ada' });
    atB = createClient({ url: instances.urls[1], userId: 'grace' });
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(instances.log());
  });
  afterAll(async () => {
    await Promise.all([atA.close(), atB.close()]);
    await instances.stop();
  });

  /** A document that both edit, and B's stream of it; `next` gives the next revision that B sees. */
  async function watched(documentId: string) {
    await createShared(atA, documentId, ['ada', 'grace']);
    const stream = atB.subscribe(DocumentChangesDocument, { documentId, after: 0, echo: true });
    return {
      type: (content: string) =>
        atA.request(ApplyDocumentChangeDocument, {
          documentId,
          change: { changeType: 'INSERT', position: 0, content },
        }),
      next: async (): Promise<ChangeFieldsFragment> => {
        const { value } = await stream.next();
        if (!value) throw new Error('the stream has ended');
        return value.documentChanges;
      },
      end: () => stream.return?.(),
    };
  }

  it('[P4] a change through one instance is seen by a subscriber of the other', async () => {
    const { type, next, end } = await watched('over-redis');
    expect(await next()).toMatchObject({ revision: 1 });
    for (const [index, word] of ['one', 'two', 'three'].entries()) {
      await type(word);
      expect(await next()).toMatchObject({ revision: index + 2, content: word, userId: 'ada' });
    }
    await end();
  });

  it('[P4] while Redis is down the subscriber gets everything by the poll, and afterwards by Redis again', async () => {
    const { type, next, end } = await watched('without-redis');
    expect(await next()).toMatchObject({ revision: 1 });
    await instances.redis.kill();
    for (const [index, word] of ['dark', 'and', 'quiet'].entries()) {
      await type(word);
      const since = performance.now();
      expect(await next()).toMatchObject({ revision: index + 2, content: word });
      expect(performance.now() - since).toBeLessThan(POLL_MS);
    }
    await type('unseen');
    await instances.redis.restart();
    await type('light');
    expect(await next()).toMatchObject({ revision: 5, content: 'unseen' });
    expect(await next()).toMatchObject({ revision: 6, content: 'light' });
    await end();
  });
});
