import type { Result, Stream } from './guest.ts';

/** What a result of `collaborationUpdates`, or the query for it, carries. */
export interface Session {
  readonly participants: readonly {
    readonly user: { readonly id: string };
    readonly clientCount: number;
    readonly cursor?: { readonly position: number } | null;
  }[];
}
/** What a result of `collaborationEvents` carries. */
export interface Event {
  readonly __typename: string;
  readonly clientId?: string | null;
  readonly user?: { readonly id: string };
}

export const sessionOf = ({ data }: Result) => data?.['collaborationUpdates'] as Session | undefined;
export const eventOf = ({ data }: Result) => data?.['collaborationEvents'] as Event | undefined;
/** All clients of all who are there. */
export const clientsIn = (session: Session | undefined): number =>
  session?.participants.reduce((sum, { clientCount }) => sum + clientCount, 0) ?? 0;
/** Where a user's cursor is; undefined when there is none. */
export const cursorOf = (session: Session | undefined, userId: string): number | undefined =>
  session?.participants.find(({ user }) => user.id === userId)?.cursor?.position;
/** Whether a result is such an event of such a user. */
export const isEvent =
  (type: string, userId: string) =>
  (result: Result): boolean =>
    eventOf(result)?.__typename === type && eventOf(result)?.user?.id === userId;
/** The last result that has come. */
export const newest = (stream: Stream): Result => stream.results.at(-1) ?? {};
