import {
  type ConstValueNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { badOperation } from './errors.ts';
import { definitionOf, type Operation } from './operation.ts';
import { type StateKind, streamKinds } from './stream-kinds.ts';

/** A place in a LOG: a revision, or the id of an alert. */
export type Cursor = string | number;

/** How one subscription to a LOG is resumed. */
export interface LogPlan {
  readonly kind: 'LOG';
  /** The variable that takes the cursor. */
  readonly variable: string;
  /** The cursor of an event; null where the data is not as it was asked for. */
  cursorOf(data: unknown): Cursor | null;
  /** What tells where the log is now. */
  readonly beginning: Operation;
  /** The cursor that `beginning` tells; null when the server is left to say what is wrong. */
  beginsAt(data: unknown): Cursor | null;
}

export type StreamPlan = LogPlan | StateKind;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** The fields of a selection and of its fragments, but for those that may be left out (`@include`, `@skip`). */
function* fieldsOf(
  { selections }: SelectionSetNode,
  fragments: Fragments,
  seen = new Set<string>(),
): Generator<FieldNode> {
  for (const selection of selections) {
    if (selection.directives?.length) continue;
    if (selection.kind === Kind.FIELD) yield selection;
    if (selection.kind === Kind.INLINE_FRAGMENT) yield* fieldsOf(selection.selectionSet, fragments, seen);
    if (selection.kind !== Kind.FRAGMENT_SPREAD || seen.has(selection.name.value)) continue;
    seen.add(selection.name.value);
    const fragment = fragments.get(selection.name.value);
    if (fragment) yield* fieldsOf(fragment.selectionSet, fragments, seen);
  }
}

const responseKey = ({ alias, name }: FieldNode): string => (alias ?? name).value;

const argumentOf = ({ arguments: given = [] }: FieldNode, name: string): ValueNode | undefined =>
  given.find((argument) => argument.name.value === name)?.value;

/** What is at a path of nested objects and lists; undefined where there is no such place. */
function at(data: unknown, path: readonly (string | number)[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value;
}

const cursorAt = (data: unknown, path: readonly (string | number)[]): Cursor | null => {
  const value = at(data, path);
  return typeof value === 'string' || typeof value === 'number' ? value : null;
};

/** A scalar as it is written in an operation. */
const literalOf = (node: ValueNode | ConstValueNode | undefined): unknown =>
  node && 'value' in node ? (node.kind === Kind.INT ? Number(node.value) : node.value) : undefined;

/**
 * How a subscription goes on after its stream was lost. Throws BAD_USER_INPUT when it cannot: a LOG must take `after` from
 * a variable, and select its cursor.
 */
export function planStream(document: DocumentNode, variables: Readonly<Record<string, unknown>>): StreamPlan {
  const definition = definitionOf(document);
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  );
  const [field] = fieldsOf(definition.selectionSet, fragments);
  const name = field?.name.value ?? '';
  const kind = streamKinds[name];
  if (definition.operation !== OperationTypeNode.SUBSCRIPTION || !field || !kind)
    throw badOperation(`"${name}" is no subscription that this client knows: a newer one may know it.`);
  if (kind.kind === 'STATE') return kind;

  const { after, cursor, beginning } = kind;
  const place = argumentOf(field, after);
  if (place?.kind !== Kind.VARIABLE)
    throw badOperation(
      `Take the argument "${after}" of ${name} from a variable, like $${after}: it says where the stream goes on after the connection was lost.`,
    );
  const selected = field.selectionSet
    ? [...fieldsOf(field.selectionSet, fragments)].find((one) => one.name.value === cursor)
    : undefined;
  if (!selected)
    throw badOperation(
      `Select "${cursor}" of ${name}, without a condition: the stream goes on behind it after the connection was lost.`,
    );

  const path = [responseKey(field), responseKey(selected)];
  const valueOf = (node: ValueNode | undefined): unknown => {
    if (node?.kind !== Kind.VARIABLE) return literalOf(node);
    const declared = definition.variableDefinitions?.find(
      ({ variable }) => variable.name.value === node.name.value,
    );
    return variables[node.name.value] ?? literalOf(declared?.defaultValue);
  };
  const passed = beginning.pass.map((argument) => [argument, valueOf(argumentOf(field, argument))] as const);
  return {
    kind: 'LOG',
    variable: place.name.value,
    cursorOf: (data) => cursorAt(data, path),
    beginning: { query: beginning.query, variables: Object.fromEntries(passed) },
    beginsAt: (data) => cursorAt(data, beginning.path) ?? beginning.none,
  };
}
