import {
  type DocumentNode,
  type FieldNode,
  GraphQLObjectType,
  GraphQLSchema,
  getVariableValues,
  isAbstractType,
  Kind,
  type OperationDefinitionNode,
  print,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/** How the events of a subscription become payloads, whoever subscribed and from wherever on. */
export interface Plan {
  /** Executes `document` with an event as root value. */
  readonly schema: GraphQLSchema;
  /** The operation without what only picks the source: its name, the arguments of the root field, their variables. */
  readonly document: DocumentNode;
  /** Whether equal plans make equal payloads for all viewers of a tenant. */
  readonly shared: boolean;
  /** Equal for operations that select the same, with the same variables inside of the selection. */
  key(variables: Variables | null | undefined): string;
  /** The variables inside of the selection, as they were given. */
  variablesOf(variables: Variables | null | undefined): Record<string, unknown>;
}

/** Directives that decide by their variables alone what is selected. */
const PLAIN_DIRECTIVES = new Set(['include', 'skip']);

/** The same types under a Subscription whose fields take an event as it is: who may have it was settled before. */
const deliverySchemaOf = (schema: GraphQLSchema): GraphQLSchema => {
  const subscription = schema.getSubscriptionType();
  if (!subscription) return schema;
  const { fields, ...config } = subscription.toConfig();
  const plain = Object.entries(fields).map(([name, field]) => [
    name,
    { ...field, args: {}, resolve: (event: unknown) => event, subscribe: undefined },
  ]);
  const whole = schema.toConfig();
  return new GraphQLSchema({
    ...whole,
    types: whole.types.filter((type) => type !== subscription),
    subscription: new GraphQLObjectType({ ...config, fields: Object.fromEntries(plain) as typeof fields }),
  });
};

interface Extended {
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** True for what Pothos checks for each viewer, and for what says so itself. */
const isPerViewer = ({ extensions }: Extended): boolean => {
  const options = extensions['pothosOptions'] as { readonly authScopes?: unknown } | undefined;
  return options?.authScopes !== undefined || extensions['perViewer'] === true;
};

/** True when each viewer must be given a payload of their own: something in it is checked, or made, for the viewer. */
const dependsOnViewer = (schema: GraphQLSchema, document: DocumentNode): boolean => {
  const types = new TypeInfo(schema);
  const root = schema.getSubscriptionType();
  let found = false;

  const look = (node: FieldNode): void => {
    const parent = types.getParentType();
    // Whoever has subscribed was authorised for the root field.
    if (!parent || parent === root || node.name.value.startsWith('__')) return;
    const owners = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
    for (const owner of owners) {
      const field = 'getFields' in owner ? owner.getFields()[node.name.value] : undefined;
      if (!field || isPerViewer(field) || isPerViewer(owner)) found = true;
      // Pothos runs the scopes of a type's interfaces, too.
      if ('getInterfaces' in owner && owner.getInterfaces().some(isPerViewer)) found = true;
    }
  };

  visit(
    document,
    visitWithTypeInfo(types, {
      Field: look,
      Directive({ name }) {
        if (!PLAIN_DIRECTIVES.has(name.value)) found = true;
      },
    }),
  );
  return found;
};

const variablesIn = (document: DocumentNode): Set<string> => {
  const names = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void names.add(name.value),
  });
  return names;
};

const strip = (schema: GraphQLSchema, document: DocumentNode): DocumentNode => {
  const types = new TypeInfo(schema);
  const root = schema.getSubscriptionType();
  const bare = visit(
    document,
    visitWithTypeInfo(types, {
      Field: (node) => (types.getParentType() === root ? { ...node, arguments: [] } : undefined),
    }),
  );
  const used = variablesIn(bare);
  return visit(bare, {
    OperationDefinition: (node) => ({
      ...node,
      name: undefined,
      variableDefinitions: (node.variableDefinitions ?? []).filter(({ variable }) =>
        used.has(variable.name.value),
      ),
    }),
  });
};

/**
 * Works out, once for each parsed operation, how its events are executed and whether the payloads can be shared. The
 * documents are valid for the schema.
 */
export const createPlanner = (schema: GraphQLSchema) => {
  const deliverySchema = deliverySchemaOf(schema);
  const plans = new WeakMap<OperationDefinitionNode, Plan>();

  const make = (document: DocumentNode, operation: OperationDefinitionNode): Plan => {
    const separate = separateOperations(document)[operation.name?.value ?? ''] ?? document;
    const bare = strip(schema, separate);
    const [root] = bare.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
    const definitions = root?.variableDefinitions ?? [];
    const names = definitions.map(({ variable }) => variable.name.value);
    const text = print(bare);
    return {
      schema: deliverySchema,
      document: bare,
      shared: !dependsOnViewer(schema, separate),
      key(variables) {
        if (definitions.length === 0) return text;
        // As the executor will read them: a default counts as the same value that was given.
        const { coerced } = getVariableValues(schema, definitions, variables ?? {});
        return `${text}\n${JSON.stringify(coerced)}`;
      },
      variablesOf: (variables) =>
        Object.fromEntries(
          names
            .filter((name) => Object.hasOwn(variables ?? {}, name))
            .map((name) => [name, variables?.[name]]),
        ),
    };
  };

  return (document: DocumentNode, operation: OperationDefinitionNode): Plan => {
    const known = plans.get(operation);
    if (known) return known;
    const plan = make(document, operation);
    plans.set(operation, plan);
    return plan;
  };
};
