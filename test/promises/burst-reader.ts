import type { RawData } from 'ws';
import { type Message, openSocket } from '../support/raw-socket.ts';
import { tokenFor } from '../support/tokens.ts';
import { type Change, changeOf, codeOf, type Result, type Way } from './guest.ts';

/** The selections that readers have: the second one is made in a promise. */
export const SELECTIONS = ['revision content', 'revision content user { name }'] as const;

const ID = 'reader';

export interface ReaderOptions {
  readonly url: string;
  readonly way: Way;
  readonly userId: string;
  readonly documentId: string;
  /** Null: from now on. */
  readonly after: number | null;
  readonly selection: (typeof SELECTIONS)[number];
}

/** Somebody who reads a document's changes and does nothing else. */
export interface Reader extends ReaderOptions {
  readonly changes: readonly Pick<Change, 'revision' | 'content'>[];
  /** The code with which the server has ended it; null while it has not. */
  readonly endedWith: string | null;
  /** What is wrong with the form of what came: messages after the end, an end without an error, a lost connection. */
  readonly faults: readonly string[];
  /** Stops to take anything from the connection, until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

const queryOf = (selection: string): string =>
  `subscription ($id: ID!, $after: Int) { documentChanges(documentId: $id, after: $after, echo: true) { ${selection} } }`;

/** Keeps what a reader is sent, and sees to its form: changes, then one error, then `complete`, then nothing. */
function createRecord() {
  const changes: Change[] = [];
  const faults: string[] = [];
  let code: string | null = null;
  let over = false;

  return {
    changes,
    faults,
    get endedWith() {
      return over ? code : null;
    },
    /** `isRefusal`: the subscription did not begin, and no `complete` follows. */
    result(result: Result, isRefusal = false): void {
      if (over || code !== null) faults.push(`a message after the last one: ${JSON.stringify(result)}`);
      const change = changeOf(result);
      if (result.errors) code = String(codeOf(result));
      else if (change) changes.push(change);
      else faults.push(`neither a change nor an error: ${JSON.stringify(result)}`);
      if (isRefusal) over = true;
    },
    complete(): void {
      if (over) faults.push('a second end');
      if (code === null) faults.push('an end without an error');
      over = true;
    },
    lost(why: string): void {
      if (!over) faults.push(why);
    },
  };
}

type Record = ReturnType<typeof createRecord>;

/** Opens a reader. Resolves when the subscription is on its way. */
export async function openReader(options: ReaderOptions): Promise<Reader> {
  const record = createRecord();
  const open = options.way === 'socket' ? openSocketReader : openEventReader;
  const handle = await open(options, record);
  return {
    ...options,
    ...handle,
    changes: record.changes,
    faults: record.faults,
    get endedWith() {
      return record.endedWith;
    },
  };
}

type Handle = Pick<Reader, 'pause' | 'resume' | 'close'>;

async function openSocketReader(options: ReaderOptions, record: Record): Promise<Handle> {
  const { url, userId, documentId, after, selection } = options;
  const socket = await openSocket(`${url.replace('http', 'ws')}/graphql`);
  await socket.init({ token: await tokenFor(userId) });
  let closed = false;
  socket.ws.on('message', (data: RawData) => {
    const { type, payload } = JSON.parse((data as Buffer).toString()) as Message;
    if (type === 'next') record.result(payload as Result);
    else if (type === 'error') record.result({ errors: payload } as Result, true);
    else if (type === 'complete') record.complete();
  });
  socket.ws.once('close', (code) => {
    if (!closed) record.lost(`the socket was closed with ${code}`);
  });
  socket.subscribe(ID, queryOf(selection), { id: documentId, after });
  return {
    pause: () => socket.ws.pause(),
    resume: () => socket.ws.resume(),
    close() {
      closed = true;
      socket.ws.terminate();
    },
  };
}

async function openEventReader(options: ReaderOptions, record: Record): Promise<Handle> {
  const { url, userId, documentId, after, selection } = options;
  const aborter = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${await tokenFor(userId)}`,
    },
    body: JSON.stringify({ query: queryOf(selection), variables: { id: documentId, after } }),
    signal: aborter.signal,
  });
  let gate = Promise.resolve();
  let openGate = (): void => {};

  const take = (event: string): void => {
    const data = /^data: ?(.+)$/m.exec(event)?.[1];
    if (event.startsWith('event: next') && data !== undefined) record.result(JSON.parse(data) as Result);
    else if (event.startsWith('event: complete')) record.complete();
  };

  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      await gate;
      text += decoder.decode(chunk, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) take(event);
    }
    // A subscription that is refused is answered like a query, in one result.
    if (record.endedWith === null) record.lost('the event stream was closed');
  };
  void read().catch((error: unknown) => {
    if (!aborter.signal.aborted) record.lost(`the event stream broke off: ${String(error)}`);
  });

  return {
    pause() {
      gate = new Promise((resolve) => {
        openGate = resolve;
      });
    },
    resume: () => openGate(),
    close() {
      openGate();
      aborter.abort();
    },
  };
}
