import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { FORM_HEADERS, file, formOf, map, operations } from '../support/form.ts';
import { type TokenOptions, tokenFor } from '../support/tokens.ts';
import { must, type Result } from './guest.ts';

const UPLOAD = 'mutation ($file: File!) { uploadDocument(file: $file) { id } }';
const CREATE =
  'mutation ($content: String!) { createDocument(input: { title: "Notes", content: $content }) { id } }';
const START =
  'mutation ($id: ID!, $request: ProcessingRequest! = {}) { startProcessing(documentId: $id, request: $request) { id } }';
const START_BATCH =
  'mutation ($ids: [ID!]!, $request: ProcessingRequest! = {}) { startBatch(documentIds: $ids, request: $request) { batchId } }';

/** Milliseconds in which whatever is asked for ends, also on a machine with much else to do. */
const PATIENCE_MS = 120_000;
/** Milliseconds between two looks. */
const LOOK_MS = 50;

/** A job or a batch, as it is polled. */
export interface State {
  readonly status: string;
  readonly finishedAt: string | null;
  readonly [field: string]: unknown;
}

/** Somebody who has files processed, over HTTP alone. */
export interface Clerk {
  ask(query: string, variables?: object): Promise<Result>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Sends a file to be a document. */
  send(content: string | Uint8Array, name: string): Promise<Result>;
  /** The same, where it must go well; gives the document's id. */
  upload(content: string | Uint8Array, name: string): Promise<string>;
  create(content?: string): Promise<string>;
  /** Asks for a job; gives its id. */
  start(documentId: string, request?: object): Promise<string>;
  startBatch(documentIds: readonly string[], request?: object): Promise<string>;
  /** Resolves with the state of a job or a batch at its end. */
  ended(path: string): Promise<State>;
}

export function createClerk(url: string, userId: string, claims: TokenOptions = {}): Clerk {
  const signed = tokenFor(userId, claims).then((token) => ({ authorization: `Bearer ${token}` }));

  async function post(
    body: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>>,
  ): Promise<Result> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { ...(await signed), ...headers },
      body,
    });
    return (await response.json()) as Result;
  }

  const ask: Clerk['ask'] = (query, variables = {}) =>
    post(JSON.stringify({ query, variables }), { 'content-type': 'application/json' });
  const get: Clerk['get'] = async (path, headers = {}) =>
    fetch(`${url}${path}`, { headers: { ...(await signed), ...headers } });
  const send: Clerk['send'] = (content, name) =>
    post(
      new Uint8Array(
        formOf(
          operations({ query: UPLOAD, variables: { file: null } }),
          map({ 0: ['variables.file'] }),
          file('0', content, name),
        ),
      ),
      FORM_HEADERS,
    );

  const text = async (answer: Promise<Result>, field: string, key: string): Promise<string> =>
    ((await must(answer))[field] as Record<string, string>)[key] ?? '';

  return {
    ask,
    get,
    send,
    upload: (content, name) => text(send(content, name), 'uploadDocument', 'id'),
    create: (content = '') => text(ask(CREATE, { content }), 'createDocument', 'id'),
    start: (id, request) => text(ask(START, { id, request }), 'startProcessing', 'id'),
    startBatch: (ids, request) => text(ask(START_BATCH, { ids, request }), 'startBatch', 'batchId'),
    async ended(path) {
      const giveUpAt = Date.now() + PATIENCE_MS;
      for (;;) {
        const response = await get(path);
        const state = (await response.json()) as State;
        if (response.status !== 200) throw new Error(`${path}: ${JSON.stringify(state)}`);
        if (state.finishedAt !== null) return state;
        if (Date.now() > giveUpAt) throw new Error(`${path} has not ended: ${JSON.stringify(state)}`);
        await sleep(LOOK_MS);
      }
    },
  };
}

/** A good file goes through all of its steps, by the same worker or a new one. */
export async function expectWell(clerk: Clerk): Promise<void> {
  const id = await clerk.upload('A good text about the weather.', 'good.txt');
  expect(await clerk.ended(`/api/jobs/${await clerk.start(id)}`)).toMatchObject({
    status: 'COMPLETED',
    attempt: 1,
    error: null,
    result: { revision: 1, language: { code: 'en' }, statistics: { words: 6 } },
  });
}
