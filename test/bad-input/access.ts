import { APPLY, APPLY_ALL, insert, REVERT } from './changes.ts';
import { CHANGES, CURSOR, EVENTS, JOIN, LEAVE, MOVE, PRESENCE, TYPING, UPDATES } from './collaboration.ts';
import { ALERTS_OF } from './compliance.ts';
import { ADD, CHANGE_ROLE, DELETE, REMOVE, UPDATE } from './documents.ts';
import { PROCESSED, START } from './processing.ts';
import type { Row } from './row.ts';
import { type Person, SHARED } from './stage.ts';

/** Every operation on a document by its id, with variables that would be good. */
export const DOCUMENT_OPERATIONS: readonly { name: string; query: string; variables: object }[] = [
  { name: 'apply', query: APPLY, variables: { change: insert(0, 'x'), changeId: 'a' } },
  { name: 'apply all', query: APPLY_ALL, variables: { changes: [insert(0, 'x')] } },
  { name: 'revert', query: REVERT, variables: { to: 0 } },
  { name: 'update', query: UPDATE, variables: { input: { title: 'Mine' } } },
  { name: 'delete', query: DELETE, variables: {} },
  { name: 'add', query: ADD, variables: { user: 'ada', role: 'OWNER' } },
  { name: 'change role', query: CHANGE_ROLE, variables: { user: 'zoe', role: 'VIEWER' } },
  { name: 'remove', query: REMOVE, variables: { user: 'zoe' } },
  { name: 'remove oneself', query: REMOVE, variables: { user: 'ada' } },
  { name: 'join', query: JOIN, variables: {} },
  { name: 'leave', query: LEAVE, variables: {} },
  { name: 'presence', query: PRESENCE, variables: { status: 'AWAY' } },
  { name: 'cursor', query: MOVE, variables: { position: CURSOR } },
  { name: 'typing', query: TYPING, variables: { typing: true } },
  {
    name: 'session',
    query: 'query ($id: ID!) { collaborativeSession(documentId: $id) { startedAt } }',
    variables: {},
  },
  { name: 'process', query: START, variables: {} },
  { name: 'how processing stands', query: PROCESSED, variables: {} },
  { name: 'alerts', query: ALERTS_OF, variables: {} },
  { name: 'changes', query: CHANGES, variables: { after: 0 } },
  { name: 'updates', query: UPDATES, variables: {} },
  { name: 'events', query: EVENTS, variables: {} },
];

const forbidden = (as: Person, names: readonly string[]): Row[] =>
  DOCUMENT_OPERATIONS.filter(({ name }) => names.includes(name)).map(({ name, query, variables }) => ({
    name: `${name} by a mere ${as}`,
    query,
    variables: { ...variables, id: SHARED },
    as,
    code: 'FORBIDDEN',
  }));

const owners = ['delete', 'add', 'change role', 'remove'];
const editors = ['apply', 'apply all', 'revert', 'update', 'typing', 'process'];

/** Roles that are too low. */
export const accessRows: readonly Row[] = [
  ...forbidden('viewer', [...owners, ...editors]),
  ...forbidden('editor', owners),
];
