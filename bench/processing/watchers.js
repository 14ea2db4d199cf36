// Many who watch the same batch, in a process of their own.
import { WATCH } from './server.js';
import { ask, connect, follow } from './socket.js';

/** @import { BatchState } from './server.js' */

/** Watchers that share a socket. */
const ON_ONE_SOCKET = 50;

const [url = '', token = '', count = ''] = process.argv.slice(2);
const watchers = Number(count);
const sockets = Array.from({ length: Math.ceil(watchers / ON_ONE_SOCKET) }, () => connect(url, token));

/** @param {string} id */
async function watch(id) {
  let updates = 0;
  let first = 0;
  await Promise.all(
    Array.from({ length: watchers }, async (_, index) => {
      const socket = sockets[index % sockets.length];
      if (!socket) return;
      /** @type {BatchState | undefined} */
      let last;
      await follow(socket, WATCH, { id }, (/** @type {{ batchProcessingUpdates: BatchState }} */ data) => {
        if (!last) first += 1;
        if (!last && first === watchers) process.send?.({ kind: 'watching' });
        last = data.batchProcessingUpdates;
        updates += 1;
      });
      if (last?.processedItems !== last?.totalItems)
        throw new Error('A watcher has not seen the end of its batch.');
    }),
  );
  process.send?.({ kind: 'ended', updates });
}

process.on('message', (/** @type {{ batchId: string }} */ { batchId }) => {
  watch(batchId).catch((error) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit());
// So that connecting is not a part of what is measured.
for (const socket of sockets) await ask(socket, '{ viewer { tenantId } }', {});
process.send?.({ kind: 'ready' });
