import {
  GraphQLFloat,
  GraphQLObjectType,
  type GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  graphqlSync,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { DateTimeScalar, JsonScalar } from '../../../src/platform/graphql/scalars.ts';

const noon = Date.UTC(2026, 0, 31, 12);

/** What a resolver gets for a literal and for a variable. */
const received = (type: GraphQLScalarType, literal: string, variables?: Record<string, unknown>): unknown => {
  const got: unknown[] = [];
  const query = new GraphQLObjectType({
    name: 'Query',
    fields: {
      take: {
        type: GraphQLString,
        args: { value: { type } },
        resolve: (_root, args: Record<string, unknown>) => void got.push(args['value']),
      },
    },
  });
  const schema = new GraphQLSchema({ query, types: [GraphQLFloat] });
  const source = variables
    ? `query ($inner: Float) { take(value: ${literal}) }`
    : `{ take(value: ${literal}) }`;
  const { errors } = graphqlSync({ schema, source, variableValues: variables ?? {} });
  if (errors) throw errors[0] as Error;
  return got[0];
};

describe('DateTime', () => {
  it('is shown in UTC with milliseconds, from a number or a Date', () => {
    expect(DateTimeScalar.serialize(noon)).toBe('2026-01-31T12:00:00.000Z');
    expect(DateTimeScalar.serialize(new Date(noon + 7))).toBe('2026-01-31T12:00:00.007Z');
    expect(DateTimeScalar.serialize(0)).toBe('1970-01-01T00:00:00.000Z');
  });

  it.each([Number.NaN, Infinity, 1e16, '2026-01-31T12:00:00.000Z', null, new Date(Number.NaN), -1e15])(
    'shows nothing for %s, which is no moment',
    (value) => {
      expect(() => DateTimeScalar.serialize(value)).toThrow(TypeError);
    },
  );

  it.each([
    ['2026-01-31T12:00:00.000Z', noon],
    ['2026-01-31T12:00:00Z', noon],
    ['2026-01-31t12:00:00.5z', noon + 500],
    ['2026-01-31T13:30:00.123456+01:30', noon + 123],
    ['2026-01-31T00:00:00-12:00', noon],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('reads %s', (text, moment) => {
    expect(DateTimeScalar.parseValue(text)).toBe(moment);
    expect(received(DateTimeScalar, JSON.stringify(text))).toBe(moment);
  });

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00:00',
    '2026-01-31',
    '2026-01-31 12:00:00Z',
    ' 2026-01-31T12:00:00Z',
    '12026-01-31T12:00:00Z',
    'now',
    '',
    noon,
    null,
    {},
  ])('refuses %j', (value) => {
    expect(() => DateTimeScalar.parseValue(value)).toThrow(/RFC 3339/);
  });

  it('refuses a literal that is no string', () => {
    expect(() => received(DateTimeScalar, String(noon))).toThrow(/RFC 3339/);
  });
});

describe('JSON', () => {
  it('passes values on as they are', () => {
    const value = { list: [1, null, 'a'], __proto: true };
    expect(JsonScalar.serialize(value)).toBe(value);
    expect(JsonScalar.parseValue(value)).toBe(value);
  });

  it('reads a literal, with variables in it', () => {
    const literal = '{ a: [1, -2.5e3, "text", true, null], b: { c: $inner } }';
    expect(received(JsonScalar, literal, { inner: 7 })).toEqual({
      a: [1, -2500, 'text', true, null],
      b: { c: 7 },
    });
  });

  it('takes __proto__ for a name like any other', () => {
    const value = received(JsonScalar, '{ __proto__: { polluted: true } }') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each(['1e309', '[-1e309]', 'ENUM'])('refuses the literal %s', (literal) => {
    expect(() => received(JsonScalar, literal)).toThrow(/JSON cannot represent/);
  });
});
