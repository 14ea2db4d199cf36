import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)([Zz]|[+-]\d{2}:\d{2})$/;

const toText = (value: unknown): string => {
  const date = value instanceof Date ? value : new Date(typeof value === 'number' ? value : Number.NaN);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999))
    throw new TypeError('DateTime: neither a Date nor milliseconds since 1970');
  return date.toISOString();
};

/** True for a day that the calendar has: the Date constructor would take 31 February for 3 March. */
const isDay = (day: string): boolean => {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
};

const toMilliseconds = (value: unknown): number => {
  const [, day = '', time = '', zone = ''] = (typeof value === 'string' && RFC_3339.exec(value)) || [];
  const milliseconds = isDay(day) ? Date.parse(`${day}T${time}${zone.toUpperCase()}`) : Number.NaN;
  if (!Number.isNaN(milliseconds)) return milliseconds;
  throw new GraphQLError('DateTime must be RFC 3339, like 2026-01-31T12:00:00.000Z.');
};

/** A moment. Inside it is milliseconds since 1970 (a Date may be returned too); outside RFC 3339, UTC. */
export const DateTimeScalar = new GraphQLScalarType({
  name: 'DateTime',
  description: 'RFC 3339, UTC, milliseconds: 2026-01-31T12:00:00.000Z',
  serialize: toText,
  parseValue: toMilliseconds,
  parseLiteral: (node) => toMilliseconds(node.kind === Kind.STRING ? node.value : null),
});

type Variables = Readonly<Record<string, unknown>> | null | undefined;

const literalValue = (node: ValueNode, variables: Variables): unknown => {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT: {
      const number = Number(node.value);
      if (!Number.isFinite(number)) throw new GraphQLError(`JSON cannot represent the number ${node.value}.`);
      return number;
    }
    case Kind.LIST:
      return node.values.map((item) => literalValue(item, variables));
    case Kind.OBJECT:
      // fromEntries defines own properties, so that a field named __proto__ is just that.
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, literalValue(value, variables)]),
      );
    case Kind.VARIABLE:
      return variables?.[node.name.value];
    case Kind.ENUM:
      throw new GraphQLError('JSON cannot represent an enum value; write it as a string.');
  }
};

/** Any JSON value, passed on as it is. */
export const JsonScalar = new GraphQLScalarType({
  name: 'JSON',
  description: 'Any JSON value',
  parseValue: (value: unknown) => value,
  parseLiteral: literalValue,
});
