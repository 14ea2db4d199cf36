import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/platform/config.ts';
import { openSocket, type RawSocket } from '../../support/raw-socket.ts';
import { testSecret, tokenFor } from '../../support/tokens.ts';
import type { GraphQLAnswer } from '../server/edge.ts';

/** LIMIT_DOCUMENT_CHARS: an operation is given 200 characters of text. */
const DOCUMENT_CHARS = 100;
const REVISIONS = 12;

const text = (revision: number): string => String.fromCharCode(96 + revision).repeat(60);
const aliases = (count: number, field: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `a${index}: ${field(index)}`).join(' ');

describe('an operation over the whole pipeline', () => {
  let directory: string;
  let app: App;
  let url: string;
  let token: string;
  let socket: RawSocket;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quire-budgets-'));
    const env = { DATA_DIR: directory, PORT: '0', AUTH_SECRET: testSecret };
    const config = readConfig({ ...env, LIMIT_DOCUMENT_CHARS: String(DOCUMENT_CHARS) });
    app = await createApp(config, pino({ level: 'silent' }));
    ({ url } = await app.listen());
    token = await tokenFor('ada');
    socket = await openSocket(`${url.replace('http', 'ws')}/graphql`);
    await socket.init({ token });
    const input = { id: 'd', title: 'Notes', content: text(1) };
    await must('mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { id } }', { input });
    for (let revision = 2; revision <= REVISIONS; revision += 1) {
      const change = { changeType: 'REPLACE', position: 0, length: 60, content: text(revision) };
      await must(
        'mutation ($change: DocumentChangeInput!) { applyDocumentChange(documentId: "d", change: $change) { revision } }',
        { change },
      );
    }
  });
  afterAll(async () => {
    socket.ws.terminate();
    await app.close();
    await rm(directory, { recursive: true, force: true });
  });

  const body = async (query: string, variables: object): Promise<string> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const request = { method: 'POST', headers, body: JSON.stringify({ query, variables }) };
    return (await fetch(`${url}/graphql`, request)).text();
  };

  /** The same answer, over HTTP and on a socket, which tells a refusal without data. */
  const ask = async (query: string, variables: object = {}): Promise<GraphQLAnswer> => {
    const overHttp = JSON.parse(await body(query, variables)) as GraphQLAnswer;
    socket.subscribe('1', query, variables);
    const { type, payload } = await socket.next();
    if (type === 'next') await socket.next();
    expect(type === 'error' ? { errors: payload } : payload).toEqual(overHttp);
    return overHttp;
  };

  async function must(query: string, variables: object = {}): Promise<unknown> {
    const { data, errors } = JSON.parse(await body(query, variables)) as GraphQLAnswer;
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  const codes = ({ errors = [] }: GraphQLAnswer): unknown[] =>
    errors.map(({ extensions }) => extensions['code']);

  describe('that costs too much', () => {
    const texts = aliases(30, (index) => `contentAt(revision: ${index % REVISIONS})`);

    it.each([
      ['with a literal', `{ documents(first: 100) { edges { node { ${texts} } } } }`, {}],
      [
        'with a variable',
        `query ($n: Int!) { documents(first: $n) { edges { node { ${texts} } } } }`,
        { n: 100 },
      ],
      ['with the default of the schema', `{ documents { edges { node { ${texts} } } } }`, {}],
    ])('is refused as a whole %s', async (_how, query, variables) => {
      const answer = await ask(query, variables);
      expect(answer).not.toHaveProperty('data');
      expect(codes(answer)).toEqual(['OPERATION_TOO_COMPLEX']);
      expect(answer.errors?.[0]?.message).toMatch(/^Cost limit of 5000 exceeded, found \d+\.$/);
    });

    it('is not the largest page of the log, nor a page of the list, by a literal or a variable', async () => {
      const log = {
        document: { changes: Array.from({ length: REVISIONS }, (_, n) => ({ revision: n + 1 })) },
      };
      expect((await ask('{ document(id: "d") { changes(first: 1000) { revision } } }')).data).toEqual(log);
      const byVariable = 'query ($n: Int!) { document(id: "d") { changes(first: $n) { revision } } }';
      expect((await ask(byVariable, { n: 1_000 })).data).toEqual(log);
      expect(codes(await ask('{ documents(first: 100) { edges { node { content } } } }'))).toEqual([]);
    });

    it.each([0, -1, 1_001, 2 ** 31 - 1])('is none that asks for %i: an argument is wrong', async (n) => {
      const query = `{ document(id: "d") { changes(first: ${n}) { revision } } }`;
      const [error] = (await ask(query)).errors ?? [];
      expect(error?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'first' });
    });
  });

  describe('that asks for much text', () => {
    it.each([
      ['the text', aliases(30, () => 'content')],
      ['texts of the past', aliases(30, (index) => `contentAt(revision: ${1 + (index % REVISIONS)})`)],
      ['the texts of changes', aliases(5, () => 'changes { content }')],
    ])('is given no more of %s than so much', async (_what, fields) => {
      const answer = await ask(`{ document(id: "d") { ${fields} } }`);
      expect(codes(answer)).toEqual(['OPERATION_TOO_COMPLEX']);
      expect(answer.data).toEqual({ document: null });
    });

    it('is given so much, each time', async () => {
      const query = '{ document(id: "d") { content contentAt(revision: 1) } }';
      const document = { content: text(REVISIONS), contentAt: text(1) };
      for (let time = 0; time < 5; time += 1) expect((await ask(query)).data).toEqual({ document });
    });
  });

  it('that is a subscription is given so much with each event', async () => {
    socket.subscribe(
      's',
      'subscription { documentChanges(documentId: "d", after: 0, echo: true) { revision content } }',
    );
    for (let revision = 1; revision <= REVISIONS; revision += 1) {
      const documentChanges = { revision, content: text(revision) };
      expect(await socket.next()).toEqual({ id: 's', type: 'next', payload: { data: { documentChanges } } });
    }
    socket.send({ id: 's', type: 'complete' });
  });
});
