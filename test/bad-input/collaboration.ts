import { NOT_INTS, type Row, shown } from './row.ts';
import { SHARED } from './stage.ts';

export const MOVE =
  'mutation ($id: ID!, $position: CursorPositionInput!, $clientId: ID) { updateCursorPosition(documentId: $id, position: $position, clientId: $clientId) }';
export const PRESENCE =
  'mutation ($id: ID!, $status: PresenceStatus!, $clientId: ID) { updatePresence(documentId: $id, status: $status, clientId: $clientId) }';
export const TYPING =
  'mutation ($id: ID!, $typing: Boolean!, $clientId: ID) { setTyping(documentId: $id, typing: $typing, clientId: $clientId) }';
export const JOIN =
  'mutation ($id: ID!, $clientId: ID) { joinDocument(documentId: $id, clientId: $clientId) { startedAt } }';
export const LEAVE =
  'mutation ($id: ID!, $clientId: ID) { leaveDocument(documentId: $id, clientId: $clientId) }';
export const CHANGES =
  'subscription ($id: ID!, $after: Int, $clientId: ID) { documentChanges(documentId: $id, after: $after, clientId: $clientId) { revision } }';
export const UPDATES =
  'subscription ($id: ID!, $clientId: ID) { collaborationUpdates(documentId: $id, clientId: $clientId) { startedAt } }';
export const EVENTS =
  'subscription ($id: ID!, $clientId: ID) { collaborationEvents(documentId: $id, clientId: $clientId) { __typename } }';

export const CURSOR = { line: 0, column: 0, position: 0 };

const bad = (name: string, argument: string, query: string, variables: object | string): Row => ({
  name,
  query,
  variables: typeof variables === 'string' ? variables : { id: SHARED, ...variables },
  code: 'BAD_USER_INPUT',
  argument,
});

const move = (name: string, argument: string, change: object): Row =>
  bad(name, argument, MOVE, { position: { ...CURSOR, ...change } });

const cursors: Row[] = [
  ...['line', 'column', 'position', 'selectionEnd'].flatMap((field) => [
    move(`a cursor whose ${field} is negative`, `position.${field}`, { [field]: -1 }),
    ...NOT_INTS.map((value) =>
      bad(
        `a cursor whose ${field} is ${value}`,
        `position.${field}`,
        MOVE,
        `{"id":"${SHARED}","position":${JSON.stringify(CURSOR).replace('}', `,"${field}":${value}}`)}}`,
      ),
    ),
  ]),
  move('a cursor without a position', 'position.position', { position: undefined }),
  move('a selection of 1,001 characters', 'position.selection', { selection: 'x'.repeat(1_001) }),
  move('a selection with NUL', 'position.selection', { selection: 'a\0b' }),
  move('a selection with half a pair', 'position.selection', { selection: '\ud83c' }),
  move('a selection of null', 'position.selection', { selection: null }),
  move('a field that a cursor does not have', 'position', { colour: 'red' }),
];

const clientIds: Row[] = [
  ...[JOIN, LEAVE, UPDATES, EVENTS, CHANGES].map((query) => ({ query, variables: {} })),
  { query: MOVE, variables: { position: CURSOR } },
  { query: PRESENCE, variables: { status: 'AWAY' } },
  { query: TYPING, variables: { typing: true } },
].flatMap(({ query, variables }) => {
  const field = /\) \{ (\w+)/.exec(query)?.[1];
  return ['', 'a b', '\ud83c', 'x'.repeat(129)].map((clientId) =>
    bad(`${field} as the client ${shown(clientId)}`, 'clientId', query, { ...variables, clientId }),
  );
});

/** Presence, cursors, typing, and what is subscribed to. */
export const collaborationRows: readonly Row[] = [
  ...cursors,
  ...clientIds,
  bad('an unknown presence', 'status', PRESENCE, { status: 'BUSY' }),
  bad('a presence of null', 'status', PRESENCE, { status: null }),
  bad('typing that is neither true nor false', 'typing', TYPING, { typing: 'yes' }),
  bad('changes after -1', 'after', CHANGES, { after: -1 }),
  bad('changes after the future', 'after', CHANGES, { after: 3 }),
  bad('changes after the far future', 'after', CHANGES, { after: 2 ** 31 - 1 }),
  ...NOT_INTS.map((after) =>
    bad(`changes after ${after}`, 'after', CHANGES, `{"id":"${SHARED}","after":${after}}`),
  ),
];
