import { toCursor } from '../../src/platform/graphql/connection.ts';
import { NOT_INTS, type Row, shown, UNFIT_IDS } from './row.ts';
import { DELETED, DOCUMENT_CHARS, PRIVATE, SHARED } from './stage.ts';

const CREATE = 'mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { id } }';
export const UPDATE =
  'mutation ($id: ID!, $input: UpdateDocumentInput!) { updateDocument(id: $id, input: $input) { id } }';
export const DELETE = 'mutation ($id: ID!) { deleteDocument(id: $id) }';
export const ADD =
  'mutation ($id: ID!, $user: ID!, $role: Role!) { addCollaborator(documentId: $id, userId: $user, role: $role) { id } }';
export const CHANGE_ROLE =
  'mutation ($id: ID!, $user: ID!, $role: Role!) { changeCollaboratorRole(documentId: $id, userId: $user, role: $role) { id } }';
export const REMOVE =
  'mutation ($id: ID!, $user: ID!) { removeCollaborator(documentId: $id, userId: $user) { id } }';
const LIST =
  'query ($first: Int!, $after: String) { documents(first: $first, after: $after) { totalCount } }';
const SEARCH =
  'query ($first: Int! = 20, $after: String, $search: String) { documents(first: $first, after: $after, search: $search) { totalCount } }';

const bad = (
  name: string,
  argument: string | undefined,
  query: string,
  variables: object | string,
  code: Row['code'] = 'BAD_USER_INPUT',
): Row => ({ name, query, variables, code, ...(argument !== undefined && { argument }) });

const titles = ['', ' \n\t ', 'x'.repeat(501), 'a\0b', 'a\ud83c', '\udf88'];

const create = (name: string, argument: string, input: unknown, code?: Row['code']): Row =>
  bad(name, argument, CREATE, { input }, code);

const creating: Row[] = [
  ...UNFIT_IDS.map((id) => create(`a new document called ${shown(id)}`, 'input.id', { id, title: 'x' })),
  ...titles.map((title) => create(`a new document with the title ${shown(title)}`, 'input.title', { title })),
  create('a new document without a title', 'input.title', {}),
  create('a new document with NUL', 'input.content', { title: 'x', content: '\0' }),
  create('a new document with half a pair', 'input.content', { title: 'x', content: '\ud83c' }),
  create('a new document whose content is null', 'input.content', { title: 'x', content: null }),
  create(
    'a new document that is too long',
    'input.content',
    { title: 'x', content: 'x'.repeat(DOCUMENT_CHARS + 1) },
    'PAYLOAD_TOO_LARGE',
  ),
  ...[SHARED, PRIVATE, DELETED].map((id) =>
    create(`a new document with the id of the ${id} one`, 'input.id', { id, title: 'Mine' }, 'CONFLICT'),
  ),
];

const updating: Row[] = [
  ...titles.map((title) =>
    bad(`the title ${shown(title)}`, 'input.title', UPDATE, { id: SHARED, input: { title } }),
  ),
  bad('a number for a title', 'input.title', UPDATE, { id: SHARED, input: { title: 5 } }),
  bad('a field that cannot be updated', 'input', UPDATE, { id: SHARED, input: { content: 'x' } }),
];

const UPLOAD =
  'mutation ($file: File!, $title: String) { uploadDocument(file: $file, title: $title) { id } }';

/** Files come by multipart/form-data alone: forms.test.ts has those. */
const uploading: Row[] = [
  ...['a.txt', 'data:text/plain,hello', 5, {}, [], { name: 'a.txt', type: 'text/plain' }].map((file) =>
    bad(`a file written as ${shown(file)}`, 'file', UPLOAD, { file }),
  ),
  bad('no file', 'file', UPLOAD, { title: 'x' }),
  bad('a file in the operation', 'file', 'mutation { uploadDocument(file: "a.txt") { id } }', {}),
  bad('null for a file', 'file', UPLOAD, { file: null }),
];

const people: Row[] = [
  ...['', 'x'.repeat(129), 'a\0b', 'a\nb', '\ud83c'].map((user) =>
    bad(`the collaborator ${shown(user)}`, 'userId', ADD, { id: SHARED, user, role: 'VIEWER' }),
  ),
  bad('an unknown role', 'role', ADD, { id: SHARED, user: 'dan', role: 'ADMIN' }),
  bad('a role that is no name', 'role', ADD, { id: SHARED, user: 'dan', role: 1 }),
  bad('no role', 'role', ADD, { id: SHARED, user: 'dan' }),
  bad(
    'a collaborator with another role already',
    undefined,
    ADD,
    { id: SHARED, user: 'vera', role: 'EDITOR' },
    'CONFLICT',
  ),
  ...['dan', '', 'a\0b', '\ud83c', 'x'.repeat(1_000), "vera' --"].flatMap((user) => [
    bad(`another role for ${shown(user)}, who is none`, 'userId', CHANGE_ROLE, {
      id: SHARED,
      user,
      role: 'EDITOR',
    }),
    bad(`the removal of ${shown(user)}, who is none`, 'userId', REMOVE, { id: SHARED, user }),
  ]),
  bad(
    'the last owner made an editor',
    undefined,
    CHANGE_ROLE,
    { id: SHARED, user: 'ada', role: 'EDITOR' },
    'CONFLICT',
  ),
  bad('the last owner, who removes herself', undefined, REMOVE, { id: SHARED, user: 'ada' }, 'CONFLICT'),
];

const position = { createdAt: Date.UTC(2030, 0, 1), id: SHARED };
const cursors = [
  '',
  'nonsense',
  '%00',
  "' OR 1=1 --",
  toCursor([]),
  toCursor([position.createdAt]),
  toCursor([position.id, position.createdAt]),
  toCursor([String(position.createdAt), position.id]),
  toCursor([1.5, position.id]),
  toCursor([2 ** 60, position.id]),
  toCursor([position.createdAt, position.id, 1]),
  toCursor([position.createdAt, '\0']),
  toCursor([position.createdAt, "' OR 1=1 --"]),
  toCursor([position.createdAt, '']),
  Buffer.from('{"0":1,"1":"shared","length":2}').toString('base64url'),
  Buffer.from('[1e309,"shared"]').toString('base64url'),
  Buffer.from('null').toString('base64url'),
  `${toCursor([position.createdAt, position.id])}x`.repeat(100),
];

const inside = (field: string, variables: string, value: string): Row['query'] =>
  `query (${variables}) { document(id: "${SHARED}") { ${field}(${value}) } }`;

const reading: Row[] = [
  ...[0, -1, 101, 2 ** 31 - 1].map((first) => bad(`the first ${first} documents`, 'first', LIST, { first })),
  ...NOT_INTS.map((first) => bad(`the first ${first} documents`, 'first', LIST, `{"first":${first}}`)),
  ...cursors.map((after) => bad(`the cursor ${shown(after)}`, 'after', LIST, { first: 1, after })),
  bad('a number for a cursor', 'after', LIST, { first: 1, after: 5 }),
  ...['a\0b', '\ud83c', '\udf88 rose', 'x'.repeat(501), 'a b c d e f g h i j k', '" '.repeat(251)].map(
    (search) => bad(`a search for ${shown(search)}`, 'search', SEARCH, { search }),
  ),
  bad('a number for a search', 'search', SEARCH, { search: 5 }),
  bad('the first 0 results of a search', 'first', SEARCH, { first: 0, search: 'x' }),
  ...[...cursors, toCursor([position.createdAt, position.id]), toCursor([1, 2, 'shared', 'x'])].map((after) =>
    bad(`the cursor ${shown(after)} in a search`, 'after', SEARCH, { after, search: 'notes' }),
  ),
  ...['-1', '3', '2147483647', '0.5', '1e309', '"1"', 'null'].map((revision) =>
    bad(
      `the text at ${revision}`,
      'revision',
      inside('contentAt', '$revision: Int!', 'revision: $revision'),
      `{"revision":${revision}}`,
    ),
  ),
  ...['0', '-1', '1001', '2147483648', '0.5'].map((first) =>
    bad(
      `the first ${first} changes`,
      'first',
      'query ($first: Int!) { document(id: "shared") { changes(first: $first) { revision } } }',
      `{"first":${first}}`,
    ),
  ),
  ...['-1', '-2147483648', '2147483648', '0.5'].map((after) =>
    bad(
      `the changes after ${after}`,
      'after',
      'query ($after: Int!) { document(id: "shared") { changes(after: $after) { revision } } }',
      `{"after":${after}}`,
    ),
  ),
];

/** Documents, who may do what with them, and reading them. */
export const documentRows: readonly Row[] = [...creating, ...updating, ...uploading, ...people, ...reading];
