import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selectFound } from '../../src/documents/search-index.ts';
import { readTerms, scopeOf } from '../../src/documents/search-terms.ts';
import type { DocumentQuery } from '../../src/documents/tables.ts';
import { Random } from '../support/random.ts';
import { ada, createLibrary, stranger } from './library.ts';

let library: Awaited<ReturnType<typeof createLibrary>>;
beforeAll(async () => {
  library = await createLibrary();
});
afterAll(() => library.desk.close());

const WORDS = ['red', 'green', 'blue', 'grey'];

/** What a document scores for words that it has, worked out anew from its title and text. */
function scoreOf(title: string, text: string, terms: readonly string[]): number {
  const timesIn = (where: string, term: string) => where.split(' ').filter((word) => word === term).length;
  const weights = terms.map(
    (term) => 10 * timesIn(title, term) + timesIn(text, term) / (0.25 + (0.75 * text.length) / 4000),
  );
  return Math.round(1e6 * weights.reduce((sum, weight) => sum + weight / (weight + 1.2), 0));
}

describe('a score', () => {
  const seed = Number(process.env['SEED'] ?? 20_261_121);

  it(`is what title and text of the document make it (seed ${seed})`, async () => {
    const random = new Random(seed);
    const some = (least: number, most: number) =>
      Array.from({ length: random.between(least, most) }, () => random.pick(WORDS)).join(' ');
    const papers = new Map<string, { title: string; text: string }>();
    for (let index = 0; index < 60; index += 1) {
      // Mostly short ones, some of several parts.
      const text = some(0, random.chance(0.1) ? 40_000 : 60);
      papers.set(`d${index}`, { title: some(1, 4), text });
    }
    for (const [id, { title, text }] of papers) {
      await library.put(id, title, text);
      if (random.chance(0.3)) await library.put(id, some(1, 9), some(0, 300), stranger);
    }
    for (const terms of [['red'], ['green', 'blue'], ['blue', 'green', 'red'], WORDS]) {
      const scores = new Map<string, number>();
      const { page } = library.service.documents.search(ada, `${terms.join(' ')}`);
      for (const { id, score } of await page(100, null)) scores.set(id, score);
      const expected = [...papers].flatMap(([id, { title, text }]) =>
        terms.every((term) => `${title} ${text}`.split(' ').includes(term))
          ? [[id, scoreOf(title, text, terms)] as const]
          : [],
      );
      expect([...scores].sort()).toEqual(expected.sort());
    }
  });
});

/** Writes documents by the thousand, each with a title and a part of text, past the service. */
async function shelve(query: DocumentQuery, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1000) {
    await query.transaction().execute(async (transaction) => {
      const numbers = Array.from({ length: 1000 }, (_, index) => from + index);
      const rows = numbers.map((number) => ({ number, id: `shelf-${number}` }));
      for (let at = 0; at < rows.length; at += 500) {
        const some = rows.slice(at, at + 500);
        await transaction
          .insertInto('documents')
          .values(
            some.map(({ number, id }) => ({
              tenant_id: 'library',
              document_id: id,
              title: `Volume ${number}`,
              seed_digest: '',
              created_by: 'ada',
              created_at: number,
              updated_at: number,
              deleted_at: null,
              revision: 1,
              length: 100,
              epoch: 0,
              indexed_revision: 1,
              search_edition: 'first',
            })),
          )
          .execute();
        await transaction
          .insertInto('document_collaborators')
          .values(
            some.map(({ id }) => ({
              tenant_id: 'library',
              document_id: id,
              user_id: 'ada',
              role: 'OWNER' as const,
              added_by: 'ada',
              added_at: 0,
            })),
          )
          .execute();
        await transaction
          .insertInto('document_search_parts')
          .values(
            some.map(({ number, id }) => ({
              part_id: 1_000_000 + number,
              tenant_id: 'library',
              document_id: id,
              edition: 'first',
            })),
          )
          .execute();
        await transaction
          .insertInto('document_search')
          .values(
            some.map(({ number }) => ({
              rowid: 1_000_000 + number,
              words: `volume ${number} of the collected letters${number % 5_000 === 77 ? ' needle' : ''}`,
              scope: scopeOf('library'),
            })),
          )
          .execute();
      }
    });
  }
}

describe('a search among 20,000 documents', () => {
  const search = (text: string) => ({ tenantId: 'library', userId: 'ada', terms: readTerms(text) });
  beforeAll(() => shelve(library.service.query, 20_000), 60_000);

  it('reads the index and the rows that it names, and no table from end to end', async () => {
    const { query } = library.service;
    const position = { score: 1, createdAt: 1, id: 'x' };
    const { sql, parameters } = selectFound(query, search('the needle'), 20, position).compile();
    const { rows } = await query.executeQuery<{ detail: string }>(
      CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]),
    );
    const details = rows.map(({ detail }) => detail);
    const ofIndex = details.filter((detail) => detail.startsWith('SCAN document_search VIRTUAL TABLE INDEX'));
    expect(ofIndex).toHaveLength(2);
    for (const detail of ofIndex) expect(detail).toMatch(/INDEX \d+:.*M/);
    // What is scanned besides are the rows found so far.
    const scanned = details.filter((detail) =>
      /^SCAN (?!document_search VIRTUAL|\(?subquery|found)/.test(detail),
    );
    expect(scanned).toEqual([]);
    for (const table of ['part', 'documents', 'collaborator']) {
      expect(details.some((detail) => detail.startsWith(`SEARCH ${table} USING`))).toBe(true);
    }
  });

  it('finds a rare word, and pages through a common one', async () => {
    const viewer = { ...ada, tenantId: 'library' };
    const { documents } = library.service;
    const rare = documents.search(viewer, 'needle');
    expect((await rare.page(10, null)).map(({ id }) => id)).toEqual([
      'shelf-15077',
      'shelf-10077',
      'shelf-5077',
      'shelf-77',
    ]);
    const common = documents.search(viewer, 'letters the');
    expect(await common.count()).toBe(20_000);
    const [first] = await common.page(1, null);
    expect(first?.id).toBe('shelf-19999');
  });
});
