import { readdir, readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { getIntrospectionQuery, getOperationAST, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSchema } from '../../../src/app.ts';
import { QuireError } from '../../../src/platform/errors.ts';
import { checkCost } from '../../../src/platform/graphql/cost.ts';
import { Upload } from '../../../src/platform/graphql/upload.ts';

/** LIMIT_COST when nothing is set. */
const LIMIT = 5_000;

// Only its types are looked at: nothing is resolved.
const features = { users: {}, documents: {}, collaboration: {}, compliance: {}, processing: {}, system: {} };
const schema = buildSchema(features as never, { page: 100 });

const folder = new URL('../../../schema/operations/', import.meta.url);
const files = (await readdir(folder)).sort();
const contract = (await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))).join('\n');

const check = (text: string, variables: object = {}, name?: string, limit = LIMIT): void => {
  const document = parse(text);
  const operation = getOperationAST(document, name);
  if (!operation) throw new Error('no such operation');
  checkCost({ schema, document, operation }, variables as Record<string, unknown>, limit);
};

/** What an operation costs, by what it is refused with where nothing is allowed. */
const cost = (text: string, variables: object = {}, name?: string): number => {
  try {
    check(text, variables, name, -1);
  } catch (error) {
    if (error instanceof QuireError && error.code === 'OPERATION_TOO_COMPLEX')
      return Number(/found (\d+)\.$/.exec(error.message)?.[1]);
    throw error;
  }
  throw new Error('nothing was refused');
};

const times = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

const LOG = (first: string) => `{ document(id: "d") { changes(first: ${first}) { revision } } }`;
const LOG_BY_VARIABLE = 'query ($n: Int!) { document(id: "d") { changes(first: $n) { revision } } }';
const TEXTS = times(30, (index) => `a${index}: contentAt(revision: ${index})`);
const LIST = (first: string) => `documents(first: ${first}) { edges { node { ${TEXTS} } } }`;

describe('the cost of an operation', () => {
  it('is the same with a literal, a variable and a default', () => {
    const most = cost(LOG('1000'));
    expect(most).toBe(252);
    expect(cost(LOG_BY_VARIABLE, { n: 1_000 })).toBe(most);
    expect(cost('query ($n: Int! = 1000) { document(id: "d") { changes(first: $n) { revision } } }')).toBe(
      most,
    );
    const byDefault = cost('{ document(id: "d") { changes { revision } } }');
    expect(byDefault).toBe(cost(LOG('100')));
    expect(cost('query ($n: Int = 100) { document(id: "d") { changes(first: $n) { revision } } }', {})).toBe(
      byDefault,
    );
  });

  it('lets the largest page of the log pass, with all that it shows', () => {
    expect(() => check(LOG('1000'))).not.toThrow();
    expect(() => check(contract, { id: 'd', after: 0, first: 1_000 }, 'DocumentLog')).not.toThrow();
    const all =
      'documentId revision changeType position length content userId user { id name } clientId changeId timestamp';
    expect(() => check(`{ document(id: "d") { id changes(first: 1000) { ${all} } } }`)).not.toThrow();
  });

  it.each([
    [
      'the log of many documents',
      '{ documents(first: 50) { edges { node { changes(first: 1000) { revision } } } } }',
      {},
    ],
    [
      'the log many times',
      `{ document(id: "d") { ${times(30, (n) => `a${n}: changes(first: 1000) { revision }`)} } }`,
      {},
    ],
    ['many texts of many documents', `{ ${LIST('100')} }`, {}],
    ['the same by a variable', `query ($n: Int!) { ${LIST('$n')} }`, { n: 100 }],
    ['the same by the default of a variable', `query ($n: Int! = 100) { ${LIST('$n')} }`, {}],
    ['the same by the default of the schema', `{ documents { edges { node { ${TEXTS} } } } }`, {}],
    [
      'the same through fragments',
      `query ($n: Int!) { ...A } fragment A on Query { documents(first: $n) { ...B } } fragment B on DocumentConnection { edges { node { ... on Document { ${TEXTS} } } } }`,
      { n: 100 },
    ],
  ])('is too high for %s', (_what, text, variables) => {
    expect(validate(schema, parse(text))).toEqual([]);
    expect(() => check(text, variables)).toThrow(
      expect.objectContaining({
        code: 'OPERATION_TOO_COMPLEX',
        message: expect.stringMatching(/^Cost limit of 5000 exceeded, found \d+\.$/) as string,
      }),
    );
  });

  it('is within the limit for each operation of the contract, with the largest page', () => {
    const names = [...contract.matchAll(/^(?:query|mutation|subscription) (\w+)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(40);
    // All that any of them requires: with variables that are wrong there is no cost.
    const inputs = {
      input: { title: 't' },
      change: { changeType: 'DELETE', position: 0 },
      changes: [],
      role: 'OWNER',
      file: new Upload({ name: 'a.txt', type: 'text/plain' }, () => Readable.from([])),
    };
    const ids = {
      id: 'd',
      documentId: 'd',
      documentIds: ['d'],
      userId: 'u',
      jobId: 'j',
      batchId: 'b',
      revision: 0,
      toRevision: 0,
      typing: true,
    };
    const position = { line: 0, column: 0, position: 0 };
    const variables = { ...inputs, ...ids, position, first: 100 };
    for (const name of names) {
      expect(cost(contract, variables, name), name).toBeGreaterThan(0);
      expect(() => check(contract, variables, name), name).not.toThrow();
    }
  });

  it.each([0, -1, -(2 ** 31), 101, 2 ** 31 - 1])(
    'leaves a first of %i to the resolver, which refuses it',
    (n) => {
      const text = 'query ($n: Int!) { documents(first: $n) { totalCount } }';
      expect(cost(text, { n })).toBe(2);
    },
  );

  it('counts a fragment each time that it is used, and in little time however often that is', () => {
    const once = cost('{ viewer { ...F } } fragment F on Viewer { tenantId roles }');
    expect(once).toBe(3);
    expect(cost('{ viewer { ...F ...F } } fragment F on Viewer { tenantId roles }')).toBe(5);
    const doubled = times(40, (n) => `fragment F${n} on Viewer { ...F${n + 1} ...F${n + 1} }`);
    expect(cost(`{ viewer { ...F0 } } ${doubled} fragment F40 on Viewer { tenantId }`)).toBe(2 ** 40 + 1);
  });

  it('comes to an end with fragments that go round in circles', () => {
    expect(
      cost('{ viewer { ...F } } fragment F on Viewer { tenantId ...G } fragment G on Viewer { ...F }'),
    ).toBe(2);
  });

  it('is nothing for introspection', () => {
    expect(cost(getIntrospectionQuery())).toBe(0);
  });

  it('is not asked for with variables that are wrong: the executor refuses those', () => {
    expect(() => check(LOG_BY_VARIABLE, { n: 'many' }, undefined, -1)).not.toThrow();
    expect(() => check(LOG_BY_VARIABLE, {}, undefined, -1)).not.toThrow();
  });
});
