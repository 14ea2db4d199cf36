import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  AddCollaboratorDocument,
  ApplyDocumentChangesDocument,
  CreateDocumentDocument,
} from '../../src/sdk/generated.ts';
import { type DraftStore, memoryDrafts } from '../../src/sdk/text/drafts.ts';
import { readStored } from '../fuzz/verify.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { createClient, OperationError, type TestClient } from '../support/client.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { Random } from '../support/random.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createSharedText, type SharedText, type SocketLink, socketLink } from '../support/shared-text.ts';

const HOUR_MS = 3_600_000;
/** Edits that one person queues while offline. */
const EDITS = 5_000;
/** Revisions that the others make meanwhile; past 5,000 a change is not rebased by the server. */
const FEW = 2_000;
const MANY = 6_000;
/** Revisions that one change of the others makes, and changes that are on their way at a time. */
const PER_CHANGE = 200;
const RETRY_MS = 20;

interface Absentee {
  readonly text: SharedText;
  readonly link: SocketLink;
  /** Changes that the server did not take because they lay too far behind. */
  readonly resyncs: () => number;
}

describe('an hour offline', () => {
  let server: TestServer;
  let proxy: ChaosProxy;
  let linus: TestClient;

  beforeAll(async () => {
    server = await startServer();
    proxy = await startChaosProxy(server.url);
    linus = createClient({ url: server.url, userId: 'linus' });
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
  });
  afterAll(async () => {
    await linus.close();
    await proxy.close();
    await server.stop();
  });

  /** Opens the document through the network that can be taken away. */
  async function sitDown(
    documentId: string,
    clock: ReturnType<typeof createManualClock>,
    drafts: DraftStore,
  ): Promise<Absentee> {
    const client = createClient({ url: proxy.url, userId: 'ada', clientId: 'ada-desk' });
    const inside = socketLink(client, documentId, { retryMs: RETRY_MS });
    let resyncs = 0;
    const link: SocketLink = {
      ...inside,
      send: (change, signal) =>
        inside.send(change, signal).catch((error: unknown) => {
          if (error instanceof OperationError && error.code === 'RESYNC_REQUIRED') resyncs += 1;
          throw error;
        }),
    };
    return { link, text: await createSharedText(link, { clock, drafts }), resyncs: () => resyncs };
  }

  /** The others write numbers, each of which is a revision of its own. */
  async function othersWrite(documentId: string, revisions: number): Promise<void> {
    for (let written = 0; written < revisions; written += PER_CHANGE) {
      // Every other character, so that nothing is joined.
      const changes = Array.from({ length: PER_CHANGE }, (_, index) => ({
        changeType: 'INSERT' as const,
        position: index * 2,
        content: String(index % 10),
      }));
      await linus.request(ApplyDocumentChangesDocument, { documentId, changes });
    }
  }

  /** Types marks all over the text, for an hour. */
  function typeForAnHour(
    text: SharedText,
    clock: ReturnType<typeof createManualClock>,
    seed: number,
  ): string[] {
    const random = new Random(seed);
    const marks: string[] = [];
    for (let step = 0; step < EDITS; step += 1) {
      const mark = `⟦${step}⟧`;
      const doc = text.doc;
      // Between marks and never inside of one: in front of a line feed.
      const line = doc.line(random.between(1, doc.lines));
      const content = random.chance(0.3) ? `${mark}\n` : mark;
      text.edit({ position: line.to, length: 0, content });
      marks.push(mark);
      clock.advance(HOUR_MS / EDITS);
    }
    return marks;
  }

  it.each([
    ['fewer revisions than can be rebased', FEW, false],
    ['more revisions than can be rebased', MANY, false],
    ['fewer revisions than can be rebased, and the page was closed', FEW, true],
    ['more revisions than can be rebased, and the page was closed', MANY, true],
  ])(
    `[P2] [P3] ${EDITS} edits were queued while others made %s: all are applied once`,
    {
      timeout: 120_000,
    },
    async (_what, revisions, closed) => {
      const documentId = `offline-${revisions}-${String(closed)}`;
      const content = Array.from({ length: 40 }, () => 'some words of all').join('\n');
      await linus.request(CreateDocumentDocument, { input: { id: documentId, title: documentId, content } });
      await othersWrite(documentId, PER_CHANGE);
      await linus.request(AddCollaboratorDocument, { documentId, userId: 'ada', role: 'EDITOR' });
      const clock = createManualClock();
      const drafts = memoryDrafts();
      let { text, link, resyncs } = await sitDown(documentId, clock, drafts);
      text.edit({ position: 0, length: 0, content: 'before\n' });
      await text.saved();

      proxy.down();
      await expect.poll(() => text.status.current).toBe('offline');
      const marks = typeForAnHour(text, clock, revisions);
      expect(text.status.current).toBe('offline');
      await othersWrite(documentId, revisions);
      if (closed) {
        await text.close();
        await link.close();
      }

      let together = 0;
      proxy.up();
      if (closed) ({ text, link, resyncs } = await sitDown(documentId, clock, drafts));
      else text.on('conflict-free', () => (together += 1));
      await text.saved();
      const stored = await readStored(linus, documentId);
      await text.reached(stored.revision);
      expect(text.text).toBe(stored.content);
      if (revisions === MANY) expect(resyncs()).toBeGreaterThan(0);
      expect(stored.revision).toBeGreaterThan(revisions + PER_CHANGE);
      for (const mark of marks) expect(stored.content.split(mark), mark).toHaveLength(2);
      if (!closed) await expect.poll(() => together).toBe(1);
      clock.advance(1_000);
      await expect.poll(() => drafts.load(documentId)).toBeNull();
      await text.close();
      await link.close();
    },
  );
});
