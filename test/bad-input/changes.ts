import { NOT_INTS, type Row, shown, UNFIT_IDS } from './row.ts';
import { FULL, SHARED } from './stage.ts';

export const APPLY = `mutation ($id: ID!, $change: DocumentChangeInput!, $base: Int, $changeId: ID, $clientId: ID) {
  applyDocumentChange(documentId: $id, change: $change, baseRevision: $base, changeId: $changeId, clientId: $clientId) { revision }
}`;
export const APPLY_ALL = `mutation ($id: ID!, $changes: [DocumentChangeInput!]!, $base: Int, $changeId: ID) {
  applyDocumentChanges(documentId: $id, changes: $changes, baseRevision: $base, changeId: $changeId) { revision }
}`;
export const REVERT = `mutation ($id: ID!, $to: Int!, $changeId: ID) {
  revertDocument(documentId: $id, toRevision: $to, changeId: $changeId) { revision }
}`;

export const insert = (position: number, content: string) => ({ changeType: 'INSERT', position, content });
const remove = (position: number, length: number) => ({ changeType: 'DELETE', position, length });
const replace = (position: number, length: number, content: string) => ({
  changeType: 'REPLACE',
  position,
  length,
  content,
});

const bad = (name: string, argument: string, change: unknown, more: object = {}): Row => ({
  name,
  query: APPLY,
  variables: { id: SHARED, change, ...more },
  code: 'BAD_USER_INPUT',
  argument,
});

const literal = (name: string, argument: string, change: string): Row => ({
  ...bad(`${name}, in the operation`, argument, null),
  query: `mutation { applyDocumentChange(documentId: "${SHARED}", change: ${change}) { revision } }`,
  variables: {},
});

const positions: Row[] = [
  bad('a negative position', 'change.position', insert(-1, 'x')),
  bad('a position past the end', 'change.position', insert(12, 'x')),
  bad('the largest position', 'change.position', insert(2 ** 31 - 1, 'x')),
  bad('an insertion inside a surrogate pair', 'change.position', insert(4, 'x')),
  bad('a deletion from inside a surrogate pair', 'change.position', remove(4, 2)),
  bad('a deletion to inside a surrogate pair', 'change.length', remove(2, 2)),
  bad('a replacement of half a surrogate pair', 'change.length', replace(3, 1, 'x')),
  bad('a position that its base did not have', 'change.position', insert(6, 'x'), { base: 1 }),
  bad('a position left out', 'change.position', { changeType: 'INSERT', content: 'x' }),
  bad('a position of null', 'change.position', { changeType: 'INSERT', position: null, content: 'x' }),
  ...NOT_INTS.map(
    (value): Row => ({
      ...bad(`the position ${value}`, 'change.position', null),
      variables: `{"id":"${SHARED}","change":{"changeType":"INSERT","position":${value},"content":"x"}}`,
    }),
  ),
  ...['NaN', 'Infinity', '99999999999', '1e3', '"1"', '-1'].map((value) =>
    literal(
      `the position ${value}`,
      'change.position',
      `{ changeType: INSERT, position: ${value}, content: "x" }`,
    ),
  ),
  literal('a position left out', 'change.position', '{ changeType: INSERT, content: "x" }'),
  literal('NUL', 'change.content', '{ changeType: INSERT, position: 0, content: "\\u0000" }'),
];

const lengths: Row[] = [
  bad('a negative length', 'change.length', remove(0, -1)),
  bad('a length past the end', 'change.length', remove(0, 12)),
  bad('the largest length', 'change.length', remove(1, 2 ** 31 - 1)),
  bad('DELETE without length', 'change.length', { changeType: 'DELETE', position: 0 }),
  bad('DELETE of nothing', 'change.length', remove(0, 0)),
  bad('DELETE that inserts', 'change.content', { ...remove(0, 1), content: 'x' }),
  bad('INSERT that removes', 'change.length', { ...insert(0, 'x'), length: 1 }),
  bad('REPLACE without length', 'change.length', { changeType: 'REPLACE', position: 0, content: 'x' }),
  ...NOT_INTS.map(
    (value): Row => ({
      ...bad(`the length ${value}`, 'change.length', null),
      variables: `{"id":"${SHARED}","change":{"changeType":"DELETE","position":0,"length":${value}}}`,
    }),
  ),
];

const contents: Row[] = [
  bad('INSERT without content', 'change.content', { changeType: 'INSERT', position: 0 }),
  bad('INSERT of nothing', 'change.content', insert(0, '')),
  bad('INSERT of null', 'change.content', { changeType: 'INSERT', position: 0, content: null }),
  bad('REPLACE without content', 'change.content', { changeType: 'REPLACE', position: 0, length: 1 }),
  bad('REPLACE of nothing by nothing', 'change', replace(0, 0, '')),
  bad('NUL', 'change.content', insert(0, 'a\0b')),
  bad('a lone high surrogate', 'change.content', insert(0, 'a\ud83c')),
  bad('a lone low surrogate', 'change.content', insert(0, '\udf88a')),
  bad('a surrogate pair the wrong way round', 'change.content', insert(0, '\udf88\ud83c')),
  bad('a number for a text', 'change.content', { ...insert(0, ''), content: 5 }),
  bad('a list for a text', 'change.content', { ...insert(0, ''), content: ['x'] }),
  bad('an unknown type of change', 'change.changeType', { ...insert(0, 'x'), changeType: 'UPSERT' }),
  bad('a type of change in lower case', 'change.changeType', { ...insert(0, 'x'), changeType: 'insert' }),
  bad('no type of change', 'change.changeType', { position: 0, content: 'x' }),
  bad('a field that a change does not have', 'change', { ...insert(0, 'x'), colour: 'red' }),
  bad('a text for a change', 'change', 'insert x'),
  bad('no change', 'change', null),
  {
    ...bad('a field called __proto__', 'change', null),
    variables: `{"id":"${SHARED}","change":{"changeType":"INSERT","position":0,"content":"x","__proto__":{"length":1}}}`,
  },
  {
    ...bad('64 KB + 1', 'change', insert(0, 'x'.repeat(65_537))),
    code: 'PAYLOAD_TOO_LARGE',
  },
  {
    ...bad('one more character than a document may hold', 'change', insert(0, 'x'), { id: FULL }),
    code: 'PAYLOAD_TOO_LARGE',
  },
];

const bases: Row[] = [
  bad('a base revision of the future', 'baseRevision', insert(0, 'x'), { base: 3 }),
  bad('the largest base revision', 'baseRevision', insert(0, 'x'), { base: 2 ** 31 - 1 }),
  bad('a negative base revision', 'baseRevision', insert(0, 'x'), { base: -1 }),
  ...NOT_INTS.map(
    (value): Row => ({
      ...bad(`the base revision ${value}`, 'baseRevision', null),
      variables: `{"id":"${SHARED}","change":${JSON.stringify(insert(0, 'x'))},"base":${value}}`,
    }),
  ),
];

const ids: Row[] = ['changeId', 'clientId'].flatMap((argument) => [
  ...UNFIT_IDS.map((id) => bad(`the ${argument} ${shown(id)}`, argument, insert(0, 'x'), { [argument]: id })),
  ...[0.5, true, ['a'], {}].map((id) =>
    bad(`the ${argument} ${shown(id)}`, argument, insert(0, 'x'), { [argument]: id }),
  ),
]);

const all = (
  name: string,
  argument: string,
  changes: unknown,
  code: Row['code'] = 'BAD_USER_INPUT',
): Row => ({
  name,
  query: APPLY_ALL,
  variables: { id: SHARED, changes },
  code,
  argument,
});

const lists: Row[] = [
  all('a list of no change', 'changes', []),
  all('1,001 changes', 'changes', Array(1_001).fill(insert(0, 'x')), 'PAYLOAD_TOO_LARGE'),
  all(
    '64 KB + 1 in two changes',
    'changes',
    [insert(0, 'x'.repeat(65_536)), insert(0, 'x')],
    'PAYLOAD_TOO_LARGE',
  ),
  all('a bad change behind a good one', 'changes[1].position', [insert(0, 'x'), insert(-1, 'x')]),
  all('a change past the end of what the one before has left', 'changes[1].length', [
    remove(0, 2),
    remove(0, 10),
  ]),
  all('a change into the pair that the one before has brought', 'changes[1].position', [
    insert(0, '🎈'),
    insert(1, 'x'),
  ]),
  all('a list with null in it', 'changes[0]', [null]),
  all('no list', 'changes', 'x'),
  {
    ...all('a list of the future', 'baseRevision', null),
    variables: { id: SHARED, changes: [insert(0, 'x')], base: 3 },
  },
  {
    ...all('a list with a bad changeId', 'changeId', null),
    variables: { id: SHARED, changes: [insert(0, 'x')], changeId: 'a b' },
  },
];

const revert = (name: string, argument: string, variables: object): Row => ({
  name,
  query: REVERT,
  variables: { id: SHARED, ...variables },
  code: 'BAD_USER_INPUT',
  argument,
});

/** Changes of the text. */
export const changeRows: readonly Row[] = [
  ...positions,
  ...lengths,
  ...contents,
  ...bases,
  ...ids,
  ...lists,
  {
    ...bad('the changeId of another change', 'changeId', insert(0, 'x'), { changeId: 'first' }),
    code: 'CONFLICT',
  },
  {
    ...revert('the changeId of another change for a revert', 'changeId', { to: 1, changeId: 'first' }),
    code: 'CONFLICT',
  },
  revert('a revert to a negative revision', 'toRevision', { to: -1 }),
  revert('a revert to the future', 'toRevision', { to: 3 }),
  revert('a revert to half a revision', 'toRevision', { to: 0.5 }),
  revert('a revert to no revision', 'toRevision', { to: null }),
  revert('a revert with a bad changeId', 'changeId', { to: 1, changeId: 'a b' }),
];
