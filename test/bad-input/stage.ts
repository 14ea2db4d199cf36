import { expect } from 'vitest';
import { startServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import { type Answer, httpTransport, operationText, socketTransport, type Transport } from './transports.ts';

/** Characters that a document of the server may hold: few, so that one can be filled. */
export const DOCUMENT_CHARS = 70_000;

/** `shared` has this text at revision 2; the balloon is the surrogate pair at 3 and 4. */
export const TEXT = 'Hi 🎈 there';

/** Documents, by id. `full` holds as much as it may. The others ada may not read, one way or another. */
export const FULL = 'full';
export const SHARED = 'shared';
export const DELETED = 'deleted';
export const PRIVATE = 'private';
export const FOREIGN = 'foreign';

const people = {
  /** Owner of `shared`. */
  ada: tokenFor('ada'),
  editor: tokenFor('eddie'),
  viewer: tokenFor('vera'),
  /** Owner of `private`, in ada's tenant. */
  zoe: tokenFor('zoe'),
  /** Owner of `foreign`, in another tenant. */
  foreigner: tokenFor('ada', { tenant: 'globex' }),
  /** Its name is that of a property which every object has. */
  proto: tokenFor('__proto__'),
  expired: tokenFor('ada', { expiresIn: -60_000 }),
  forged: tokenFor('ada').then((token) => `${token.slice(0, -6)}AAAAAA`),
  nobody: Promise.resolve(''),
};

export type Person = keyof typeof people;

const CREATE = 'mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { id } }';
const SHARE =
  'mutation ($id: ID!, $user: ID!, $role: Role!) { addCollaborator(documentId: $id, userId: $user, role: $role) { id } }';

const TAB = 'documentId: "shared", changeId: "first", clientId: "tab"';

/** A good change: asked for again, it changes nothing. */
const CHANGE = `applyDocumentChange(${TAB}, change: { changeType: INSERT, position: 5, content: " there" }) { revision replayed }`;

/** The good change again, and updates of nothing, which give the documents as they are. */
const PROBE = `mutation {
  ${CHANGE}
  shared: updateDocument(id: "shared", input: {}) {
    title content revision updatedAt
    collaborators { user { id } role addedAt }
    processingJobs { totalCount }
    session { participants { user { id } status typing cursor { position } } }
  }
  full: updateDocument(id: "full", input: {}) { contentLength revision updatedAt }
}`;

const OWN_LIST = '{ documents { totalCount edges { node { id } } } }';
const FOREIGN_STATE = '{ foreign: document(id: "foreign") { title content revision updatedAt } }';
const PRIVATE_STATE = '{ private: document(id: "private") { title content revision updatedAt } }';

/** A real server with a few documents, and the ways to it. */
export interface Stage {
  readonly url: string;
  readonly http: Transport;
  readonly socket: Transport;
  token(person: Person): Promise<string>;
  /** Sends an operation as somebody. */
  ask(way: Transport, person: Person, query: string, variables?: object | string): Promise<Answer>;
  /** Expects, by this way in, that a good change is taken as ever, and ada's documents as they were at first. */
  expectUntouched(way: Transport): Promise<void>;
  /** Expects the documents of the others, and the list of ada's, as they were at first. */
  expectRestUntouched(): Promise<void>;
  /** Stops the server. Throws when it ended before, or when it has logged an error. */
  close(): Promise<void>;
}

/** Starts a server and makes the documents. */
export async function setStage(): Promise<Stage> {
  const server = await startServer({ env: { LIMIT_DOCUMENT_CHARS: String(DOCUMENT_CHARS) } });
  const http = httpTransport(server.url);
  const socket = socketTransport(server.url);

  const ask: Stage['ask'] = async (way, person, query, variables) =>
    way.ask(await people[person], operationText(query, variables));

  async function must(person: Person, query: string, variables?: object): Promise<Answer['data']> {
    const { data, errors } = await ask(http, person, query, variables);
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  const create = (person: Person, id: string, content: string) =>
    must(person, CREATE, { input: { id, title: 'Notes', content } });

  await create('ada', SHARED, 'Hi 🎈');
  await must('ada', `mutation { ${CHANGE} }`);
  await must('ada', SHARE, { id: SHARED, user: 'eddie', role: 'EDITOR' });
  await must('ada', SHARE, { id: SHARED, user: 'vera', role: 'VIEWER' });
  await create('ada', FULL, 'x'.repeat(DOCUMENT_CHARS));
  await create('ada', DELETED, 'old');
  await must('ada', `mutation { deleteDocument(id: "${DELETED}") }`);
  await create('zoe', PRIVATE, 'secret');
  await create('foreigner', FOREIGN, 'secret');

  const readRest = () =>
    Promise.all([must('foreigner', FOREIGN_STATE), must('zoe', PRIVATE_STATE), must('ada', OWN_LIST)]);
  const rest = await readRest();
  const probed = await ask(http, 'ada', PROBE);
  expect(probed.data).toMatchObject({
    applyDocumentChange: { revision: 2, replayed: true },
    shared: { content: TEXT, revision: 2 },
  });

  return {
    url: server.url,
    http,
    socket,
    token: (person) => people[person],
    ask,
    async expectUntouched(way) {
      expect(await ask(way, 'ada', PROBE)).toEqual(probed);
    },
    async expectRestUntouched() {
      expect(await readRest()).toEqual(rest);
    },
    async close() {
      socket.close();
      const log = server.log();
      await server.stop();
      if (/"level":"(error|fatal)"/.test(log)) throw new Error(`the server has logged an error:\n${log}`);
    },
  };
}
