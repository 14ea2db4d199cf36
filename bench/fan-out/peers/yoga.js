// GraphQL Yoga with graphql-ws and Yoga's own pub/sub, put together as Yoga's documentation shows.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { publishOnDemand, ready, typeDefs } from './peer.js';

/** @import { AddressInfo } from 'node:net' */
/** @import { DocumentNode, ExecutionArgs, GraphQLSchema } from 'graphql' */
/** @import { ServerOptions } from 'graphql-ws' */
/** @import { DocumentChange } from './peer.js' */

/**
 * What Yoga gives for one operation.
 * @typedef {object} Enveloped
 * @property {GraphQLSchema} schema
 * @property {NonNullable<ServerOptions['execute']>} execute
 * @property {NonNullable<ServerOptions['subscribe']>} subscribe
 * @property {() => Promise<object>} contextFactory
 * @property {(query: string) => DocumentNode} parse
 * @property {typeof import('graphql').validate} validate
 */

/** @type {ReturnType<typeof createPubSub<{ changed: [documentId: string, change: DocumentChange] }>>} */
const pubsub = createPubSub();
const schema = createSchema({
  typeDefs,
  resolvers: {
    Query: { ready: () => true },
    Subscription: {
      documentChanges: {
        subscribe: (/** @type {unknown} */ _root, /** @type {{ documentId: string }} */ { documentId }) =>
          pubsub.subscribe('changed', documentId),
        resolve: (/** @type {DocumentChange} */ change) => change,
      },
    },
  },
});

const yoga = createYoga({ schema });
const server = createServer((request, response) => void yoga(request, response));
const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });

const enveloped = (/** @type {ExecutionArgs} */ args) => /** @type {Enveloped} */ (args.rootValue);
useServer(
  {
    execute: (args) => enveloped(args).execute(args),
    subscribe: (args) => enveloped(args).subscribe(args),
    async onSubscribe(context, _id, params) {
      /** @type {unknown} */
      const given = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const { schema, execute, subscribe, contextFactory, parse, validate } = /** @type {Enveloped} */ (
        given
      );
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
  },
  sockets,
);

publishOnDemand((documentId, change) => pubsub.publish('changed', documentId, change));

server.listen(0, '127.0.0.1');
await once(server, 'listening');
ready(/** @type {AddressInfo} */ (server.address()).port);
