import { type RawData, WebSocket } from 'ws';

const CHANGES =
  'subscription ($id: ID!, $after: Int) { documentChanges(documentId: $id, after: $after, echo: true) { revision position length content user { id name } timestamp } }';
const SESSION =
  'subscription ($id: ID!) { collaborationUpdates(documentId: $id) { participants { user { id name } status clientCount cursor { position } } } }';
const EVENTS = `subscription ($id: ID!) { collaborationEvents(documentId: $id) {
  __typename ... on CursorMoved { user { id } clientId position { position } } ... on UserJoined { user { id name } } ... on UserLeft { user { id } }
} }`;
const MOVE =
  'mutation ($id: ID!, $at: Int!) { updateCursorPosition(documentId: $id, position: { line: 0, column: $at, position: $at }) }';

export const topics = { changes: CHANGES, session: SESSION, events: EVENTS } as const;
export type Topic = keyof typeof topics;

/** Where a message has its type and the beginning of its payload. */
const HEAD_CHARS = 80;

export interface VisitorOptions {
  readonly url: string;
  readonly token: string;
  readonly clientId: string;
  readonly documentId: string;
  readonly topics: readonly Topic[];
  /** Behind which revision the changes begin; null: from now on. */
  readonly after: number | null;
  readonly onDelivery: () => void;
  /** What should not come: an error, a gap in the log. */
  readonly onProblem: (what: string) => void;
  /** The socket is closed, by whomever. */
  readonly onClose: (code: number) => void;
}

/** A socket that subscribes and looks at what comes only as far as it must. */
export interface Visitor {
  readonly documentId: string;
  /** True once it is acknowledged and has subscribed. */
  readonly isIn: boolean;
  /** True when it is in the document's session by a subscription. */
  readonly isPresent: boolean;
  readonly isPaused: boolean;
  moveCursor(at: number): void;
  /** Ends one of its subscriptions and begins it anew. */
  renew(topic: Topic): void;
  pause(): void;
  resume(): void;
  /** Goes: with `complete` for all and a close frame, with a close frame, or without a word. */
  leave(manner: 'politely' | 'quickly' | 'silently'): void;
}

/** Opens one. It never throws: what goes wrong is told. */
export function openVisitor(options: VisitorOptions): Visitor {
  const { documentId, onDelivery, onProblem } = options;
  const ws = new WebSocket(`${options.url.replace('http', 'ws')}/graphql`, ['graphql-transport-ws'], {
    perMessageDeflate: false,
  });
  /** The operation of each topic, of which a visitor has one at a time. */
  const running = new Map<Topic, string>();
  let isIn = false;
  let isPaused = false;
  let operations = 0;
  let revision: number | null = null;

  const send = (message: object): void => {
    if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify(message));
  };

  const start = (query: string, variables: object): string => {
    operations += 1;
    const id = String(operations);
    send({ id, type: 'subscribe', payload: { query, variables } });
    return id;
  };

  const subscribe = (topic: Topic, after: number | null): void => {
    if (topic === 'changes') revision = after;
    running.set(topic, start(topics[topic], { id: documentId, ...(topic === 'changes' && { after }) }));
  };

  const follow = (text: string): void => {
    const found = Number(/"revision":(\d+)/.exec(text)?.[1]);
    if (revision !== null && found !== revision + 1) {
      onProblem(`revision ${found} of ${documentId} came after ${revision}`);
    }
    revision = found;
  };

  const take = (text: string): void => {
    const head = text.slice(0, HEAD_CHARS);
    if (head.includes('"errors"') || head.includes('"type":"error"')) onProblem(text.slice(0, 300));
    else if (head.includes('"documentChanges"')) {
      onDelivery();
      // One that was ended a moment ago may still have been on its way.
      if (head.startsWith(`{"id":"${running.get('changes')}"`)) follow(text);
    } else if (head.includes('"collaboration')) onDelivery();
    else if (head.includes('"connection_ack"')) {
      for (const topic of options.topics) subscribe(topic, options.after);
      isIn = true;
    }
  };

  ws.on('message', (data: RawData) => take((data as Buffer).toString()));
  ws.on('open', () =>
    send({ type: 'connection_init', payload: { token: options.token, clientId: options.clientId } }),
  );
  ws.on('error', () => {});
  ws.once('close', (code) => {
    isIn = false;
    options.onClose(code);
  });

  return {
    documentId,
    get isIn() {
      return isIn;
    },
    isPresent: options.topics.some((topic) => topic !== 'changes'),
    get isPaused() {
      return isPaused;
    },
    moveCursor: (at) => void start(MOVE, { id: documentId, at }),
    renew(topic) {
      const id = running.get(topic);
      if (id === undefined || isPaused) return;
      send({ id, type: 'complete' });
      subscribe(topic, topic === 'changes' ? revision : null);
    },
    pause() {
      isPaused = true;
      ws.pause();
    },
    resume() {
      isPaused = false;
      ws.resume();
    },
    leave(manner) {
      if (manner === 'silently' || isPaused || ws.readyState !== WebSocket.OPEN) return ws.terminate();
      if (manner === 'politely') for (const id of running.values()) send({ id, type: 'complete' });
      ws.close(1000);
    },
  };
}
