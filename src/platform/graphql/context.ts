import type { Logger } from 'pino';
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
  /** The client (tab, device) as named in `connection_init`; an argument of the same name goes first. */
  readonly clientId: string | null;
  /** The socket that the operation came by; null for HTTP. */
  readonly connectionId: string | null;
  readonly requestId: string;
  readonly log: Logger;
  /** Whatever gives a text of any length draws from it. */
  readonly texts: TextBudget;
}
