import { afterAll, beforeAll } from 'vitest';
import { graphqlHttpContract } from '../contracts/graphql-http.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

graphqlHttpContract(
  'the server, signed in',
  () => server.url,
  async () => ({
    authorization: `Bearer ${await tokenFor('ada')}`,
  }),
);
graphqlHttpContract('the server, not signed in', () => server.url);
