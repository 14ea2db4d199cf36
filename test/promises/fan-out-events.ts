import { Agent, type IncomingMessage, request } from 'node:http';
import { soon, until } from '../support/raw-socket.ts';
import { tokenFor } from '../support/tokens.ts';
import type { Result } from './guest.ts';

/** An event of a stream, with the id that it was sent with. */
export interface StreamEvent {
  readonly event: string;
  readonly id: string | null;
  /** Null where it has no data. */
  readonly result: Result | null;
}

export interface EventsOptions {
  readonly query: string;
  readonly variables?: object;
  /** The header of this name. */
  readonly lastEventId?: string;
  /** By GET, as EventSource asks; by POST when left out. */
  readonly byGet?: boolean;
  readonly onEvent?: (event: StreamEvent) => void;
  /** False: `all` stays empty, for streams that are long. */
  readonly keeps?: boolean;
}

/** An event stream over a connection of its own. */
export interface Events {
  /** Of this end; a server finds the connection by it. */
  readonly localPort: number;
  readonly all: readonly StreamEvent[];
  /** True when it is over, whoever has ended it. */
  readonly gone: boolean;
  /** Takes nothing from the connection until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Breaks the connection. */
  readonly abort: () => void;
  /** Resolves with all events when it is over. */
  ended(): Promise<readonly StreamEvent[]>;
}

const eventOf = (block: string): StreamEvent => {
  const fields = new Map(
    block.split('\n').map((line) => {
      const [name = '', ...rest] = line.split(':');
      return [name, rest.join(':').trimStart()];
    }),
  );
  const data = fields.get('data');
  return {
    event: fields.get('event') ?? '',
    id: fields.get('id') ?? null,
    result: data ? (JSON.parse(data) as Result) : null,
  };
};

/** Subscribes by an event stream. Resolves when its head has come. */
export const openEvents = async (
  url: string,
  userId: string,
  { query, variables = {}, lastEventId, byGet = false, onEvent = () => {}, keeps = true }: EventsOptions,
): Promise<Events> => {
  const all: StreamEvent[] = [];
  let gone = false;
  let text = '';
  const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  const outgoing = request(byGet ? `${url}/graphql?${search.toString()}` : `${url}/graphql`, {
    method: byGet ? 'GET' : 'POST',
    agent: new Agent({ maxSockets: 1 }),
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${await tokenFor(userId)}`,
      ...(!byGet && { 'content-type': 'application/json' }),
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
  });
  outgoing.end(byGet ? undefined : JSON.stringify({ query, variables }));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
  });
  const response = await soon(answered, 'the head of an event stream');
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      // A comment says nothing.
      if (block.startsWith(':')) continue;
      const event = eventOf(block);
      if (keeps) all.push(event);
      onEvent(event);
    }
  });
  // A broken connection is what some tests are about; they see it by `gone`.
  response.on('error', () => {});
  response.once('close', () => {
    gone = true;
  });

  return {
    localPort: response.socket.localPort ?? 0,
    all,
    get gone() {
      return gone;
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    abort: () => void response.destroy(),
    async ended() {
      await until(() => gone, 'the end of an event stream');
      return all;
    },
  };
};
