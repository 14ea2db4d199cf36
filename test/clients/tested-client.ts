import type { SocketOptions } from '../../examples/graphql-ws/socket.ts';

/** Why something failed: the codes of GraphQL errors or of a closed socket, or the message of any other error. */
export type Reasons = readonly (string | number)[];

/** What an operation gave that failed as a whole. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reasons: Reasons;

  constructor(reasons: Reasons) {
    super(`refused for ${reasons.join(', ')}`);
    this.reasons = reasons;
  }
}

/** A reader of a log. */
export interface Following {
  /** The cursors of what came, in the order in which it came. */
  readonly cursors: readonly number[];
  /** What was inserted, or what was raised an alert for. */
  readonly contents: readonly string[];
  /** Why it has ended, once it has. */
  readonly ended: Reasons | undefined;
  stop(): void;
}

/** A GraphQL client of somebody else's, as its user sets it up by docs/clients.md. */
export interface TestedClient {
  /** Errors that the server has answered an operation with in place of results. */
  readonly refusals: number;
  /** A document's text. Rejects with Refused. */
  read(documentId: string): Promise<string | undefined>;
  /** Inserts at the beginning. Rejects with Refused. */
  insert(
    documentId: string,
    content: string,
    changeId: string,
  ): Promise<{ readonly revision: number; readonly replayed: boolean }>;
  /** Follows a document's changes, its user's own included. Each one is a reader of its own, even with the same arguments. */
  follow(documentId: string, after?: number): Following;
  /** Follows the alerts. */
  followAlerts(after: string): Following;
  /** A query of which one part fails: what came, and why the rest did not. */
  readPartly(documentId: string): Promise<{ readonly data: unknown; readonly reasons: Reasons }>;
  /** Idempotent. */
  close(): Promise<void>;
}

export type OpenClient = (options: SocketOptions) => TestedClient;

/** A query for a revision that a document does not have: the rest of it is answered. */
export const PARTLY =
  'query Partly($id: ID!) { viewer { user { id } } document(id: $id) { contentAt(revision: 99) } }';

/** A Following, with the ways to fill it. */
export function createFollowing(stop: () => void) {
  const cursors: number[] = [];
  const contents: string[] = [];
  let ended: Reasons | undefined;
  return {
    cursors,
    contents,
    get ended() {
      return ended;
    },
    stop,
    take(cursor: number, content: string): void {
      cursors.push(cursor);
      contents.push(content);
    },
    end(reasons: Reasons): void {
      ended ??= reasons;
    },
  };
}
