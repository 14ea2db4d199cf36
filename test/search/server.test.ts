import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer();
});
afterEach(() => server.stop());

async function ask(query: string, variables: object = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenFor('ada')}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

const create = (id: string, title: string, content: string) =>
  ask('mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { id } }', {
    input: { id, title, content },
  });

const insert = (id: string, content: string) =>
  ask(
    'mutation ($id: ID!, $content: String!) { applyDocumentChange(documentId: $id, change: { changeType: INSERT, position: 0, content: $content }) { revision } }',
    { id, content },
  );

const FIND =
  'query ($search: String!) { documents(search: $search) { totalCount edges { node { id title viewerRole } } } }';

const untilFound = (search: string, ...ids: string[]): Promise<void> =>
  expect
    .poll(() => ask(FIND, { search }), { timeout: 20_000, interval: 50 })
    .toMatchObject({
      documents: { totalCount: ids.length, edges: ids.map((id) => ({ node: { id, viewerRole: 'OWNER' } })) },
    });

it('a text is found a while after it was written, also when the server was killed in between', async () => {
  await create('garden', 'In the garden', 'Roses and tulips');
  await create('kitchen', 'In the kitchen', 'Cups');
  await untilFound('garden', 'garden');
  await untilFound('tulips ros', 'garden');

  await insert('kitchen', 'Tulips in a vase. ');
  await server.kill();
  await server.restart();
  await untilFound('tulip', 'garden', 'kitchen');
  await ask('mutation { deleteDocument(id: "garden") }');
  await untilFound('tulip', 'kitchen');
});
