// Mercurius on Fastify with its own pub/sub, as its documentation shows.
import { publishOnDemand, ready, typeDefs } from './peer.js';

/** @import { DocumentChange } from './peer.js' */

/**
 * The parts of Fastify and Mercurius that are used: their own types are there only when the peers are installed.
 * @typedef {object} App
 * @property {(plugin: unknown, options: object) => Promise<void>} register
 * @property {(options: { host: string, port: number }) => Promise<string>} listen
 * @property {{ pubsub: PubSub }} graphql
 *
 * @typedef {object} PubSub
 * @property {(topic: string) => Promise<AsyncIterator<unknown>>} subscribe
 * @property {(event: { topic: string, payload: { documentChanges: DocumentChange } }) => void} publish
 */

/** @param {string} name */
async function load(name) {
  /** @type {unknown} */
  const module = await import(name);
  return /** @type {{ default: unknown }} */ (module).default;
}

const fastify = /** @type {() => App} */ (await load('fastify'));
const app = fastify();
await app.register(await load('mercurius'), {
  schema: typeDefs,
  resolvers: {
    Query: { ready: () => true },
    Subscription: {
      documentChanges: {
        subscribe: (
          /** @type {unknown} */ _root,
          /** @type {{ documentId: string }} */ { documentId },
          /** @type {{ pubsub: PubSub }} */ { pubsub },
        ) => pubsub.subscribe(documentId),
      },
    },
  },
  subscription: true,
});

publishOnDemand((topic, documentChanges) =>
  app.graphql.pubsub.publish({ topic, payload: { documentChanges } }),
);

ready(Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port));
