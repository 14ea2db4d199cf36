import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

interface Step {
  readonly field: GraphQLField<unknown, unknown>;
  /** The type that has the field. */
  readonly owner: GraphQLObjectType;
}

/** A leaf that a subscription can select. */
export interface Reachable {
  readonly root: string;
  /** As `documentChanges.user.name`, with the type where there is a choice. */
  readonly path: string;
  /** The subscription that selects it, and nothing else. */
  readonly query: string;
  /** What it is in a result: all values that are not null. */
  valuesIn(data: unknown): unknown[];
}

/** A literal that an input type takes. Every id is the given one. */
const literal = (type: GraphQLInputType, id: string): string => {
  if (isNonNullType(type)) return literal(type.ofType, id);
  if (isListType(type)) return `[${literal(type.ofType, id)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(isRequiredInputField);
    return `{ ${fields.map((field) => `${field.name}: ${literal(field.type, id)}`).join(' ')} }`;
  }
  const literals: Readonly<Record<string, string>> = { Int: '1', Float: '1.5', Boolean: 'false' };
  return literals[type.name] ?? JSON.stringify(id);
};

const argumentsOf = ({ args }: GraphQLField<unknown, unknown>, id: string): string => {
  const required = args.filter(isRequiredArgument);
  return required.length === 0
    ? ''
    : `(${required.map(({ name, type }) => `${name}: ${literal(type, id)}`).join(' ')})`;
};

const valuesAt = (data: unknown, [name, ...rest]: readonly string[]): unknown[] => {
  if (Array.isArray(data))
    return data.flatMap((one: unknown) => valuesAt(one, name === undefined ? [] : [name, ...rest]));
  if (name === undefined) return data == null ? [] : [data];
  return typeof data === 'object' && data !== null
    ? valuesAt((data as Record<string, unknown>)[name], rest)
    : [];
};

const describe = (steps: readonly Step[], id: string): Reachable => {
  let query = '';
  let path = '';
  steps.forEach(({ field, owner }, index) => {
    const before = steps[index - 1];
    const isChoice = before !== undefined && isAbstractType(getNamedType(before.field.type));
    query += ` { ${isChoice ? `... on ${owner.name} { ` : ''}${field.name}${argumentsOf(field, id)}`;
    path += `${index > 0 ? '.' : ''}${isChoice ? `<${owner.name}>` : ''}${field.name}`;
  });
  query = `subscription${query}`;
  query += ' }'.repeat((query.match(/\{/g) ?? []).length - (query.match(/\}/g) ?? []).length);
  const names = steps.map(({ field }) => field.name);
  return { root: names[0] ?? '', path, query, valuesIn: (data) => valuesAt(data, names) };
};

/**
 * Every leaf that a subscription can select, by every way to it on which no type comes twice. Where an argument is
 * required it has a value; every id is the given one.
 */
export const reachableLeaves = (schema: GraphQLSchema, id: string): Reachable[] => {
  const found: Reachable[] = [];
  const walk = (owner: GraphQLObjectType, steps: readonly Step[]): void => {
    for (const field of Object.values(owner.getFields())) {
      const way = [...steps, { field, owner }];
      const type = getNamedType(field.type);
      if (isLeafType(type)) found.push(describe(way, id));
      else if (isAbstractType(type)) for (const one of schema.getPossibleTypes(type)) go(one, way);
      else go(type as GraphQLObjectType, way);
    }
  };
  const go = (type: GraphQLObjectType, steps: readonly Step[]): void => {
    if (steps.every(({ owner }) => owner !== type)) walk(type, steps);
  };
  const root = schema.getSubscriptionType();
  if (root) walk(root, []);
  return found;
};
