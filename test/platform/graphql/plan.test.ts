import { type DocumentNode, getOperationAST, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createPlanner, type Plan } from '../../../src/platform/graphql/plan.ts';
import { notesSchema } from './notes-schema.ts';

const schema = notesSchema();
const planOf = createPlanner(schema);

const operationOf = (document: DocumentNode, name?: string) => {
  const operation = getOperationAST(document, name);
  if (!operation) throw new Error('no such operation');
  return operation;
};

const plan = (query: string, name?: string): Plan => {
  const document = parse(query);
  expect(validate(schema, document), query).toEqual([]);
  return planOf(document, operationOf(document, name));
};

type Sent = readonly [query: string, variables?: Record<string, unknown>];
const keyOf = ([query, variables]: Sent): string => plan(query).key(variables);

describe('a plan: what is the same', () => {
  const text: Sent = ['subscription { notes(room: "a") { text } }'];
  const byVariable =
    'subscription Some($room: ID!, $after: Int, $echo: Boolean, $clientId: ID) { notes(room: $room, after: $after, echo: $echo, clientId: $clientId) { text } }';
  const shout = 'subscription ($times: Int!) { notes(room: "a") { shout(times: $times) } }';
  const defaulted = 'subscription ($times: Int! = 2) { notes(room: "a") { shout(times: $times) } }';
  const chosen = 'subscription ($more: Boolean = true) { notes(room: "a") { id text @include(if: $more) } }';

  it.each<readonly [string, Sent, Sent]>([
    ['the name of the operation', text, ['subscription Named { notes(room: "a") { text } }']],
    ['white space, commas and comments', text, ['subscription{,notes(room:"a"){\n#why\n text}}']],
    ['the room', text, ['subscription { notes(room: "b") { text } }']],
    [
      'after, echo and clientId',
      text,
      ['subscription { notes(room: "a", after: 7, echo: true, clientId: "c") { text } }'],
    ],
    [
      'variables for them, and their values',
      [byVariable, { room: 'a' }],
      [byVariable, { room: 'b', after: 9, echo: true, clientId: 'x' }],
    ],
    ['variables for them, and literals', text, [byVariable, { room: 'a', after: 1 }]],
    ['variables that nobody has declared', [shout, { times: 1 }], [shout, { times: 1, unknown: 'x' }]],
    ['a default, and the same value given', [defaulted], [defaulted, { times: 2 }]],
    ['a default of a directive, and the same value given', [chosen, {}], [chosen, { more: true }]],
    ['no variables, null and an empty object', [chosen], [chosen, {}]],
    [
      'the order of the variables given',
      [
        'subscription ($a: Int!, $b: Int!) { notes(room: "a") { x: shout(times: $a) y: shout(times: $b) } }',
        { a: 1, b: 2 },
      ],
      [
        'subscription ($a: Int!, $b: Int!) { notes(room: "a") { x: shout(times: $a) y: shout(times: $b) } }',
        { b: 2, a: 1 },
      ],
    ],
    [
      'arguments of the root in a fragment',
      ['subscription { ...Root } fragment Root on Subscription { notes(room: "a") { text } }'],
      ['subscription { ...Root } fragment Root on Subscription { notes(room: "b", after: 3) { text } }'],
    ],
    [
      'arguments of the root in an inline fragment',
      ['subscription { ... { notes(room: "a") { text } } }'],
      ['subscription { ... { notes(room: "b") { text } } }'],
    ],
  ])('%s', (_what, one, other) => {
    expect(keyOf(one)).toBe(keyOf(other));
  });

  it('operations of one document have plans of their own, without what the others use', () => {
    const both =
      'subscription A { notes(room: "a") { ...T } } subscription B { notes(room: "a") { ...U } } fragment T on Note { text } fragment U on Note { id }';
    const a = plan(both, 'A');
    const b = plan(both, 'B');
    expect(a.key({})).not.toBe(b.key({}));
    expect(a.key({})).toBe(keyOf(['subscription { notes(room: "a") { ...T } } fragment T on Note { text }']));
  });

  it('is worked out once for each parsed operation', () => {
    const document = parse(text[0]);
    const operation = operationOf(document);
    expect(planOf(document, operation)).toBe(planOf(document, operation));
  });
});

describe('a plan: what differs', () => {
  const shout = 'subscription ($times: Int!) { notes(room: "a") { shout(times: $times) } }';
  const chosen = 'subscription ($more: Boolean!) { notes(room: "a") { id text @include(if: $more) } }';
  const skipped = 'subscription ($less: Boolean!) { notes(room: "a") { id text @skip(if: $less) } }';

  it.each<readonly [string, Sent, Sent]>([
    [
      'an alias',
      ['subscription { notes(room: "a") { text } }'],
      ['subscription { notes(room: "a") { t: text } }'],
    ],
    [
      'an alias of the root',
      ['subscription { notes(room: "a") { text } }'],
      ['subscription { n: notes(room: "a") { text } }'],
    ],
    [
      'other fields',
      ['subscription { notes(room: "a") { text } }'],
      ['subscription { notes(room: "a") { text id } }'],
    ],
    [
      'the order of the fields',
      ['subscription { notes(room: "a") { id text } }'],
      ['subscription { notes(room: "a") { text id } }'],
    ],
    [
      'the root field',
      ['subscription { notes(room: "a") { text } }'],
      ['subscription { memos(room: "a") { text } }'],
    ],
    [
      'an argument inside',
      ['subscription { notes(room: "a") { shout(times: 1) } }'],
      ['subscription { notes(room: "a") { shout(times: 2) } }'],
    ],
    ['the value of a variable inside', [shout, { times: 1 }], [shout, { times: 2 }]],
    ['the value of a variable of @include', [chosen, { more: true }], [chosen, { more: false }]],
    ['the value of a variable of @skip', [skipped, { less: true }], [skipped, { less: false }]],
    [
      'another default',
      ['subscription ($times: Int! = 1) { notes(room: "a") { shout(times: $times) } }'],
      ['subscription ($times: Int! = 2) { notes(room: "a") { shout(times: $times) } }'],
    ],
    [
      'what a fragment selects',
      ['subscription { notes(room: "a") { ...F } } fragment F on Note { id }'],
      ['subscription { notes(room: "a") { ...F } } fragment F on Note { text }'],
    ],
  ])('%s', (_what, one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });
});

describe('a plan: its variables', () => {
  it('are those inside of the selection, as they were given', () => {
    const inside = plan(
      'subscription ($room: ID!, $times: Int!, $more: Boolean = true) { notes(room: $room) { shout(times: $times) id @include(if: $more) } }',
    );
    expect(inside.variablesOf({ room: 'a', times: 3, other: 1 })).toEqual({ times: 3 });
    expect(inside.variablesOf({ room: 'a', times: 3, more: null })).toEqual({ times: 3, more: null });
    expect(inside.variablesOf(null)).toEqual({});
    expect(inside.variablesOf(undefined)).toEqual({});
  });

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'that are called %s are not given by what every object has',
    (name) => {
      const inside = plan(
        `subscription ($${name}: Boolean = true) { notes(room: "a") { text @include(if: $${name}) } }`,
      );
      expect(Object.keys(inside.variablesOf({}))).toEqual([]);
    },
  );
});

describe('a plan: what is shared', () => {
  it.each([
    ['plain fields', '{ id text shout(times: 1) }'],
    ['__typename', '{ __typename }'],
    ['@include and @skip', '{ id text @include(if: true) shout(times: 1) @skip(if: false) }'],
    ['an object with plain fields', '{ author { name } }'],
    ['an interface with plain fields', '{ thing { name ... on Pebble { weight } } }'],
    ['a union of plain types', '{ find { ... on Pebble { weight } } }'],
    ['a type with a checked field that is not selected', '{ author { name __typename } }'],
  ])('%s', (_what, selection) => {
    expect(plan(`subscription { notes(room: "a") ${selection} }`).shared).toBe(true);
  });

  it.each([
    ['a field that says so', '{ text mine }'],
    ['a field with authScopes', '{ text secret }'],
    ['a field of a type with authScopes', '{ text vault { gold } }'],
    ['deep inside', '{ author { notes { author { secretName } } } }'],
    ['in a fragment', '{ ...F } fragment F on Note { mine }', true],
    ['in an inline fragment', '{ ... on Note { ... { mine } } }'],
    ['behind an alias', '{ text: mine }'],
    ['behind a directive that leaves it out', '{ text mine @include(if: false) }'],
    ['an interface field that an implementation checks', '{ guarded { title } }'],
    ['an interface with an implementation that is checked', '{ kept { label } }'],
    ['a type of which an interface is checked', '{ ruled { ... on Ruled { rule } } }'],
    ['a member of a union with authScopes', '{ find { ... on Vault { gold } } }'],
  ])('not: %s', (_what, selection, isWhole = false) => {
    const query = isWhole
      ? `subscription { notes(room: "a") ${selection}`.replace('} fragment', '} } fragment')
      : `subscription { notes(room: "a") ${selection} }`;
    expect(plan(query).shared).toBe(false);
  });

  it('not: what a directive may change that is not known here', () => {
    expect(plan('subscription { notes(room: "a") { text @loud } }').shared).toBe(false);
    expect(plan('subscription { notes(room: "a") { ... @loud { text } } }').shared).toBe(false);
  });

  it('is not asked of the root, whoever may subscribe to it: that was settled before', () => {
    expect(plan('subscription { owned(room: "a") { text } }').shared).toBe(true);
  });
});
