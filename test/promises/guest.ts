import type { RawData } from 'ws';
import { type Message, openSocket, type RawSocket, until } from '../support/raw-socket.ts';
import { type TokenOptions, tokenFor } from '../support/tokens.ts';

/** What an operation gives, once or again and again. */
export interface Result {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

/** A subscription, whichever way it comes. */
export interface Stream {
  /** All that has come. */
  readonly results: readonly Result[];
  /** The next result that nobody has taken yet. */
  next(): Promise<Result>;
  /** The first result from now on, of those that nobody has taken, that is such a one. */
  find(isIt: (result: Result) => boolean): Promise<Result>;
  /** Resolves with all results when the server has ended it. */
  ended(): Promise<readonly Result[]>;
  /** The reader wants no more. */
  stop(): void;
}

/** Somebody at an acknowledged socket. */
export interface Guest {
  readonly socket: RawSocket;
  /** Runs a query or a mutation. Rejects with the socket's end when no answer comes before. */
  ask(query: string, variables?: object): Promise<Result>;
  subscribe(query: string, variables?: object): Stream;
}

interface Growing extends Stream {
  push(result: Result): void;
  end(): void;
}

function createStream(stop: () => void): Growing {
  const results: Result[] = [];
  let taken = 0;
  let over = false;

  async function next(): Promise<Result> {
    await until(() => taken < results.length || over, 'the next result');
    const result = results[taken];
    if (!result) throw new Error(`the stream has ended with ${JSON.stringify(results.at(-1))}`);
    taken += 1;
    return result;
  }

  return {
    results,
    stop,
    next,
    push: (result) => void results.push(result),
    end() {
      over = true;
    },
    async find(isIt) {
      for (;;) {
        const result = await next();
        if (isIt(result)) return result;
      }
    },
    async ended() {
      await until(() => over, 'the end of the stream');
      return results;
    },
  };
}

const toSocketUrl = (url: string): string => `${url.replace('http', 'ws')}/graphql`;

export interface GuestOptions extends TokenOptions {
  readonly clientId?: string;
}

/** Connects a user to a server. */
export async function openGuest(
  url: string,
  userId: string,
  { clientId, ...claims }: GuestOptions = {},
): Promise<Guest> {
  const socket = await openSocket(toSocketUrl(url));
  await socket.init({ token: await tokenFor(userId, claims), ...(clientId !== undefined && { clientId }) });
  /** The operations under way, by id. */
  const streams = new Map<string, Growing>();
  let count = 0;

  socket.ws.on('message', (data: RawData) => {
    const { id = '', type, payload } = JSON.parse((data as Buffer).toString()) as Message;
    const stream = streams.get(id);
    if (type === 'next') stream?.push(payload as Result);
    if (type === 'error') stream?.push({ errors: payload } as Result);
    if (type === 'next') return;
    stream?.end();
    streams.delete(id);
  });
  socket.ws.once('close', () => {
    for (const stream of streams.values()) stream.end();
  });

  function subscribe(query: string, variables?: object): Stream {
    count += 1;
    const id = String(count);
    const stream = createStream(() => socket.send({ id, type: 'complete' }));
    streams.set(id, stream);
    socket.subscribe(id, query, variables);
    return stream;
  }

  return { socket, subscribe, ask: (query, variables) => subscribe(query, variables).next() };
}

/** Subscribes by an event stream over HTTP. */
export async function openEventStream(
  url: string,
  userId: string,
  query: string,
  variables: object = {},
  claims: TokenOptions = {},
): Promise<Stream> {
  const aborter = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${await tokenFor(userId, claims)}`,
    },
    body: JSON.stringify({ query, variables }),
    signal: aborter.signal,
  });
  const stream = createStream(() => aborter.abort());
  void readEvents(response, stream)
    .catch(() => undefined)
    .finally(() => stream.end());
  return stream;
}

async function readEvents(response: Response, stream: Growing): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^event: next\n(?:id: \d+\n)?data: ?(.+)$/.exec(event)?.[1];
      if (data !== undefined) stream.push(JSON.parse(data) as Result);
    }
  }
}

/** The two ways in which a subscription may come. */
export type Way = 'socket' | 'event stream';
export const WAYS: readonly Way[] = ['socket', 'event stream'];

/** Subscribes as a user who does nothing else. The returned stream's `stop` closes the connection, too. */
export async function follow(
  way: Way,
  url: string,
  userId: string,
  query: string,
  variables: object = {},
): Promise<Stream> {
  if (way === 'event stream') return openEventStream(url, userId, query, variables);
  const guest = await openGuest(url, userId);
  return { ...guest.subscribe(query, variables), stop: () => guest.socket.ws.terminate() };
}

export const CHANGES =
  'subscription ($id: ID!, $after: Int, $echo: Boolean! = false) { documentChanges(documentId: $id, after: $after, echo: $echo) { revision content clientId userId user { name } } }';
export const EVENTS =
  'subscription ($id: ID!) { collaborationEvents(documentId: $id) { __typename ... on UserJoined { user { id } } ... on UserLeft { user { id } } ... on CursorMoved { user { id } } ... on SessionSnapshot { session { activeUsers } } } }';
export const SESSION =
  'subscription ($id: ID!) { collaborationUpdates(documentId: $id) { participants { user { id } clientCount } } }';

const CREATE =
  'mutation ($id: ID!, $content: String!) { createDocument(input: { id: $id, title: "Notes", content: $content }) { id } }';
const SHARE =
  'mutation ($id: ID!, $user: ID!) { addCollaborator(documentId: $id, userId: $user, role: EDITOR) { id } }';
const INSERT =
  'mutation ($id: ID!, $content: String!, $changeId: ID) { applyDocumentChange(documentId: $id, changeId: $changeId, change: { changeType: INSERT, position: 0, content: $content }) { revision } }';

/** The data of an operation that must succeed. */
export async function must(answer: Promise<Result>): Promise<NonNullable<Result['data']>> {
  const { data, errors } = await answer;
  if (!data || errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** Creates a document and shares it. */
export async function createDocument(
  owner: Guest,
  id: string,
  { content = '', editors = [] }: { content?: string; editors?: readonly string[] } = {},
): Promise<void> {
  await must(owner.ask(CREATE, { id, content }));
  for (const user of editors) await must(owner.ask(SHARE, { id, user }));
}

/** Inserts at the beginning. Resolves with the new revision. */
export async function insert(guest: Guest, id: string, content: string, changeId?: string): Promise<number> {
  const data = await must(guest.ask(INSERT, { id, content, changeId }));
  return (data['applyDocumentChange'] as { revision: number }).revision;
}

export interface Change {
  readonly revision: number;
  readonly content: string;
  readonly clientId: string | null;
  readonly userId: string;
  readonly user: { readonly name: string };
}

/** The change that a result of `CHANGES` carries. */
export const changeOf = ({ data }: Result): Change | undefined =>
  data?.['documentChanges'] as Change | undefined;

/** The event that a result of `EVENTS` carries, in short: `UserLeft bob`. */
export function eventOf({ data }: Result): string {
  const event = data?.['collaborationEvents'] as { __typename: string; user?: { id: string } } | undefined;
  return [event?.__typename, event?.user?.id].filter(Boolean).join(' ');
}

/** The code of a result that is an error. */
export const codeOf = ({ errors }: Result): unknown => errors?.[0]?.extensions['code'];

/** The revisions from one to another, as a stream has to give them. */
export const revisions = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
