import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertPart } from '../../src/documents/search-index.ts';
import { createIndexer, INDEX_DELAY_MS, INDEX_RETRY_MS } from '../../src/documents/search-indexer.ts';
import { createTexts } from '../../src/documents/texts.ts';
import type { Service } from '../support/documents.ts';
import { ada, createLibrary, libraryOf } from './library.ts';

let library: Awaited<ReturnType<typeof createLibrary>>;
let service: Service;
let failures: unknown[];
beforeEach(async () => {
  library = await createLibrary();
  ({ service } = library);
  failures = [];
});
afterEach(async () => {
  await service.documents.indexer.stop();
  expect(service.clock.pending).toBe(0);
  expect(failures).toEqual([]);
  await library.desk.close();
});

/** Starts the indexer of an instance and lets it do what is due. */
function start(instance = service): void {
  instance.documents.indexer.start((error) => failures.push(error));
  instance.clock.advance(0);
}

/** Waits until a search finds these. */
const untilFound = (search: string, ids: readonly string[], instance = service): Promise<void> =>
  expect
    .poll(() => libraryOf(instance).findSorted(search), { timeout: 10_000, interval: 5 })
    .toEqual([...ids].sort());

/** Rows of the index and of what names them: none may be left behind. */
async function rows() {
  const { query } = service;
  const parts = await query
    .selectFrom('document_search_parts')
    .select(['part_id as part', 'edition'])
    .execute();
  const found = await query.selectFrom('document_search').select('rowid').execute();
  expect(found.map(({ rowid }) => rowid).sort()).toEqual(parts.map(({ part }) => part).sort());
  return {
    titles: parts.filter(({ edition }) => edition === null).length,
    texts: parts.filter(({ edition }) => edition !== null).length,
  };
}

describe('what is found', () => {
  it('is a title at once, when it is given and when it is changed', async () => {
    const { documents } = service;
    const { id } = await documents.create(ada, { title: 'Orchid', content: 'rose' });
    expect([await library.find('orchid'), await library.find('rose')]).toEqual([[id], []]);
    await documents.update(ada, id, { title: 'Tulip' });
    expect([await library.find('orchid'), await library.find('tulip')]).toEqual([[], [id]]);
    expect(await rows()).toEqual({ titles: 1, texts: 0 });
  });

  it('is a text soon after it is created and edited, and no longer what was removed', async () => {
    const person = service.as('ada');
    start();
    const id = await person.create('a rose');
    service.clock.advance(INDEX_DELAY_MS);
    await untilFound('rose', [id]);
    await person.insert(id, 0, 'not ');
    await person.replace(id, 6, 4, 'tulip');
    service.clock.advance(INDEX_DELAY_MS);
    await untilFound('not a tulip', [id]);
    expect(await library.find('rose')).toEqual([]);
    await service.documents.revert(ada, { documentId: id, toRevision: 1 });
    service.clock.advance(INDEX_DELAY_MS);
    await untilFound('rose', [id]);
    expect(await rows()).toEqual({ titles: 1, texts: 1 });
  });

  it('is nothing of a deleted document, at once, whatever was about to be indexed', async () => {
    const person = service.as('ada');
    start();
    const [kept, deleted] = [await person.create('a rose'), await person.create('a rose')];
    service.clock.advance(INDEX_DELAY_MS);
    await untilFound('rose', [kept, deleted]);
    await person.insert(deleted, 0, 'my ');
    await service.documents.delete(ada, deleted);
    expect([await library.find('rose'), await library.count('rose')]).toEqual([[kept], 1]);
    expect([await library.find('notes'), await library.count('notes')]).toEqual([[kept], 1]);
    const indexing = service.documents.indexer.index({ tenantId: 'acme', documentId: deleted });
    service.clock.advance(INDEX_DELAY_MS);
    await indexing;
    expect(await rows()).toEqual({ titles: 1, texts: 1 });
  });

  it('is the newest text when a document is deleted or edited while a long one is written', async () => {
    const person = service.as('ada');
    const long = 'lorem ipsum '.repeat(30_000);
    const id = await person.create(`rose ${long}`);
    const key = { tenantId: 'acme', documentId: id };
    const first = service.documents.indexer.index(key);
    await person.replace(id, 0, 4, 'tulip');
    await Promise.all([first, service.documents.indexer.index(key)]);
    expect([await library.find('rose'), await library.find('tulip')]).toEqual([[], [id]]);
    const { texts } = await rows();
    expect(texts).toBe(6);

    await person.insert(id, 0, 'red ');
    const second = service.documents.indexer.index(key);
    await service.documents.delete(ada, id);
    await second;
    expect(await rows()).toEqual({ titles: 0, texts: 0 });
  });

  it('is every document, though each was edited many times', async () => {
    const person = service.as('ada');
    start();
    const ids = await Promise.all(Array.from({ length: 20 }, () => person.create('')));
    for (const id of ids) {
      for (const word of ['one ', 'two ', 'three ']) await person.insert(id, 0, word);
    }
    service.clock.advance(INDEX_DELAY_MS);
    await untilFound('one two three ', ids);
    expect(await rows()).toEqual({ titles: 20, texts: 20 });
  });
});

describe('an instance that starts', () => {
  it('indexes what the one before has not', async () => {
    const person = service.as('ada');
    const ids = [];
    for (let index = 0; index < 120; index += 1) ids.push(await person.create('a rose'));
    await service.documents.delete(ada, ids.pop() ?? '');
    expect(await library.find('rose')).toEqual([]);

    const next = await library.desk.open();
    start(next);
    await expect.poll(() => libraryOf(next).count('rose'), { timeout: 10_000, interval: 5 }).toBe(119);
    await next.documents.indexer.stop();
    expect(await rows()).toEqual({ titles: 119, texts: 119 });
  });

  it('indexes the title and the text of a document that is older than the index', async () => {
    const person = service.as('ada');
    const id = await person.create('a rose');
    const empty = await person.create('');
    const { query } = service;
    await query.deleteFrom('document_search').execute();
    await query.deleteFrom('document_search_parts').execute();
    await query.updateTable('documents').set({ indexed_revision: -1, search_edition: null }).execute();
    start();
    await untilFound('notes', [id, empty]);
    await untilFound('rose', [id]);
  });

  it('does away with what another was killed over', async () => {
    const person = service.as('ada');
    const id = await person.create('a rose');
    // A part of an edition that was never published is not found.
    await insertPart(service.query, { tenantId: 'acme', documentId: id }, 'unfinished', 'tulip');
    expect(await library.find('tulip')).toEqual([]);
    start();
    await untilFound('rose', [id]);
    expect(await rows()).toEqual({ titles: 1, texts: 1 });
  });
});

describe('the indexers of two instances', () => {
  it('may meet over a document: the index is whole, with the newest text', async () => {
    const other = await library.desk.open();
    const person = service.as('ada');
    const id = await person.create(`rose ${'lorem ipsum '.repeat(30_000)}`);
    const key = { tenantId: 'acme', documentId: id };
    for (const word of ['tulip', 'daisy', 'poppy']) {
      const earlier = other.documents.indexer.index(key);
      await person.insert(id, 0, `${word} `);
      // The one whose parts the other has dropped says so; its process tries again later.
      await Promise.allSettled([earlier, service.documents.indexer.index(key)]);
      await service.documents.indexer.index(key);
      expect(await library.find(`rose ${word}`)).toEqual([id]);
      expect(await rows()).toEqual({ titles: 1, texts: 6 });
    }
  });
});

describe('the indexer', () => {
  it('lets a long text rest in proportion to its length', async () => {
    const person = service.as('ada');
    start();
    const id = await person.create('x '.repeat(300_000));
    service.clock.advance(INDEX_DELAY_MS);
    await untilFound('x', [id]);
    await expect.poll(() => service.clock.pending, { interval: 5 }).toBe(1);
    await person.insert(id, 0, 'rose ');
    service.clock.advance(INDEX_DELAY_MS);
    expect(await library.find('rose')).toEqual([]);
    service.clock.advance(600_000 / 100 - INDEX_DELAY_MS);
    await untilFound('rose', [id]);
  });

  it('is not put off by a timer that is early', async () => {
    const { query, clock } = service;
    const early = {
      now: () => clock.now(),
      after: (ms: number, task: () => void) => clock.after(ms - 1, task),
    };
    const indexer = createIndexer({ query, texts: createTexts(query, () => undefined), clock: early });
    const person = service.as('ada');
    indexer.start((error) => failures.push(error));
    clock.advance(0);
    await expect.poll(() => clock.pending, { interval: 5 }).toBe(0);

    const id = await person.create('a rose');
    indexer.changed({ tenantId: 'acme', documentId: id });
    clock.advance(INDEX_DELAY_MS - 1);
    const lookLater = () => {
      clock.advance(1);
      return library.find('rose');
    };
    await expect.poll(lookLater, { timeout: 10_000, interval: 5 }).toEqual([id]);
    await indexer.stop();
  });

  it('tries again what has failed, and goes on with the others meanwhile', async () => {
    let broken = '';
    const desk = await createLibrary({
      through: (database) => ({
        ...database,
        query: database.query.withPlugin({
          transformQuery({ node }) {
            if (broken !== '' && JSON.stringify(node).includes(broken)) throw new Error('the disk is ill');
            return node;
          },
          transformResult: async ({ result }) => result,
        }),
      }),
    });
    const { service: ill, find, findSorted } = desk;
    const errors: unknown[] = [];
    const person = ill.as('ada');
    const [one, two] = [await person.create('a rose', 'broken-one'), await person.create('a rose', 'fine')];
    broken = one;
    ill.documents.indexer.start((error) => errors.push(error));
    ill.clock.advance(0);
    await expect.poll(() => find('rose'), { timeout: 10_000, interval: 5 }).toEqual([two]);
    expect(errors).toEqual([new Error('the disk is ill')]);
    broken = '';
    await expect.poll(() => ill.clock.pending, { interval: 5 }).toBe(1);
    ill.clock.advance(INDEX_RETRY_MS);
    await expect.poll(() => findSorted('rose'), { timeout: 10_000, interval: 5 }).toEqual([one, two]);
    await ill.documents.indexer.stop();
    await desk.desk.close();
  });
});
