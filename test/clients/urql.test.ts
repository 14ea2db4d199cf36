import {
  Client,
  type CombinedError,
  cacheExchange,
  type OperationResult,
  type OperationResultSource,
} from '@urql/core';
import { MessageType } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../examples/graphql-ws/web-socket.ts';
import { createSocket, SocketClosed } from '../../examples/graphql-ws/socket.ts';
import { resumeExchange } from '../../examples/urql/resume-exchange.ts';
import {
  ApplyDocumentChangeDocument,
  ComplianceAlertsRaisedDocument,
  CreateDocumentDocument,
  DeleteDocumentDocument,
  DocumentChangesDocument,
  type DocumentChangesSubscription,
  DocumentTextDocument,
} from '../../src/sdk/generated.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import { holdPromises } from './promises.ts';
import {
  createFollowing,
  type Following,
  type OpenClient,
  PARTLY,
  type Reasons,
  Refused,
} from './tested-client.ts';

/** Milliseconds after which a log is asked for again that the server could not give. */
const RETRY_MS = 20;

function reasonsOf({ networkError, graphQLErrors }: CombinedError): Reasons {
  if (networkError instanceof SocketClosed) return [networkError.code];
  if (networkError) return [networkError.message];
  return graphQLErrors.map(({ extensions }) => String(extensions['code']));
}

/** The data of a result. Throws Refused where there is an error. */
function dataOf<Data>({ data, error }: Pick<OperationResult<Data>, 'data' | 'error'>): Data {
  if (error) throw new Refused(reasonsOf(error));
  if (!data) throw new Error('there is no answer');
  return data;
}

function follow<Data>(
  results: OperationResultSource<OperationResult<Data>>,
  eventOf: (data: Data) => readonly [number, string],
): Following {
  const following = createFollowing(() => reading.unsubscribe());
  const reading = results.subscribe(({ data, error }) => {
    if (error) following.end(reasonsOf(error));
    else if (data) following.take(...eventOf(data));
  });
  return following;
}

const openUrql: OpenClient = (options) => {
  const socket = createSocket(options);
  const { url } = options;
  const client = new Client({
    url,
    exchanges: [cacheExchange, resumeExchange(socket, { retryMs: RETRY_MS })],
  });
  let refusals = 0;
  let readers = 0;
  socket.on('message', ({ type }) => {
    if (type === MessageType.Error) refusals += 1;
  });
  return {
    get refusals() {
      return refusals;
    },
    async read(id) {
      const result = await client.query(DocumentTextDocument, { id }, { requestPolicy: 'network-only' });
      return dataOf(result).document?.content;
    },
    async insert(documentId, content, changeId) {
      const change = { changeType: 'INSERT', position: 0, content } as const;
      const variables = { documentId, change, changeId };
      const { revision, replayed } = dataOf(
        await client.mutation(ApplyDocumentChangeDocument, variables),
      ).applyDocumentChange;
      return { revision, replayed };
    },
    follow(documentId, after) {
      readers += 1;
      const variables = { documentId, echo: true, clientId: `reader-${readers}` };
      return follow(
        client.subscription(DocumentChangesDocument, { ...variables, ...(after !== undefined && { after }) }),
        ({ documentChanges: { revision, content } }) => [revision, content],
      );
    },
    followAlerts: (after) =>
      follow(
        client.subscription(ComplianceAlertsRaisedDocument, { after }),
        ({ complianceAlerts: { id, documentId } }) => [Number(id), documentId],
      ),
    async readPartly(id) {
      const { data, error } = await client.query<unknown>(PARTLY, { id });
      return { data, reasons: error ? reasonsOf(error) : [] };
    },
    async close() {
      await Promise.resolve(socket.dispose()).catch(() => {});
    },
  };
};

describe('urql', () => {
  holdPromises(openUrql);
});

describe("urql's results", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('a text that was read before stays in the cache, and the data before an error comes with it again', async () => {
    const url = `${server.url.replace('http', 'ws')}/graphql`;
    const socket = createSocket({ url, token: () => tokenFor('ada') });
    const client = new Client({ url, exchanges: [cacheExchange, resumeExchange(socket)] });
    const id = 'cached';
    const input = { id, title: 'Cached', content: 'first' };
    dataOf(await client.mutation(CreateDocumentDocument, { input }));
    const read = () => client.query(DocumentTextDocument, { id });
    expect(dataOf(await read()).document).toMatchObject({ content: 'first', revision: 1 });
    const change = { changeType: 'INSERT', position: 0, content: 'second' } as const;
    dataOf(await client.mutation(ApplyDocumentChangeDocument, { documentId: id, change }));
    expect(dataOf(await read()).document).toMatchObject({ content: 'first', revision: 1 });

    const results: OperationResult<DocumentChangesSubscription>[] = [];
    const variables = { documentId: id, after: 1, echo: true };
    const ended = new Promise<void>((resolve) => {
      client.subscription(DocumentChangesDocument, variables).subscribe((result) => {
        results.push(result);
        if (result.error) resolve();
        else void client.mutation(DeleteDocumentDocument, { id }).toPromise();
      });
    });
    await ended;
    expect(results.map(({ data }) => data?.documentChanges.revision)).toEqual([2, 2]);
    expect(results.map(({ error }) => error && reasonsOf(error))).toEqual([undefined, ['NOT_FOUND']]);
    await socket.dispose();
  });
});
