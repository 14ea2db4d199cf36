import { type GraphQLError, type GraphQLSchema, graphql } from 'graphql';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authTypes } from '../../src/auth/schema.ts';
import { createUsers } from '../../src/auth/users.ts';
import { documentScopes, documentTypes } from '../../src/documents/schema.ts';
import { QuireError } from '../../src/platform/errors.ts';
import { createBuilder, platformScopes } from '../../src/platform/graphql/builder.ts';
import { toCursor } from '../../src/platform/graphql/connection.ts';
import { ada, createLibrary } from './library.ts';

let library: Awaited<ReturnType<typeof createLibrary>>;
let schema: GraphQLSchema;
/** Ids of what `orchid` finds, in order. */
let ids: string[];

beforeAll(async () => {
  library = await createLibrary();
  const { documents, database, clock } = library.service;
  const builder = createBuilder({ ...platformScopes, ...documentScopes(documents) });
  documentTypes(builder, documents, authTypes(builder, createUsers(database, clock)), { page: 100 });
  schema = builder.toSchema();
  // Scores are few and times, too, so that ends of pages fall among equal ones.
  for (let index = 0; index < 25; index += 1) {
    if (index % 5 === 0) clock.advance(1000);
    await library.put(`doc-${(index * 7) % 25}`, 'Notes', 'orchid '.repeat(1 + (index % 3)));
  }
  ids = await library.find('orchid');
});
afterAll(() => library.desk.close());

interface Page {
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
  totalCount: number;
}

/** A page as the API gives it, or the error. */
async function page(variables: { first?: number; after?: string | null; search?: string | null }) {
  const { data, errors } = await graphql({
    schema,
    source: `query Documents($first: Int, $after: String, $search: String) {
      documents(first: $first, after: $after, search: $search) {
        edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }`,
    variableValues: variables,
    contextValue: {
      viewer: ada,
      clientId: null,
      connectionId: null,
      requestId: 'r',
      log: pino({ level: 'silent' }),
    },
  });
  return { page: data?.['documents'] as Page, error: errors?.[0] };
}

const idsOf = ({ edges }: Page) => edges.map(({ node }) => node.id);
const codeOf = (error: GraphQLError | undefined) => {
  const cause = error?.originalError;
  return cause instanceof QuireError ? [cause.code, cause.details.argument] : cause;
};

describe('the results of a search', () => {
  it.each([1, 4, 7, 24, 25, 100])('come whole and once, in pages of %i', async (first) => {
    const seen: string[] = [];
    let after: string | null = null;
    for (;;) {
      const { page: got }: { page: Page } = await page({ first, after, search: 'orchid' });
      seen.push(...idsOf(got));
      expect(got.pageInfo.hasPreviousPage).toBe(after !== null);
      expect(got.pageInfo.hasNextPage).toBe(seen.length < 25);
      expect([got.edges.length <= first, got.totalCount]).toEqual([true, 25]);
      if (!got.pageInfo.hasNextPage) break;
      after = got.pageInfo.endCursor;
    }
    expect(seen).toEqual(ids);
    expect(new Set(seen).size).toBe(25);
  });

  it('go on where they were after others have come, gone and been edited', async () => {
    for (const [index, id] of ['f1', 'f2', 'f3', 'f4', 'f5'].entries()) {
      await library.put(id, 'Herbs', 'fennel '.repeat(10 - index));
    }
    const { page: first } = await page({ first: 2, search: 'fennel' });
    expect(idsOf(first)).toEqual(['f1', 'f2']);

    const { documents } = library.service;
    await documents.delete(ada, 'f2');
    await documents.delete(ada, 'f3');
    await library.put('f0', 'Fennel', 'fennel '.repeat(20));
    await library.put('other', 'Herbs', 'dill '.repeat(5_000));
    const { page: second } = await page({ first: 2, after: first.pageInfo.endCursor, search: 'fennel' });
    expect([idsOf(second), second.totalCount, second.pageInfo.hasNextPage]).toEqual([['f4', 'f5'], 4, false]);
  });

  it('are the list where no search is given, and nothing where it has no word', async () => {
    expect((await page({ first: 1, search: null })).page).toEqual((await page({ first: 1 })).page);
    const { page: nothing } = await page({ search: '"*' });
    expect([nothing.edges, nothing.totalCount, nothing.pageInfo.endCursor]).toEqual([[], 0, null]);
  });

  it('[P11] refuse a cursor that is not of this search', async () => {
    const { page: list } = await page({ first: 1 });
    const { page: found } = await page({ first: 2, search: 'orchid' });
    const { page: other } = await page({ first: 1, search: 'orchid notes' });
    const cursor = found.pageInfo.endCursor ?? '';
    const [score, createdAt, id, seal] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [
      number,
      number,
      string,
      string,
    ];
    const forged = [
      '',
      'nonsense',
      list.pageInfo.endCursor ?? '',
      other.pageInfo.endCursor ?? '',
      toCursor([]),
      toCursor([score, createdAt, id]),
      toCursor([score + 1, createdAt, id, seal]),
      toCursor([score, createdAt - 1, id, seal]),
      toCursor([score, createdAt, 'doc-0000', seal]),
      toCursor([score, createdAt, id, seal, 1]),
      toCursor([score + 0.5, createdAt, id, seal]),
      toCursor([2 ** 60, createdAt, id, seal]),
      toCursor([score, createdAt, '\0', seal]),
      toCursor([score, createdAt, "' or 1=1 --", seal]),
      Buffer.from('null').toString('base64url'),
      Buffer.from('{"0":1}').toString('base64url'),
      `${cursor}x`,
      cursor.slice(1),
    ];
    for (const after of forged) {
      const { error } = await page({ after, search: 'orchid' });
      expect([after, codeOf(error)]).toEqual([after, ['BAD_USER_INPUT', 'after']]);
    }
    // Nor does the list take one of a search.
    expect(codeOf((await page({ after: cursor })).error)).toEqual(['BAD_USER_INPUT', 'after']);
    expect(codeOf((await page({ after: 'nonsense', search: '***' })).error)).toEqual([
      'BAD_USER_INPUT',
      'after',
    ]);
    expect((await page({ after: cursor, search: 'orchid' })).error).toBeUndefined();
  });

  it('[P11] refuse a page size of nothing or past the limit', async () => {
    for (const first of [0, -1, 101]) {
      expect(codeOf((await page({ first, search: 'orchid' })).error)).toEqual(['BAD_USER_INPUT', 'first']);
    }
  });
});
