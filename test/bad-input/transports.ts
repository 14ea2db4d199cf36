import { openSocket, type RawSocket, soon } from '../support/raw-socket.ts';

/** What a server says to an operation: the first result, and for a subscription the only one that is read. */
export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Refusal }[];
}

/** The part of an error that programs read. */
export interface Refusal {
  readonly code: string;
  readonly argument?: string;
}

/** A way to the server. Operations go as the JSON text that they are given as, well-formed or not. */
export interface Transport {
  ask(token: string, operation: string): Promise<Answer>;
  close(): void;
}

/** The text of an operation; variables may be JSON text already, for numbers that JavaScript would not write. */
export const operationText = (query: string, variables: object | string = {}): string =>
  `{"query":${JSON.stringify(query)},"variables":${typeof variables === 'string' ? variables : JSON.stringify(variables)}}`;

const isSubscription = (operation: string): boolean => operation.startsWith('{"query":"subscription');

/** The first result of an event stream. */
const firstResult = (text: string): Answer => JSON.parse(/^data:(.+)$/m.exec(text)?.[1] ?? 'null') as Answer;

/** A request each; subscriptions as event streams. An empty token is none. */
export const httpTransport = (url: string): Transport => ({
  async ask(token, operation) {
    const streams = isSubscription(operation);
    const request = fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: streams ? 'text/event-stream' : 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: operation,
    });
    const text = await soon(
      request.then((response) => response.text()),
      'an answer',
    );
    return streams ? firstResult(text) : (JSON.parse(text) as Answer);
  },
  close() {},
});

/** One socket for each token, for as long as the transport is open: what is refused must not close it. */
export const socketTransport = (url: string): Transport => {
  const sockets = new Map<string, RawSocket>();
  let count = 0;

  async function socketOf(token: string): Promise<RawSocket> {
    const known = sockets.get(token);
    if (known) return known;
    const socket = await openSocket(`${url.replace('http', 'ws')}/graphql`);
    sockets.set(token, socket);
    await socket.init({ token });
    return socket;
  }

  return {
    async ask(token, operation) {
      const socket = await socketOf(token);
      count += 1;
      const id = `${count}`;
      socket.send(`{"id":"${id}","type":"subscribe","payload":${operation}}`);
      const message = await socket.next();
      if (message.id !== id) throw new Error(`got ${JSON.stringify(message)} instead of an answer to ${id}`);
      if (message.type === 'error') return { errors: message.payload } as Answer;
      const end = await socket.next();
      if (end.type !== 'complete') throw new Error(`got ${JSON.stringify(end)} instead of the end of ${id}`);
      return message.payload as Answer;
    },
    close() {
      for (const socket of sockets.values()) socket.ws.terminate();
    },
  };
};
