import { type GraphQLError, type GraphQLSchema, graphql } from 'graphql';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authTypes } from '../../src/auth/schema.ts';
import { createUsers } from '../../src/auth/users.ts';
import { documentScopes, documentTypes } from '../../src/documents/schema.ts';
import { QuireError } from '../../src/platform/errors.ts';
import { createBuilder, platformScopes } from '../../src/platform/graphql/builder.ts';
import { toCursor } from '../../src/platform/graphql/connection.ts';
import { createDesk, type Desk, type Person, type Service } from '../support/documents.ts';

let desk: Desk;
let service: Service;
let ada: Person;
let schema: GraphQLSchema;
/** Ids, newest first. */
let ids: string[];

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
  const { documents } = service;
  const builder = createBuilder({ ...platformScopes, ...documentScopes(documents) });
  const auth = authTypes(builder, createUsers(service.database, service.clock));
  documentTypes(builder, documents, auth, { page: 100 });
  schema = builder.toSchema();
  ids = [];
  // Five at each time, so that an end of a page falls among equal ones; those stand by id.
  for (let index = 0; index < 25; index += 1) {
    if (index % 5 === 0) service.clock.advance(1000);
    ids.push(await ada.create('', `doc-${String.fromCharCode(97 + ((index * 7) % 25))}`));
  }
  const created = new Map(
    await Promise.all(ids.map(async (id) => [id, (await ada.row(id)).createdAt] as const)),
  );
  ids.sort((a, b) => (created.get(b) ?? 0) - (created.get(a) ?? 0) || (a < b ? 1 : -1));
  await service.as('bob').create();
});
afterAll(() => desk.close());

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

/** A page of the list as the API gives it, or the error. */
async function page(variables: { first?: number; after?: string }, person = ada) {
  const { data, errors } = await graphql({
    schema,
    source: `query Documents($first: Int, $after: String) {
      documents(first: $first, after: $after) {
        edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }`,
    variableValues: variables,
    contextValue: {
      viewer: person.viewer,
      clientId: null,
      connectionId: null,
      requestId: 'r',
      log: pino({ level: 'silent' }),
    },
  });
  return { page: data?.documents as Page, error: errors?.[0] };
}

const idsOf = ({ edges }: Page) => edges.map(({ node }) => node.id);
const codeOf = (error: GraphQLError | undefined) => {
  const cause = error?.originalError;
  return cause instanceof QuireError ? [cause.code, cause.details.argument] : cause;
};

describe('the list of documents', () => {
  it.each([1, 4, 5, 7, 24, 25, 100])('comes newest first, whole and once, in pages of %i', async (first) => {
    const seen: string[] = [];
    let after: string | undefined;
    for (;;) {
      const { page: got } = await page({ first, ...(after !== undefined && { after }) });
      const { edges, pageInfo, totalCount } = got;
      seen.push(...idsOf(got));
      expect(pageInfo.hasPreviousPage).toBe(after !== undefined);
      expect(pageInfo.hasNextPage).toBe(seen.length < 25);
      expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges.at(0)?.cursor, edges.at(-1)?.cursor]);
      expect([edges.length <= first, totalCount]).toEqual([true, 25]);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor ?? '';
    }
    expect(seen).toEqual(ids);
  });

  it('goes on behind a document that has been deleted, and after newer ones have come', async () => {
    const carl = service.as('carl');
    for (const id of ['c1', 'c2', 'c3', 'c4']) {
      service.clock.advance(10);
      await carl.create('', id);
    }
    const { page: first } = await page({ first: 2 }, carl);
    expect(idsOf(first)).toEqual(['c4', 'c3']);
    await service.documents.delete(carl.viewer, 'c3');
    service.clock.advance(10);
    await carl.create('', 'c5');
    const { page: second } = await page({ first: 2, after: first.pageInfo.endCursor ?? '' }, carl);
    expect([idsOf(second), second.totalCount]).toEqual([['c2', 'c1'], 4]);
  });

  it('holds what others have shared', async () => {
    const dora = service.as('dora');
    const { page: nothing } = await page({}, dora);
    expect([nothing.edges, nothing.totalCount, nothing.pageInfo.endCursor]).toEqual([[], 0, null]);
    await service.documents.collaborators.add(ada.viewer, 'doc-a', 'dora', 'VIEWER');
    expect(idsOf((await page({}, dora)).page)).toEqual(['doc-a']);
    await service.documents.collaborators.remove(dora.viewer, 'doc-a', 'dora');
    expect(idsOf((await page({}, dora)).page)).toEqual([]);
  });

  it('gives 20 when no number is said', async () => {
    expect(idsOf((await page({})).page)).toEqual(ids.slice(0, 20));
  });

  it('[P11] refuses a cursor that is not its own', async () => {
    const forged = [
      '',
      'nonsense',
      Buffer.from('{"createdAt":1}').toString('base64url'),
      toCursor([]),
      toCursor(['doc-a', 1]),
      toCursor([1.5, 'doc-a']),
      toCursor([2 ** 60, 'doc-a']),
      toCursor([1, 'doc-a', 2]),
      toCursor([1, '\0']),
      toCursor([1, "' or 1=1 --"]),
      Buffer.from('[1,"\\ud800"]').toString('base64url'),
    ];
    for (const after of forged) {
      expect(codeOf((await page({ after })).error), after).toEqual(['BAD_USER_INPUT', 'after']);
    }
  });

  it('[P11] refuses a page size of nothing or past the limit', async () => {
    for (const first of [0, -1, 101]) {
      expect(codeOf((await page({ first })).error)).toEqual(['BAD_USER_INPUT', 'first']);
    }
  });
});
