import { type ExecutionResult, execute, locatedError } from 'graphql';
import type { Audience } from '../realtime/source.ts';
import type { RequestContext } from './context.ts';
import { createKeptPayloads } from './kept-payloads.ts';
import type { Plan } from './plan.ts';

/** A result as JSON in UTF-8, one character a byte: it is written as it is, as often as it is sent. */
export type Payload = string;

export interface DeliveriesOptions {
  /** What the client is told of a result with errors. */
  readonly present: (result: ExecutionResult, context: RequestContext) => ExecutionResult;
  readonly encode: (result: ExecutionResult) => Payload;
  /** The context of what is made for all viewers of a tenant. */
  readonly tenantContext: (tenantId: string) => RequestContext;
}

/** Somebody who was let into an audience. */
export interface Admission {
  readonly audience: Audience<unknown, Payload>;
  /** Call it once, when its subscription has ended. */
  leave(): void;
}

/** The one admission of all who share an audience: there may be very many of them. */
interface Shared extends Admission {
  members: number;
}

type Variables = Readonly<Record<string, unknown>> | null | undefined;

const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  typeof (value as PromiseLike<T> | null)?.then === 'function';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Executes events for those who subscribe: once for all whose payloads are equal, and for each viewer where they may differ. */
export const createDeliveries = ({ present, encode, tenantContext }: DeliveriesOptions) => {
  /** One entry a distinct selection that somebody is subscribed to: at most as many as there are subscriptions. */
  const shared = new Map<string, Shared>();
  const kept = createKeptPayloads();

  const audienceOf = (
    plan: Plan,
    variables: Variables,
    contextOf: () => RequestContext,
    keeps: boolean,
  ): Audience<unknown, Payload> => {
    const { schema, document } = plan;
    const variableValues = plan.variablesOf(variables);

    const make = (event: unknown): Payload | Promise<Payload> => {
      const contextValue = contextOf();
      const finish = (result: ExecutionResult): Payload => {
        const payload = encode(present(result, contextValue));
        // What has failed may do better for whoever asks next.
        if (keeps && isObject(event)) kept.set(event, audience, result.errors ? undefined : payload);
        return payload;
      };
      // What can be executed and not encoded is a defect, and must not end more than this event.
      const fail = (error: unknown): Payload => finish({ errors: [locatedError(error, undefined)] });
      try {
        const result = execute({ schema, document, variableValues, rootValue: event, contextValue });
        return isPromise(result) ? Promise.resolve(result).then(finish).catch(fail) : finish(result);
      } catch (error) {
        return fail(error);
      }
    };

    const audience: Audience<unknown, Payload> = {
      render(event) {
        if (!keeps || !isObject(event)) return make(event);
        const known = kept.get(event, audience);
        if (known !== undefined) return known;
        const made = make(event);
        if (made instanceof Promise) kept.set(event, audience, made);
        return made;
      },
    };
    return audience;
  };

  const forOne = (plan: Plan, variables: Variables, viewer: RequestContext): Admission => {
    const contextOf = (): RequestContext => {
      viewer.texts.refill();
      return viewer;
    };
    return { audience: audienceOf(plan, variables, contextOf, false), leave() {} };
  };

  const forTenant = (plan: Plan, variables: Variables, tenantId: string): Shared => {
    const name = JSON.stringify([tenantId, plan.key(variables)]);
    const known = shared.get(name);
    if (known) return known;
    const audience = audienceOf(plan, variables, () => tenantContext(tenantId), true);
    const made: Shared = {
      audience,
      members: 0,
      leave() {
        made.members -= 1;
        if (made.members === 0) shared.delete(name);
      },
    };
    shared.set(name, made);
    return made;
  };

  return {
    /** Finds the audience of a subscription. Viewers of different tenants, and different selections, never share one. */
    join(plan: Plan, variables: Variables, viewer: RequestContext): Admission {
      if (!plan.shared || viewer.tenantId === null) return forOne(plan, variables, viewer);
      const admission = forTenant(plan, variables, viewer.tenantId);
      admission.members += 1;
      return admission;
    },
    /** Distinct selections that are shared at the moment. */
    get audiences(): number {
      return shared.size;
    },
  };
};
