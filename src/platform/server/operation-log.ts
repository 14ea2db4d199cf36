import type { GraphQLError, OperationDefinitionNode } from 'graphql';
import type { RequestContext } from '../graphql/context.ts';

/** An operation's name is its client's choice, and may be as long as the operation. */
const MAX_NAME_CHARS = 100;

export interface OperationRecord {
  /** Says what it turned out to be. */
  readonly identify: (operation: OperationDefinitionNode) => void;
  /** Writes the operation's one line, with the code of its first error. */
  readonly finish: (errors?: readonly GraphQLError[]) => void;
}

/** Starts the clock of an operation. Its line tells who did what and how it went, never with which values. */
export const recordOperation = ({ log, viewer }: Pick<RequestContext, 'log' | 'viewer'>): OperationRecord => {
  const started = performance.now();
  let operation: OperationDefinitionNode | undefined;
  return {
    identify(found) {
      operation = found;
    },
    finish(errors) {
      const line = {
        operation: operation?.name?.value.slice(0, MAX_NAME_CHARS) ?? null,
        kind: operation?.operation ?? null,
        ms: Math.round((performance.now() - started) * 100) / 100,
        tenant: viewer?.tenantId ?? null,
        code: errors?.[0]?.extensions.code ?? 'OK',
      };
      log.info(line, 'operation');
    },
  };
};
