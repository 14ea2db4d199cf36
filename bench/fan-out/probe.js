// Loaded into every measured server before its own code (`--import`): tells the bench what memory is in use once what
// is garbage has been collected. It is asked only while nothing is measured, and does nothing else.
import { isMainThread } from 'node:worker_threads';

/** Collections before memory is read: finalizers of the first one free what the next one finds. */
const COLLECTIONS = 3;

if (isMainThread && process.channel) {
  process.on('message', (/** @type {unknown} */ message) => {
    if (message !== 'memory') return;
    for (let count = 0; count < COLLECTIONS; count += 1) globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    process.send?.({ kind: 'memory', rss, heapUsed });
  });
  // Nothing is left behind when the bench itself was ended.
  process.on('disconnect', () => process.exit());
  // A server must be able to end as if this were not here.
  process.channel.unref();
}
