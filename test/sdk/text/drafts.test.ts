import { describe, expect, it } from 'vitest';
import { ConnectionLost } from '../../../src/sdk/errors.ts';
import { type Draft, type DraftStore, memoryDrafts, textOfDraft } from '../../../src/sdk/text/drafts.ts';
import { createSharedText } from '../../../src/sdk/text/shared-text.ts';
import { randomSplice } from '../../support/edits.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { Random } from '../../support/random.ts';
import { refused, scriptedLink } from '../../support/scripted-link.ts';

const SEEDS = 150;
const lost = new ConnectionLost(1006, '');

/** Drafts as a browser keeps them, with what was written counted. */
function watchedDrafts() {
  const inside = memoryDrafts();
  let writes = 0;
  /** What a page has of it; nothing that it does after its crash comes through. */
  const page = () => {
    let crashed = false;
    const store: DraftStore = {
      load: (documentId) => inside.load(documentId),
      async save(documentId, draft) {
        if (crashed) return;
        writes += 1;
        // What is kept is plain data, and is read after a while.
        await inside.save(documentId, JSON.parse(JSON.stringify(draft)) as Draft);
      },
      async remove(documentId) {
        if (!crashed) await inside.remove(documentId);
      },
    };
    return {
      store,
      crash: () => {
        crashed = true;
      },
    };
  };
  return {
    page,
    store: page().store,
    kept: () => inside.load('notes'),
    writes: () => writes,
  };
}

let ids = 0;
const newChangeId = (): string => `change-${(ids += 1)}`;

async function open(server: ReturnType<typeof scriptedLink>, drafts: DraftStore) {
  const clock = createManualClock();
  const text = await createSharedText(server.link, { newChangeId, clock, drafts });
  return { text, clock };
}

describe('drafts', () => {
  it('what is saved within half a second is never written; what is not is, and goes when it is saved', async () => {
    const server = scriptedLink('abc');
    const drafts = watchedDrafts();
    const { text, clock } = await open(server, drafts.store);
    text.edit({ position: 3, length: 0, content: 'd' });
    await text.saved();
    clock.advance(10_000);
    expect(drafts.writes()).toBe(0);

    server.failures.push(lost);
    text.edit({ position: 4, length: 0, content: 'e' });
    clock.advance(499);
    expect(drafts.writes()).toBe(0);
    clock.advance(1);
    await expect.poll(async () => (await drafts.kept())?.text).toBe('abcd');
    await expect.poll(() => clock.pending).toBe(2);
    clock.advance(1_000);
    await text.saved();
    clock.advance(500);
    await expect.poll(drafts.kept).toBeNull();
    await text.close();
  });

  it('is written at most twice a second, and at once when an offline time begins', async () => {
    const server = scriptedLink();
    const drafts = watchedDrafts();
    const { text, clock } = await open(server, drafts.store);
    server.hold(true);
    text.edit({ position: 0, length: 0, content: 'a' });
    await expect.poll(() => server.sent.length).toBe(1);
    expect(drafts.writes()).toBe(0);
    server.become('offline');
    await expect.poll(drafts.writes).toBe(1);
    for (let step = 0; step < 100; step += 1) {
      text.edit({ position: 0, length: 0, content: 'b' });
      clock.advance(20);
      await Promise.resolve();
    }
    await expect.poll(drafts.writes).toBe(5);
    await text.close();
    const kept = await drafts.kept();
    expect(kept && textOfDraft(kept)).toBe(`${'b'.repeat(100)}a`);
  });

  it.each([
    ['was applied, but its answer was lost', true],
    ['was not applied', false],
  ])('[P2] a draft is applied once when its change in flight %s', async (_what, applied) => {
    const server = scriptedLink('abc');
    const drafts = watchedDrafts();
    server.failures.push(lost);
    const first = await open(server, drafts.store);
    first.text.edit({ position: 0, length: 0, content: 'sent ' });
    await expect.poll(() => server.sent.length).toBe(1);
    first.text.edit({ position: 8, length: 0, content: ' waiting' });
    await first.text.close();
    const [sent] = server.sent;
    if (applied && sent) server.commitLost(sent);
    server.remote({ position: 0, length: 0, content: '>' });

    const second = await open(server, drafts.store);
    await second.text.saved();
    expect(second.text.text).toBe('>sent abc waiting');
    expect(server.text()).toBe(second.text.text);
    expect(server.sent[1]).toEqual(sent);
    second.clock.advance(500);
    await expect.poll(drafts.kept).toBeNull();
    expect(second.text.lostDraft).toBeNull();
    await second.text.close();
  });

  it('[P2] a page that crashes right after sending does not send the same text again under another id', async () => {
    const server = scriptedLink();
    const drafts = watchedDrafts();
    const first = await open(server, drafts.store);
    server.become('offline');
    first.text.edit({ position: 0, length: 0, content: 'a' });
    await expect.poll(() => server.sent.length).toBe(1);
    first.text.edit({ position: 1, length: 0, content: 'b' });
    first.clock.advance(500);
    await expect.poll(async () => (await drafts.kept())?.buffer.length).toBe(1);
    // Nothing more of the first page comes to the store than what must be there before a change is sent.
    await first.text.close();
    server.become('connected');
    const second = await open(server, drafts.store);
    await expect.poll(() => server.text()).toBe('ab');
    const crashed = await drafts.kept();
    const third = await open(server, memoryDraftsWith(crashed));
    await third.text.saved();
    expect(server.text()).toBe('ab');
    await second.text.close();
    await third.text.close();
  });

  it.each([
    ['the document was restored to an older state', 'revision'],
    ['the document was restored to another text', 'text'],
    ['the server has refused it', 'refused'],
    ['it does not fit itself', 'buffer'],
  ])('is put aside and offered when %s', async (_what, what) => {
    const server = scriptedLink('abc');
    server.remote({ position: 0, length: 0, content: '>' });
    const draft: Draft = {
      documentId: 'notes',
      revision: what === 'revision' ? 5 : 1,
      text: what === 'text' ? 'other' : '>abc',
      inFlight: null,
      buffer: [{ position: what === 'buffer' ? 100 : 1, length: 0, content: 'mine' }],
      refused: what === 'refused' ? 'FORBIDDEN' : null,
      savedAt: 0,
    };
    const store = memoryDraftsWith(draft);
    const { text } = await open(server, store);
    expect([text.text, text.lostDraft]).toEqual(['>abc', draft]);
    expect(await store.load('notes')).toBeNull();
    await text.close();

    const again = await open(server, store);
    expect(again.text.lostDraft).toEqual(draft);
    await again.text.discardLostDraft();
    await again.text.close();
    const third = await open(server, store);
    expect(third.text.lostDraft).toBeNull();
    await third.text.close();
  });

  it('of a document that is gone is offered with the text as it was, and stays in the store', async () => {
    const server = scriptedLink('abc');
    const drafts = watchedDrafts();
    server.become('offline');
    const first = await open(server, drafts.store);
    first.text.edit({ position: 0, length: 0, content: 'mine ' });
    await first.text.close();
    const gone = refused('NOT_FOUND');
    server.vanish(gone);
    const { text } = await open(server, drafts.store);
    expect([text.status.current, text.ended, text.text]).toEqual(['ended', gone, 'mine abc']);
    expect(text.lostDraft && textOfDraft(text.lostDraft)).toBe('mine abc');
    await expect(text.saved()).rejects.toBe(gone);
    await text.close();
    expect(await drafts.kept()).not.toBeNull();
    await expect(createSharedText(server.link)).rejects.toBe(gone);
  });

  it('a change that the server refuses is not sent again with the next opening', async () => {
    const server = scriptedLink('abc');
    const drafts = watchedDrafts();
    server.failures.push(refused('PAYLOAD_TOO_LARGE'));
    const first = await open(server, drafts.store);
    first.text.edit({ position: 0, length: 0, content: 'mine ' });
    await expect(first.text.saved()).rejects.toThrow('PAYLOAD_TOO_LARGE');
    await first.text.close();
    const { text } = await open(server, drafts.store);
    expect([text.text, text.lostDraft?.refused]).toEqual(['abc', 'PAYLOAD_TOO_LARGE']);
    await text.close();
    expect(server.sent).toHaveLength(1);
  });

  it(`[P2] [P3] over ${SEEDS} seeds of crashes, every edit is applied once`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = new Random(seed);
      const server = scriptedLink('start');
      const drafts = watchedDrafts();
      const marks: string[] = [];
      for (let life = 0; life < 4; life += 1) {
        const page = drafts.page();
        const { text, clock } = await open(server, page.store);
        for (let step = 0; step < 12; step += 1) {
          const mark = `<${life}.${step}>`;
          const position = random.pick([0, text.length]);
          text.edit({ position, length: 0, content: mark });
          marks.push(mark);
          if (random.chance(0.2)) server.failures.push(lost);
          if (random.chance(0.2)) server.become(random.pick(['connected', 'offline']));
          if (random.chance(0.3)) {
            const splice = { ...randomSplice(random, ''), length: 0 };
            server.remote({ ...splice, position: random.pick([0, server.text().length]) });
          }
          for (let turns = random.between(0, 8); turns > 0; turns -= 1) await Promise.resolve();
          if (random.chance(0.3)) clock.advance(random.pick([100, 500, 1_000]));
          // An answer may be lost with the change applied.
          const last = server.sent.at(-1);
          if (last && random.chance(0.15)) server.commitLost(last);
        }
        if (random.chance(0.3)) {
          await text.close();
        } else {
          // The draft is written; then the page goes on for a moment, and crashes.
          clock.advance(500);
          for (let turns = 0; turns < 30; turns += 1) await Promise.resolve();
          server.become('connected');
          if (random.chance(0.5)) clock.advance(1_000);
          for (let turns = random.between(0, 40); turns > 0; turns -= 1) await Promise.resolve();
          page.crash();
          server.become('offline');
          await text.close();
        }
        server.become('connected');
      }
      server.failures.length = 0;
      const { text } = await open(server, drafts.store);
      await text.saved();
      for (const mark of marks) {
        expect(server.text().split(mark).length - 1, `seed ${seed}: ${mark} in ${server.text()}`).toBe(1);
      }
      expect(text.text, `seed ${seed}`).toBe(server.text());
      await text.close();
    }
  });
});

function memoryDraftsWith(draft: Draft | null): DraftStore {
  const store = memoryDrafts();
  if (draft) void store.save('notes', draft);
  return store;
}
