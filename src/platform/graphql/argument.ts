import { type ASTNode, BREAK, type DocumentNode, type GraphQLError, Kind, visit } from 'graphql';

/** Where in the operation something is an argument: `change` or, inside an input object, `change.position`. */
const nameOfPlace = (ancestors: readonly (ASTNode | readonly ASTNode[])[]): string | undefined => {
  const names: string[] = [];
  for (const ancestor of ancestors) {
    if ('kind' in ancestor && (ancestor.kind === Kind.ARGUMENT || ancestor.kind === Kind.OBJECT_FIELD))
      names.push(ancestor.name.value);
  }
  return names.length > 0 ? names.join('.') : undefined;
};

const placeOf = (document: DocumentNode, isIt: (node: ASTNode) => boolean): string | undefined => {
  let place: string | undefined;
  visit(document, {
    enter(node, _key, parent, _path, ancestors) {
      if (!isIt(node)) return;
      place = nameOfPlace([...ancestors, ...(parent ? [parent] : []), node]);
      if (place !== undefined) return BREAK;
    },
  });
  return place;
};

const VARIABLE = /^Variable "\$(\w+)"(?: got invalid value .* at "\w+((?:\.\w+|\[\d+\])+)")?/;
const ARGUMENT = /\b[Aa]rgument "(\w+)"/;
/** Ends the message about an input object, in a variable or (with its type) in the operation, that lacks a field. */
const LACKING = /Field "(?:\w+\.)?(\w+)" of required type "[^"]+" was not provided\.$/;

/**
 * The argument that an error of GraphQL's own (validation, coercion of a variable or of a literal) is about, as far as
 * the error tells: by its node's place in the document, by its variable, or by its message.
 */
export const argumentOf = (error: GraphQLError, document?: DocumentNode): string | undefined => {
  const place = placeOfError(error, document);
  const lacking = LACKING.exec(error.message)?.[1];
  return place !== undefined && lacking !== undefined ? `${place}.${lacking}` : place;
};

const placeOfError = (error: GraphQLError, document?: DocumentNode): string | undefined => {
  const [, variable, inside = ''] = VARIABLE.exec(error.message) ?? [];
  if (variable !== undefined) {
    const isUse = (node: ASTNode): boolean => node.kind === Kind.VARIABLE && node.name.value === variable;
    return `${(document && placeOf(document, isUse)) ?? variable}${inside}`;
  }
  const named = ARGUMENT.exec(error.message)?.[1];
  if (named !== undefined) return named;
  const [culprit] = error.nodes ?? [];
  return document && culprit ? placeOf(document, (node) => node === culprit) : undefined;
};
