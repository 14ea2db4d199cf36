import { ApolloClient, InMemoryCache, type OperationVariables, type TypedDocumentNode } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { parse } from 'graphql';
import { MessageType } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../examples/graphql-ws/web-socket.ts';
import { createResumeLink } from '../../examples/apollo/resume-link.ts';
import { createSocket, SocketClosed } from '../../examples/graphql-ws/socket.ts';
import {
  ApplyDocumentChangeDocument,
  ComplianceAlertsRaisedDocument,
  CreateDocumentDocument,
  DocumentChangesDocument,
  DocumentsDocument,
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

function reasonsOf(error: unknown): Reasons {
  if (CombinedGraphQLErrors.is(error))
    return error.errors.map(({ extensions }) => String(extensions?.['code']));
  if (error instanceof SocketClosed) return [error.code];
  return [error instanceof Error ? error.message : String(error)];
}

const refuse = (error: unknown): never => {
  throw new Refused(reasonsOf(error));
};

const openApollo: OpenClient = (options) => {
  const socket = createSocket(options);
  const client = new ApolloClient({
    link: createResumeLink({ retryMs: RETRY_MS }).concat(new GraphQLWsLink(socket)),
    cache: new InMemoryCache(),
  });
  let refusals = 0;
  socket.on('message', ({ type }) => {
    if (type === MessageType.Error) refusals += 1;
  });
  function follow<Data, Variables extends OperationVariables>(
    query: TypedDocumentNode<Data, Variables>,
    variables: NoInfer<Variables>,
    eventOf: (data: Data) => readonly [number, string],
  ): Following {
    const following = createFollowing(() => reading.unsubscribe());
    const context = { queryDeduplication: false };
    const options = { query, variables, fetchPolicy: 'no-cache', context } as const;
    const reading = client.subscribe<Data>(options).subscribe(({ data, error }) => {
      if (error) following.end(reasonsOf(error));
      else if (data) following.take(...eventOf(data));
    });
    return following;
  }
  return {
    get refusals() {
      return refusals;
    },
    async read(id) {
      const query = { query: DocumentTextDocument, variables: { id }, fetchPolicy: 'no-cache' } as const;
      return (await client.query(query).catch(refuse)).data?.document?.content;
    },
    async insert(documentId, content, changeId) {
      const change = { changeType: 'INSERT', position: 0, content } as const;
      const variables = { documentId, change, changeId };
      const { data } = await client
        .mutate({ mutation: ApplyDocumentChangeDocument, variables })
        .catch(refuse);
      if (!data) throw new Error('there is no answer');
      const { revision, replayed } = data.applyDocumentChange;
      return { revision, replayed };
    },
    follow: (documentId, after) =>
      follow(
        DocumentChangesDocument,
        { documentId, echo: true, ...(after !== undefined && { after }) },
        ({ documentChanges: { revision, content } }) => [revision, content],
      ),
    followAlerts: (after) =>
      follow(ComplianceAlertsRaisedDocument, { after }, ({ complianceAlerts: { id, documentId } }) => [
        Number(id),
        documentId,
      ]),
    async readPartly(id) {
      const query: TypedDocumentNode<unknown, OperationVariables> = parse(PARTLY);
      const { data, error } = await client.query({ query, variables: { id }, errorPolicy: 'all' });
      return { data, reasons: reasonsOf(error) };
    },
    async close() {
      client.stop();
      await Promise.resolve(socket.dispose()).catch(() => {});
    },
  };
};

describe('Apollo Client', () => {
  holdPromises(openApollo);
});

describe("Apollo's cache", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('keeps a document by its id, no events, and revisions apart from their texts', async () => {
    const url = `${server.url.replace('http', 'ws')}/graphql`;
    const socket = createSocket({ url, token: () => tokenFor('ada') });
    const cache = new InMemoryCache();
    const link = createResumeLink().concat(new GraphQLWsLink(socket));
    const client = new ApolloClient({ link, cache });
    const input = { id: 'cached', title: 'Cached', content: 'first' };
    await client.mutate({ mutation: CreateDocumentDocument, variables: { input }, fetchPolicy: 'no-cache' });
    await client.query({ query: DocumentTextDocument, variables: { id: 'cached' } });
    const kept = () => cache.extract()['Document:cached'];
    expect(kept()).toMatchObject({ __typename: 'Document', content: 'first', revision: 1 });

    const seen = new Promise<void>((resolve) => {
      const changes = client.subscribe({
        query: DocumentChangesDocument,
        variables: { documentId: 'cached', after: 1, echo: true },
        fetchPolicy: 'no-cache',
      });
      const reading = changes.subscribe(() => {
        reading.unsubscribe();
        resolve();
      });
    });
    const change = { changeType: 'INSERT', position: 0, content: 'second' } as const;
    const variables = { documentId: 'cached', change };
    await client.mutate({ mutation: ApplyDocumentChangeDocument, variables });
    await seen;
    expect(cache.extract()).not.toHaveProperty('ROOT_SUBSCRIPTION');
    expect(kept()).toMatchObject({ content: 'first', revision: 1 });

    await client.query({ query: DocumentsDocument });
    expect(kept()).toMatchObject({ content: 'first', revision: 2 });
    client.stop();
    await socket.dispose();
  });
});
