import { afterAll, beforeAll } from 'vitest';
import { graphqlHttpContract } from '../../contracts/graphql-http.ts';
import { type Edge, startEdge } from './edge.ts';

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge.server.close());

graphqlHttpContract('a schema of no feature', () => edge.url);
