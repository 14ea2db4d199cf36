import type { Row } from './row.ts';

const bad = (name: string, query: string, argument?: string): Row => ({
  name,
  query,
  code: 'BAD_USER_INPUT',
  ...(argument !== undefined && { argument }),
});

const complex = (name: string, query: string): Row => ({ name, query, code: 'OPERATION_TOO_COMPLEX' });

const repeat = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

const nested = (depth: number, field: string, leaf: string): string =>
  `${`${field} { `.repeat(depth)}${leaf}${' }'.repeat(depth)}`;

/** Operations that are none, or are too much. */
export const operationRows: readonly Row[] = [
  bad('no operation', ''),
  bad('a syntax error', '{ viewer {'),
  bad('NUL in an operation', '{ viewer\0 { tenantId } }'),
  bad('a lone surrogate in an operation', '{ document(id: "\\uD83C") { id } }'),
  bad('an unknown field', '{ secrets }'),
  bad('a field called __proto__', '{ viewer { __proto__ } }'),
  bad('a field called constructor', '{ constructor }'),
  bad('a field of another type', '{ viewer { content } }'),
  bad('an object without fields', '{ viewer }'),
  bad('fields of a text', '{ viewer { tenantId { x } } }'),
  bad('an unknown argument', '{ document(id: "shared", secret: 1) { id } }', 'secret'),
  bad('a required argument left out', '{ document { id } }', 'id'),
  bad('an argument twice', '{ document(id: "shared", id: "private") { id } }', 'id'),
  bad('an unknown mutation', 'mutation { dropDocuments }'),
  bad('an unknown subscription', 'subscription { everything }'),
  bad('an unknown directive', '{ viewer @admin { tenantId } }'),
  bad('an unknown fragment', '{ viewer { ...Secrets } }'),
  bad('a fragment that nobody uses', '{ viewer { tenantId } } fragment F on Viewer { tenantId }'),
  bad('a fragment in itself', '{ viewer { ...F } } fragment F on Viewer { tenantId ...F }'),
  bad(
    'two fragments in each other',
    '{ viewer { ...F } } fragment F on Viewer { ...G } fragment G on Viewer { ...F }',
  ),
  bad('a variable that is not declared', '{ document(id: $id) { id } }', 'id'),
  bad('a variable that is not sent', 'query ($id: ID!) { document(id: $id) { id } }', 'id'),
  bad('a variable of an unknown type', 'query ($id: Secret!) { document(id: $id) { id } }'),
  bad('a variable of another type', 'query ($id: Int!) { document(id: $id) { id } }', 'id'),
  bad('two operations of one name', 'query A { viewer { tenantId } } query A { viewer { tenantId } }'),
  bad(
    'a subscription to two fields',
    'subscription { a: documentChanges(documentId: "shared") { revision } b: documentChanges(documentId: "shared") { revision } }',
  ),
  bad('type definitions', 'type Query { secrets: String }'),
  bad('different fields under one name', '{ viewer { tenantId tenantId: roles } }'),
  complex('ten thousand aliases', `{ ${repeat(10_000, (index) => `a${index}:viewer{tenantId}`)} }`),
  complex('31 aliases', `{ ${repeat(31, (index) => `a${index}: viewer { tenantId }`)} }`),
  complex(
    '31 aliases of mutations',
    `mutation { ${repeat(31, (index) => `a${index}: joinDocument(documentId: "shared") { startedAt }`)} }`,
  ),
  complex('10,000 fields of one name', `{ viewer { ${repeat(10_000, () => 'tenantId')} } }`),
  complex('1,001 tokens', `{ viewer { ${repeat(1_000, () => 'tenantId')} } }`),
  complex('51 directives', `{ viewer ${repeat(51, () => '@include(if: true)')} { tenantId } }`),
  complex('a query 11 levels deep', `{ ${nested(11, 'viewer', 'tenantId')} }`),
  complex(
    'depth hidden in fragments',
    `{ ...F0 } ${repeat(12, (index) => `fragment F${index} on Query { viewer { ...F${index + 1} } }`)} fragment F12 on Query { viewer { tenantId } }`,
  ),
  complex(
    'a value that is nested too deep',
    `{ document(id: ${'['.repeat(5_000)}${']'.repeat(5_000)}) { id } }`,
  ),
  complex(
    'a query that costs too much',
    '{ documents(first: 100) { edges { node { session { recentChanges { user { name } content } } changes(first: 1000) { content } authorship { user { name } } } } } }',
  ),
  complex('15,001 characters', `{ viewer { tenantId } } #${'x'.repeat(15_001)}`),
];
