import type { ObjectRef } from '@pothos/core';
import { badInput } from '../errors.ts';
import type { Builder, BuilderTypes } from './builder.ts';

/** A page of a list in the manner of Relay's connections. */
export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  totalCount(): Promise<number>;
}

/** Checks `first` against the limit of the page size. Throws BAD_USER_INPUT. */
export function checkFirst(first: number, most: number): void {
  if (first < 1 || first > most) throw badInput('first', `first must be between 1 and ${most}.`);
}

/** A cursor that says where a row stands in the order of its list. */
export const toCursor = (position: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** What a cursor of `toCursor` holds. Throws BAD_USER_INPUT unless it is one of a number and a string. */
export function readCursor(cursor: string): readonly [number, string] {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(position) && position.length === 2) {
      const [at, id] = position as readonly unknown[];
      if (Number.isSafeInteger(at) && typeof id === 'string') return [at as number, id];
    }
  } catch {
    // Not ours: refused below.
  }
  throw badInput('after', 'after is not a cursor of this list. Take it from pageInfo.endCursor or an edge.');
}

/** A page from one row more than was asked for; the extra row only tells that there is a next page. */
export function connectionOf<Node>(
  rows: readonly Node[],
  { first, after }: { first: number; after: string | null | undefined },
  cursorOf: (node: Node) => string,
  totalCount: () => Promise<number>,
): Connection<Node> {
  const edges = rows.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: after != null,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  };
}

const pageInfos = new WeakMap<Builder, ReturnType<typeof pageInfoType>>();

const pageInfoType = (builder: Builder) =>
  builder.objectRef<Connection<unknown>['pageInfo']>('PageInfo').implement({
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage'),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
      startCursor: t.exposeString('startCursor', { nullable: true }),
      endCursor: t.exposeString('endCursor', { nullable: true }),
    }),
  });

/** Adds `<name>Connection` and `<name>Edge` (and PageInfo with the first of them) to the schema. */
export function connectionTypes<Node>(
  builder: Builder,
  name: string,
  nodeRef: ObjectRef<BuilderTypes, Node>,
) {
  const PageInfo = pageInfos.get(builder) ?? pageInfoType(builder);
  pageInfos.set(builder, PageInfo);
  const Edge = builder.objectRef<Connection<Node>['edges'][number]>(`${name}Edge`).implement({
    fields: (t) => ({
      cursor: t.exposeString('cursor'),
      node: t.field({ type: nodeRef, resolve: ({ node }) => node as never }),
    }),
  });
  return builder.objectRef<Connection<Node>>(`${name}Connection`).implement({
    fields: (t) => ({
      edges: t.field({ type: [Edge], resolve: ({ edges }) => [...edges] }),
      pageInfo: t.field({ type: PageInfo, resolve: ({ pageInfo }) => pageInfo }),
      totalCount: t.int({ resolve: (connection) => connection.totalCount() }),
    }),
  });
}
