import type { KyselyPlugin } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendChanges } from '../../src/documents/log.ts';
import type { DocumentQuery } from '../../src/documents/tables.ts';
import { createTexts, MAX_CACHED_CHARS, MAX_CACHED_DOCUMENTS } from '../../src/documents/texts.ts';
import {
  createDesk,
  type Desk,
  LONG_TEXT,
  type Person,
  replay,
  type Service,
  thousandChanges,
} from '../support/documents.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';

let desk: Desk;
let service: Service;
let ada: Person;

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
});
afterAll(() => desk.close());

const snapshotsOf = async (id: string) => {
  await service.documents.settled();
  return service.query
    .selectFrom('document_snapshots')
    .select(['revision', 'content', 'milestone'])
    .where('document_id', '=', id)
    .orderBy('revision')
    .execute();
};

/** Appends random changes until the document is at a revision, some together, some alone. */
async function grow(id: string, until: number, seed: number): Promise<void> {
  const random = new Random(seed);
  while ((await ada.row(id)).revision < until) {
    const text = await ada.text(id);
    const left = until - (await ada.row(id)).revision;
    const together = Array.from({ length: Math.min(left, random.between(1, 120)) }, () =>
      randomSplice(random, text),
    );
    const base = (await ada.row(id)).revision;
    await Promise.all(
      together.map(({ position, content }) => ada.insert(id, position, content || '-', { base })),
    );
  }
}

describe('snapshots', () => {
  it('[P1] are written each 500 revisions, the older ones go, and a restart reads the same text', async () => {
    const id = await ada.create('start 🎈');
    await grow(id, 499, 1);
    expect(await snapshotsOf(id)).toEqual([]);
    await ada.insert(id, 0, 'five hundred');
    const text = await ada.text(id);
    expect(await snapshotsOf(id)).toEqual([{ revision: 500, content: text, milestone: 0 }]);
    await grow(id, 1003, 2);
    const [newest, ...others] = await snapshotsOf(id);
    expect(others).toEqual([]);
    expect(newest?.revision).toBeGreaterThanOrEqual(1000);
    expect(await (await desk.open()).as('ada').text(id)).toBe(await ada.text(id));
  });

  it('old revisions read the same before and after them, cached or not', async () => {
    const id = await ada.create('start 🎈');
    await grow(id, 1234, 3);
    await service.documents.settled();
    const log = await ada.log(id);
    const fresh = (await desk.open()).as('ada');
    for (const revision of [0, 1, 2, 233, 499, 500, 501, 999, 1000, 1001, 1233, 1234]) {
      const expected = replay(log.slice(0, revision));
      expect(await ada.textAt(id, revision), `revision ${revision}`).toBe(expected);
      expect(await fresh.textAt(id, revision), `revision ${revision}, fresh`).toBe(expected);
    }
  });

  it('the first of each 10,000 revisions stays, whoever wrote it', async () => {
    const id = await ada.create(LONG_TEXT);
    const write = async (person: Person, letters: string) => {
      for (const letter of letters) await person.apply(id, thousandChanges(letter));
    };
    await write(ada, 'bcdefghijk');
    expect((await snapshotsOf(id)).map(({ revision, milestone }) => [revision, milestone])).toEqual([
      [10_001, 1],
    ]);
    const other = await desk.open();
    await write(other.as('ada'), 'lm');
    await other.documents.settled();
    await write(ada, 'n');
    expect((await snapshotsOf(id)).map(({ revision, milestone }) => [revision, milestone])).toEqual([
      [10_001, 1],
      [13_001, 0],
    ]);
    const log = await ada.log(id);
    for (const revision of [9_500, 10_000, 10_001, 11_500, 12_345]) {
      expect(await other.as('ada').textAt(id, revision), `revision ${revision}`).toBe(
        replay(log.slice(0, revision)),
      );
    }
  });

  it('[P1] one that cannot be written loses nothing; the next is tried 500 revisions later', async () => {
    const id = await ada.create(LONG_TEXT);
    await sql`create trigger full_disk before insert on document_snapshots
      begin select raise(abort, 'disk full'); end`.execute(service.database.query);
    await ada.apply(id, thousandChanges('b'));
    await service.documents.settled();
    expect(service.snapshotErrors).toMatchObject([
      { message: expect.stringContaining('disk full') as string },
    ]);
    await ada.insert(id, 0, 'x');
    await service.documents.settled();
    expect(service.snapshotErrors, 'it does not insist').toHaveLength(1);
    await sql`drop trigger full_disk`.execute(service.database.query);
    expect(await snapshotsOf(id)).toEqual([]);
    const text = `x${'ba'.repeat(1000)}`;
    expect(await ada.text(id)).toBe(text);
    expect(await (await desk.open()).as('ada').text(id)).toBe(text);
    await ada.apply(id, thousandChanges('c'));
    expect((await snapshotsOf(id)).map(({ revision }) => revision)).toEqual([2002]);
  });
});

describe('the cache of texts', () => {
  /** Counts the statements of a connection. */
  function counted(query: DocumentQuery) {
    let statements = 0;
    const plugin: KyselyPlugin = {
      transformQuery({ node }) {
        statements += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    const texts = createTexts(query.withPlugin(plugin), () => undefined);
    /** How many statements reading the text of a document took. */
    const cost = async (documentId: string): Promise<number> => {
      const before = statements;
      await texts.current({ tenantId: 'acme', documentId });
      return statements - before;
    };
    return { texts, cost };
  }

  /** Documents whose log has one revision each. */
  async function documentsOf(prefix: string, contents: readonly string[]): Promise<string[]> {
    await service.query.transaction().execute(async (transaction) => {
      for (const [index, content] of contents.entries()) {
        const documentId = `${prefix}-${index}`;
        const change = { position: 0, length: 0, content, userId: 'ada', clientId: null, changeId: 'c' };
        const key = { tenantId: 'acme', documentId };
        await appendChanges(transaction, key, [
          { ...change, documentId, revision: 1, timestamp: 0, epoch: 0 },
        ]);
      }
    });
    return contents.map((_, index) => `${prefix}-${index}`);
  }

  const textIn = async (texts: ReturnType<typeof createTexts>, documentId: string) =>
    (await texts.current({ tenantId: 'acme', documentId })).text.toString();

  it('[P6] holds so many documents; the one not used for the longest time is read again, and is the same', async () => {
    const contents = Array.from({ length: MAX_CACHED_DOCUMENTS + 1 }, (_, index) => `text ${index}`);
    const [first = '', second = '', ...others] = await documentsOf('many', contents);
    const last = others.pop() ?? '';
    const { texts, cost } = counted(service.query);
    for (const id of [first, second, ...others]) expect(await cost(id)).toBeGreaterThan(0);
    expect(await cost(first)).toBe(0);
    expect(await cost(last)).toBeGreaterThan(0);
    expect(await cost(first)).toBe(0);
    expect(await cost(second)).toBeGreaterThan(0);
    expect(await textIn(texts, second)).toBe('text 1');
  });

  it('[P6] holds so much text', async () => {
    const large = 'x'.repeat(MAX_CACHED_CHARS / 4);
    const [a = '', b = '', c = '', d = ''] = await documentsOf('large', [large, large, large, `${large}!`]);
    const { texts, cost } = counted(service.query);
    for (const id of [a, b, c]) await cost(id);
    expect([await cost(a), await cost(b), await cost(c)]).toEqual([0, 0, 0]);
    expect(await cost(d)).toBeGreaterThan(0);
    expect([await cost(b), await cost(c), await cost(d)]).toEqual([0, 0, 0]);
    expect(await cost(a)).toBeGreaterThan(0);
    expect(await textIn(texts, d)).toBe(`${large}!`);
  });

  it('reads a text once when many ask for it at once', async () => {
    const [id = ''] = await documentsOf('popular', ['the text']);
    const { texts, cost } = counted(service.query);
    const alone = await cost(id);
    texts.forget({ tenantId: 'acme', documentId: id });
    const costs = await Promise.all(Array.from({ length: 50 }, () => cost(id)));
    expect(Math.max(...costs)).toBe(alone);
    expect(await textIn(texts, id)).toBe('the text');
  });

  it('[P9] keeps the texts of two tenants apart', async () => {
    const here = await ada.create('ours', 'the-same');
    const stranger = service.as('ada', 'globex');
    await stranger.create('theirs', 'the-same');
    expect([await ada.text(here), await stranger.text(here)]).toEqual(['ours', 'theirs']);
    await stranger.insert(here, 0, 'all ');
    expect([await ada.text(here), await stranger.text(here)]).toEqual(['ours', 'all theirs']);
  });

  it('reads on when another instance has appended', async () => {
    const id = await ada.create('abc');
    expect(await ada.text(id)).toBe('abc');
    await (await desk.open()).as('ada').insert(id, 3, 'def');
    expect(await ada.text(id)).toBe('abcdef');
    expect(await ada.textAt(id, 1)).toBe('abc');
  });

  it('does not go back to an older text when a commit ends after a newer one was read', async () => {
    const id = await ada.create('abc');
    const key = { tenantId: 'acme', documentId: id };
    const { texts } = counted(service.query);
    const older = (await texts.current(key)).fork();
    await ada.insert(id, 3, 'def');
    expect((await texts.at(key, 2)).toString()).toBe('abcdef');
    texts.committed(key, older);
    expect((await texts.current(key)).revision).toBe(2);
  });

  it('[P11] has no text of a revision that is not there', async () => {
    const id = await ada.create('abc');
    for (const revision of [-1, 2, 2 ** 31 - 1]) {
      await expect(ada.textAt(id, revision)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        details: { argument: 'revision' },
      });
    }
  });
});
