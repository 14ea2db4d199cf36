import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import {
  type DocumentNode,
  type FormattedExecutionResult,
  Kind,
  type OperationDefinitionNode,
  print,
} from 'graphql';
import { badOperation } from './errors.ts';

/** An operation as it is sent. */
export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The one operation of a document. Throws BAD_USER_INPUT when it has none, or several. */
export function definitionOf({ definitions }: DocumentNode): OperationDefinitionNode {
  const [found, ...more] = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  if (found?.kind !== Kind.OPERATION_DEFINITION || more.length > 0)
    throw badOperation('Give a document that has one operation.');
  return found;
}

/** What an operation is answered with, or an event of it. */
export type Result = FormattedExecutionResult<Readonly<Record<string, unknown>>, unknown>;

const printed = new WeakMap<object, string>();

/** The operation's text; printing it takes longer than sending it. */
export function textOf(document: DocumentNode): string {
  const known = printed.get(document);
  if (known !== undefined) return known;
  const text = print(document);
  printed.set(document, text);
  return text;
}

/**
 * What is sent for a document. A `$clientId` that is left out is the client's own: a socket has said it, but a request
 * has not, and both must mean the same.
 */
export function operationOf<Variables>(
  document: TypedDocumentNode<unknown, Variables>,
  variables: Variables,
  clientId: string,
): Operation {
  const { variableDefinitions = [] } = definitionOf(document);
  const named = variableDefinitions.some(({ variable }) => variable.name.value === 'clientId');
  const given: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(variables ?? {}));
  const isMissing = named && given['clientId'] == null;
  return { query: textOf(document), variables: isMissing ? { ...given, clientId } : given };
}
