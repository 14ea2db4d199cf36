import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** @import { Client } from 'graphql-ws' */

/** A connection with its user's token. @param {string} url Of the server. @param {string} token @returns {Client} */
export const connect = (url, token) =>
  createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token, clientId: crypto.randomUUID() },
    lazy: false,
    onNonLazyError() {},
    retryAttempts: 0,
  });

/**
 * Each result of an operation, to the last one. Resolves when the server completes it, rejects when it fails.
 * @template Data
 * @param {Client} client @param {string} query @param {Record<string, unknown>} variables @param {(data: Data) => void} onData
 * @returns {Promise<void>}
 */
export const follow = (client, query, variables, onData) =>
  new Promise((resolve, reject) => {
    const dispose = client.subscribe(
      { query, variables },
      {
        next({ data, errors }) {
          if (!errors) return onData(/** @type {Data} */ (data));
          reject(new Error(JSON.stringify(errors)));
          dispose();
        },
        error: (error) =>
          reject(new Error(`An operation failed: ${JSON.stringify(error)}`, { cause: error })),
        complete: resolve,
      },
    );
  });

/**
 * The one result of an operation.
 * @template Data
 * @param {Client} client @param {string} query @param {Record<string, unknown>} variables @returns {Promise<Data>}
 */
export async function ask(client, query, variables) {
  /** @type {Data[]} */
  const results = [];
  await follow(client, query, variables, (/** @type {Data} */ data) => results.push(data));
  const [result] = results;
  if (result === undefined) throw new Error('An operation had no result.');
  return result;
}
