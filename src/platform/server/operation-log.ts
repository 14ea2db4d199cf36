import type { GraphQLError, OperationDefinitionNode } from 'graphql';
import type { Logger } from 'pino';
import type { RequestContext, Viewer } from '../graphql/context.ts';

/** An operation's name is its client's choice, and may be as long as the operation. */
const MAX_NAME_CHARS = 100;

/**
 * What is remembered of an operation for the log, as long as it runs. Its line tells who did what and how it went,
 * never with which values. Making one starts its clock.
 */
export class OperationRecord {
  readonly requestId: string;
  readonly #viewer: Viewer | null;
  readonly #log: Logger;
  readonly #started = performance.now();
  #operation: OperationDefinitionNode | undefined;

  constructor({ requestId, viewer, log }: Pick<RequestContext, 'requestId' | 'viewer' | 'log'>) {
    this.requestId = requestId;
    this.#viewer = viewer;
    this.#log = log;
  }

  /** For what is to be said besides the line. Made when it is asked for: most operations have nothing to say. */
  get log(): Logger {
    return this.#log.child({ requestId: this.requestId, user: this.#viewer?.userId });
  }

  /** Says what it turned out to be. */
  identify(operation: OperationDefinitionNode): void {
    this.#operation = operation;
  }

  /** Writes the operation's one line, with the code of its first error. Gives the milliseconds that it took. */
  finish(errors?: readonly GraphQLError[]): number {
    const ms = performance.now() - this.#started;
    const line = {
      requestId: this.requestId,
      user: this.#viewer?.userId,
      operation: this.#operation?.name?.value.slice(0, MAX_NAME_CHARS) ?? null,
      kind: this.#operation?.operation ?? null,
      ms: Math.round(ms * 100) / 100,
      tenant: this.#viewer?.tenantId ?? null,
      code: errors?.[0]?.extensions.code ?? 'OK',
    };
    this.#log.info(line, 'operation');
    return ms;
  }
}
