import { type ExecutionResult, execute, type GraphQLSchema, getOperationAST, parse, validate } from 'graphql';
import { pino } from 'pino';
import { expect } from 'vitest';
import type { Viewer } from '../../src/platform/graphql/context.ts';
import { createErrorPresenter, type ErrorScope } from '../../src/platform/graphql/errors.ts';
import { createPlanner } from '../../src/platform/graphql/plan.ts';
import { eventsOf, type Source } from '../../src/platform/realtime/source.ts';
import { bytesOf } from '../../src/platform/server/frames.ts';
import { OperationRecord } from '../../src/platform/server/operation-log.ts';
import { createSubscriptions } from '../../src/platform/server/subscriptions.ts';
import { LIMITS } from '../support/documents.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { type Reachable, reachableLeaves } from './reachable.ts';
import { contextOf, DOCUMENT, type WatchedHouse, type WatchedTenant } from './watched-house.ts';

export interface Audit {
  /** By path: what a viewer was given other than alone. Empty when all is well. */
  readonly violations: string[];
  /** Paths of what is rendered once for all, and for each viewer. */
  readonly shared: string[];
  readonly own: string[];
  /** Paths of which no event had a value: nothing is known of them. */
  readonly unseen: string[];
}

/** Events that were kept, delivered again. */
const replay = (events: readonly unknown[]): Source<unknown> => {
  const source: Source<unknown> = {
    deliver(audience, sink) {
      void (async () => {
        for (const event of events) sink.offer(await audience.render(event), null);
        sink.end();
      })();
      return () => {};
    },
    [Symbol.asyncIterator]: () => eventsOf(source),
  };
  return source;
};

/**
 * Renders the events of the house for everybody who watches it, one reachable leaf at a time: as the server does for
 * subscriptions that are open together, and as graphql-js does for one viewer alone.
 */
export const auditPrivacy = async (schema: GraphQLSchema, { tenants }: WatchedHouse): Promise<Audit> => {
  const log = pino({ level: 'silent' });
  const presenter = createErrorPresenter({ suggestions: false, log });
  const present = (result: ExecutionResult, scope: ErrorScope): ExecutionResult =>
    result.errors
      ? { ...result, errors: result.errors.map((error) => presenter.field(error, scope)) }
      : result;
  const subscriptions = createSubscriptions({
    schema,
    documentChars: LIMITS.documentChars,
    presenter,
    present,
    clock: createManualClock(),
    log,
  });
  const planOf = createPlanner(schema);
  const audit: Audit = { violations: [], shared: [], own: [], unseen: [] };

  const subscribe = async (
    { query }: Reachable,
    viewer: Viewer,
    events: readonly unknown[],
  ): Promise<string[]> => {
    const document = parse(query);
    const operation = getOperationAST(document);
    if (!operation) throw new Error(`not an operation: ${query}`);
    const context = contextOf(viewer);
    const args = { schema, document, contextValue: context };
    const payloads: string[] = [];
    const record = new OperationRecord(context);
    const subscription = subscriptions.open(replay(events), args, operation, record);
    subscription.start({
      hasRoom: true,
      offer: (payload) => payloads.push(payload) > 0,
      whenRoom: (call) => queueMicrotask(call),
      force: (payload) => void payloads.push(payload),
      silence: () => {},
    });
    await subscription.next();
    return payloads;
  };

  const alone = async (
    { query }: Reachable,
    viewer: Viewer,
    rootValue: unknown,
  ): Promise<ExecutionResult> => {
    const context = contextOf(viewer);
    const document = parse(query);
    return present(await execute({ schema, document, rootValue, contextValue: context }), context);
  };

  const auditTenant = async (leaf: Reachable, tenant: WatchedTenant, isShared: boolean): Promise<number> => {
    const events = tenant.events[leaf.root] ?? [];
    const given = await Promise.all(tenant.viewers.map((viewer) => subscribe(leaf, viewer, events)));
    let seen = 0;
    for (const [at, viewer] of tenant.viewers.entries()) {
      for (const [index, event] of events.entries()) {
        const result = await alone(leaf, viewer, event);
        seen += leaf.valuesIn(result.data).length;
        const expected = bytesOf(JSON.stringify(result));
        const payload = given[at]?.[index];
        if (payload === expected) continue;
        audit.violations.push(`${leaf.path}: ${viewer.name} is given ${payload}, and alone ${expected}`);
      }
    }
    const [first, second] = given;
    if (isShared && first?.join() !== second?.join()) {
      audit.violations.push(`${leaf.path}: what is shared differs between its viewers`);
    }
    return seen;
  };

  for (const leaf of reachableLeaves(schema, DOCUMENT)) {
    const document = parse(leaf.query);
    expect(validate(schema, document), leaf.query).toEqual([]);
    const operation = getOperationAST(document);
    const isShared = operation !== null && operation !== undefined && planOf(document, operation).shared;
    (isShared ? audit.shared : audit.own).push(leaf.path);
    const seen = await Promise.all(tenants.map((tenant) => auditTenant(leaf, tenant, isShared)));
    if (seen.includes(0)) audit.unseen.push(leaf.path);
  }
  return audit;
};
