import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scopeOf } from '../../src/documents/search-terms.ts';
import { ada, bob, createLibrary, stranger } from './library.ts';

let library: Awaited<ReturnType<typeof createLibrary>>;
beforeEach(async () => {
  library = await createLibrary();
});
afterEach(() => library.desk.close());

const cursorsOf = async (search: string) => {
  const found = library.service.documents.search(ada, search);
  return (await found.page(100, null)).map((row) => found.cursorOf(row));
};

describe('[P9] a search', () => {
  it('finds and counts what the viewer may read, for as long as that is', async () => {
    const { collaborators } = library.service.documents;
    await library.put('hers', 'Orchid');
    await library.put('his', 'Orchid', 'orchid', bob);
    await library.put('theirs', 'Orchid', 'orchid', stranger);
    expect([await library.find('orchid', bob), await library.count('orchid', bob)]).toEqual([['his'], 1]);
    expect([await library.find('orchid', stranger), await library.count('orchid', stranger)]).toEqual([
      ['theirs'],
      1,
    ]);

    await collaborators.add(ada, 'hers', 'bob', 'VIEWER');
    expect(await library.findSorted('orchid', bob)).toEqual(['hers', 'his']);
    expect(await library.count('orchid', bob)).toBe(2);
    await collaborators.remove(ada, 'hers', 'bob');
    expect([await library.find('orchid', bob), await library.count('orchid', bob)]).toEqual([['his'], 1]);
  });

  it('keeps documents of one id in two tenants apart', async () => {
    await library.put('same', 'Orchid', 'ours');
    await library.put('same', 'Orchid', 'theirs', stranger);
    expect([await library.find('ours'), await library.find('theirs')]).toEqual([['same'], []]);
    expect([await library.find('ours', stranger), await library.find('theirs', stranger)]).toEqual([
      [],
      ['same'],
    ]);
    await library.service.documents.delete(stranger, 'same');
    expect([await library.find('ours'), await library.find('orchid', stranger)]).toEqual([['same'], []]);
  });

  it('gives the same order, scores and cursors whatever stands in documents that the viewer may not read', async () => {
    await library.put('reddish', 'A', 'red red blue');
    await library.put('bluish', 'B', 'red blue blue');
    await library.put('long', 'C', `red blue ${'grey '.repeat(900)}`);
    const searches = ['red blue ', 'blue', 'red', 'gre', 'a'];
    const look = () => Promise.all(searches.map(cursorsOf));
    const before = await look();

    // Rare words become common, and the average length another, in the tenant and beside it.
    for (let index = 0; index < 20; index += 1) {
      await library.put(`x${index}`, 'A red one', 'red '.repeat(index * 40), stranger);
      await library.put(`y${index}`, 'Red again', 'green red', bob);
    }
    expect(await look()).toEqual(before);
  });

  it('does not take the word that stands for a tenant', async () => {
    await library.put('one', 'Orchid');
    expect(await library.find(scopeOf('acme'))).toEqual([]);
    expect(await library.find(`scope : ${scopeOf('acme')}`)).toEqual([]);
  });
});
