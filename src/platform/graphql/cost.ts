import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getVariableValues,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromAST,
} from 'graphql';
import { QuireError } from '../errors.ts';

/** What a field may say of its cost, as `extensions.cost`. */
export interface FieldCost {
  /** Of the field itself, without its fields; 1 when left out. */
  readonly own?: number;
  /** What its fields cost, as a part of what they would cost elsewhere: below 1 for a list that is cheap to read. */
  readonly rate?: number;
  /** The largest `first` that its resolver takes: beyond it nothing is listed, and nothing costs. */
  readonly maxFirst?: number;
}

/** Of a field that reads a text, or works it out from the log. */
export const TEXT_COST: FieldCost = { own: 10 };

type Field = GraphQLField<unknown, unknown>;
type Variables = Readonly<Record<string, unknown>>;

const costsOf = ({ extensions }: Field): FieldCost => (extensions['cost'] as FieldCost | undefined) ?? {};

/** How many times a field's own fields may be resolved: its `first`, as the resolver will get it. */
const timesOf = (field: Field, node: FieldNode, variables: Variables): number => {
  const argument = field.args.find(({ name }) => name === 'first');
  if (!argument) return 1;
  const given = node.arguments?.find(({ name }) => name.value === 'first')?.value;
  const first: unknown = valueFromAST(given, argument.type, variables) ?? argument.defaultValue;
  const { maxFirst = Number.POSITIVE_INFINITY } = costsOf(field);
  return typeof first === 'number' && first >= 1 && first <= maxFirst ? first : 1;
};

/**
 * What a valid operation may cost at most: each field 1 or what it says itself, and with all below it as often as its
 * `first` says. Each fragment is looked at once, so that the time is linear in the document. Introspection is free.
 */
const costOf = (
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): number => {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, number>();

  const ofField = (node: FieldNode, type: GraphQLNamedType | undefined): number => {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
    if (!field) return 0;
    const { own = 1, rate = 1 } = costsOf(field);
    return own + timesOf(field, node, variables) * rate * ofSet(node.selectionSet, getNamedType(field.type));
  };

  const ofFragment = (name: string): number => {
    const cost = known.get(name);
    if (cost !== undefined) return cost;
    // Stands for a fragment within itself, should one get this far.
    known.set(name, 0);
    const fragment = fragments.get(name);
    const found = ofSet(fragment?.selectionSet, schema.getType(fragment?.typeCondition.name.value ?? ''));
    known.set(name, found);
    return found;
  };

  const ofSet = (set: SelectionSetNode | undefined, type: GraphQLNamedType | undefined): number => {
    let cost = 0;
    for (const node of set?.selections ?? []) {
      if (node.kind === Kind.FIELD) cost += ofField(node, type);
      else if (node.kind === Kind.FRAGMENT_SPREAD) cost += ofFragment(node.name.value);
      else
        cost += ofSet(
          node.selectionSet,
          node.typeCondition ? schema.getType(node.typeCondition.name.value) : type,
        );
    }
    return cost;
  };

  return ofSet(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
};

/** Throws OPERATION_TOO_COMPLEX when a valid operation, with these variables, may cost more than `limit`. */
export const checkCost = (
  {
    schema,
    document,
    operation,
  }: { schema: GraphQLSchema; document: DocumentNode; operation: OperationDefinitionNode },
  variables: Variables | null | undefined,
  limit: number,
): void => {
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  // Variables that are wrong are refused by the executor, which says how, before it executes anything.
  if (!coerced) return;
  const cost = Math.ceil(costOf(schema, document, operation, coerced));
  if (cost <= limit) return;
  throw new QuireError('OPERATION_TOO_COMPLEX', `Cost limit of ${limit} exceeded, found ${cost}.`);
};
