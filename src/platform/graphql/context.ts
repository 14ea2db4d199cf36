import type { Logger } from 'pino';
import { badInput } from '../errors.ts';
import type { TextBudget } from './text-budget.ts';

/** Who asks: what a verified token says. Everything this viewer reads or writes is within `tenantId`. */
export interface Viewer {
  readonly tenantId: string;
  readonly userId: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** Milliseconds since 1970. */
  readonly tokenExpiresAt: number;
}

/** What every resolver gets. */
export interface RequestContext {
  /** null when no token was sent; a bad token never gets this far. */
  readonly viewer: Viewer | null;
  /** Whose data is seen: the viewer's tenant. What is made for several viewers has a tenant, and no viewer. */
  readonly tenantId: string | null;
  /** The client (tab, device) as named in `connection_init`; an argument of the same name goes first. */
  readonly clientId: string | null;
  /** The socket that the operation came by; null for HTTP. */
  readonly connectionId: string | null;
  /** The id of the last event that a client got of an event stream which it resumes; null when it resumes none. */
  readonly lastEventId: string | null;
  readonly requestId: string;
  readonly log: Logger;
  /** Whatever gives a text of any length draws from it. */
  readonly texts: TextBudget;
}

const CURSOR = /^\d{1,15}$/;

/**
 * Where a LOG subscription begins: behind the last event of the event stream that it resumes, or as its argument says.
 * `afterName` is for the error about it. Throws BAD_USER_INPUT.
 */
export const resumption = (
  { lastEventId }: RequestContext,
  after: number | null | undefined,
): { readonly after: number | null | undefined; readonly afterName: string } => {
  if (lastEventId === null) return { after, afterName: 'after' };
  if (CURSOR.test(lastEventId)) return { after: Number(lastEventId), afterName: 'Last-Event-ID' };
  throw badInput('Last-Event-ID', 'Last-Event-ID must be the id of an event of this subscription.');
};
