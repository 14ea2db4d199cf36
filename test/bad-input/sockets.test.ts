import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSocket, type RawSocket } from '../support/raw-socket.ts';
import { shown } from './row.ts';
import { type Person, type Stage, setStage } from './stage.ts';
import { socketTransport } from './transports.ts';

/** LIMIT_MESSAGE_BYTES, as it is by default. */
const MESSAGE_BYTES = 262_144;
const QUERY = '{ viewer { tenantId } }';
const CHANGES = 'subscription { documentChanges(documentId: "shared", echo: true) { revision } }';

let stage: Stage;
/** Has a subscription, and nothing to do with what the others do. */
let bystander: RawSocket;

const open = () => openSocket(`${stage.url.replace('http', 'ws')}/graphql`);

async function openAs(person: Person): Promise<RawSocket> {
  const socket = await open();
  await socket.init({ token: await stage.token(person) });
  return socket;
}

/** The server has taken a message in once it answers the next. */
async function settled(socket: RawSocket): Promise<void> {
  socket.send({ type: 'ping' });
  expect((await socket.next()).type).toBe('pong');
}

beforeAll(async () => {
  stage = await setStage();
  bystander = await openAs('ada');
  bystander.subscribe('1', CHANGES);
  await settled(bystander);
});
afterAll(async () => {
  bystander.ws.terminate();
  await stage.expectRestUntouched();
  await stage.close();
});

/** Expects that the socket is closed with the code, and that nobody else notices. */
async function expectClosed(socket: RawSocket, code: number): Promise<void> {
  expect((await socket.closed()).code).toBe(code);
  await stage.expectUntouched(stage.socket);
  const again = socketTransport(stage.url);
  try {
    await stage.expectUntouched(again);
  } finally {
    again.close();
  }
}

const subscribe = (payload: unknown, id: unknown = '1') => JSON.stringify({ id, type: 'subscribe', payload });
const padded = (bytes: number): string => {
  const empty = JSON.stringify({ type: 'ping', payload: { padding: '' } });
  return empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`);
};

const messages: [what: string, message: string | Buffer, code: number][] = [
  ['malformed JSON', '{', 4400],
  ['nothing', '', 4400],
  ['NaN', '{"type":"ping","payload":{"a":NaN}}', 4400],
  ['null', 'null', 4400],
  ['a list', '[{"type":"ping"}]', 4400],
  ['a text', '"ping"', 4400],
  ['no type', '{}', 4400],
  ['a type called __proto__', '{"type":"__proto__"}', 4400],
  ['a message that only a server sends', '{"type":"next","id":"1","payload":{}}', 4400],
  ['a binary frame', Buffer.from('{"type":"ping"}'), 4400],
  ['a ping whose payload is a number', '{"type":"ping","payload":5}', 4400],
  ['100,000 brackets', '['.repeat(100_000), 4400],
  ['the start of an operation without an id', `{"type":"subscribe","payload":{"query":"${QUERY}"}}`, 4400],
  ...['', '__proto__', 'constructor', 'prototype', 'x'.repeat(129), 7, null, {}, ['1']].map(
    (id): [string, string, number] => [
      `the operation id ${shown(id)}`,
      subscribe({ query: QUERY }, id),
      4400,
    ],
  ),
  ['an operation without a payload', '{"type":"subscribe","id":"1"}', 4400],
  ['an operation without a query', subscribe({}), 4400],
  ['a query that is no text', subscribe({ query: 5 }), 4400],
  ['an operationName that is no text', subscribe({ query: QUERY, operationName: 5 }), 4400],
  ['variables that are no object', subscribe({ query: QUERY, variables: 'x' }), 4400],
  ['extensions that are no object', subscribe({ query: QUERY, extensions: 'x' }), 4400],
  ['the end of __proto__', '{"type":"complete","id":"__proto__"}', 4400],
  ['a second connection_init', '{"type":"connection_init"}', 4429],
  ['a message of LIMIT_MESSAGE_BYTES + 1', padded(MESSAGE_BYTES + 1), 1009],
];

describe('[P11] a socket is closed, and others live on, by', () => {
  it.each(messages)('%s', async (_what, message, code) => {
    const socket = await openAs('ada');
    socket.send(message);
    await expectClosed(socket, code);
  });

  it.each([CHANGES, 'subscription { collaborationUpdates(documentId: "full") { startedAt } }'])(
    'the id of a running operation again (%s)',
    async (query) => {
      const socket = await openAs('zoe');
      socket.subscribe('1', CHANGES.replace('shared', 'private'));
      await settled(socket);
      socket.subscribe('1', query);
      await expectClosed(socket, 4409);
    },
  );

  it.each([
    ['an operation', subscribe({ query: QUERY }), 4401],
    ['a mutation', subscribe({ query: 'mutation { deleteDocument(id: "shared") }' }), 4401],
    ['no token', '{"type":"connection_init"}', 4401],
    ['a token in a list', '{"type":"connection_init","payload":{"token":["a"]}}', 4401],
    ['a token that is none', '{"type":"connection_init","payload":{"token":"a.b.c"}}', 4401],
    ['a very long token', `{"type":"connection_init","payload":{"token":"${'x'.repeat(20_000)}"}}`, 4401],
    ['a token for __proto__', '{"type":"connection_init","payload":{"__proto__":{"token":"x"}}}', 4401],
    ['a payload that is no object', '{"type":"connection_init","payload":"x"}', 4400],
    ['more than 64 KB', padded(65_537), 1009],
  ] as const)('%s before it is acknowledged', async (_what, message, code) => {
    const socket = await open();
    socket.send(message);
    await expectClosed(socket, code);
    expect(socket.messages).toEqual([]);
  });

  it.each([
    ['forged', 4401],
    ['expired', 4403],
  ] as const)('a token that is %s', async (person, code) => {
    const socket = await open();
    socket.send({ type: 'connection_init', payload: { token: await stage.token(person) } });
    await expectClosed(socket, code);
    expect(socket.messages).toEqual([]);
  });

  it.each(['', 'a b', 'a\0', '\ud83c', 'x'.repeat(65), 7, {}])('the clientId %j', async (clientId) => {
    const socket = await open();
    socket.send({ type: 'connection_init', payload: { token: await stage.token('ada'), clientId } });
    await expectClosed(socket, 4400);
  });
});

describe('[P11] a socket lives on with', () => {
  it('a message of LIMIT_MESSAGE_BYTES', async () => {
    const socket = await openAs('ada');
    socket.send(padded(MESSAGE_BYTES));
    expect((await socket.next()).type).toBe('pong');
    socket.close();
  });

  it('the end of an operation that it does not have', async () => {
    const socket = await openAs('ada');
    socket.send({ type: 'complete', id: 'nothing' });
    await settled(socket);
    socket.close();
  });

  it('variables called __proto__, which pollute nothing', async () => {
    const socket = await openAs('ada');
    socket.send(
      `{"id":"1","type":"subscribe","payload":{"query":"${QUERY}","__proto__":{"query":"{ a }"},"variables":{"__proto__":{"polluted":1}}}}`,
    );
    expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: { viewer: {} } } });
    await stage.expectUntouched(stage.socket);
    socket.close();
  });
});

it('[P11] who had nothing to do with it has noticed nothing, and gets the next change', async () => {
  await settled(bystander);
  const before = bystander.messages.length;
  const { data } = await stage.ask(
    stage.socket,
    'editor',
    'mutation { applyDocumentChange(documentId: "shared", change: { changeType: INSERT, position: 0, content: "x" }) { revision } }',
  );
  expect(data).toEqual({ applyDocumentChange: { revision: 3 } });
  expect(await bystander.next()).toEqual({
    id: '1',
    type: 'next',
    payload: { data: { documentChanges: { revision: 3 } } },
  });
  expect(bystander.messages.slice(0, before).map(({ type }) => type)).toEqual([
    'connection_ack',
    'pong',
    'pong',
  ]);
});
