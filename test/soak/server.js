// The server of a soak: `createApp` as it is built, in a process that tells what it holds when it is asked.
import { setImmediate } from 'node:timers/promises';

/** @import { Clock } from '../../src/platform/clock.ts' */
/** @import { Holdings } from './soak-server.ts' */

/** Collections before memory is read: finalizers of the first one free what the next one finds. */
const COLLECTIONS = 3;

/**
 * `dist` has no types, and may not exist yet when they are checked.
 * @template Module
 * @param {string} path
 * @returns {Promise<Module>}
 */
const built = async (path) => {
  /** @type {unknown} */
  const module = await import(new URL(`../../dist/${path}`, import.meta.url).href);
  return /** @type {Module} */ (module);
};

/** @type {typeof import('../../src/app.ts')} */
const { createApp } = await built('app.js');
/** @type {typeof import('../../src/platform/clock.ts')} */
const { systemClock } = await built('platform/clock.js');
/** @type {typeof import('../../src/platform/config.ts')} */
const { readConfig } = await built('platform/config.js');
/** @type {typeof import('../../src/platform/log.ts')} */
const { createLog } = await built('platform/log.js');

/** Timers of the clock that are set. They do not keep a process alive, so that Node's own list does not have them. */
let alarms = 0;
/** @type {Clock} */
const clock = {
  now: () => systemClock.now(),
  after(ms, task) {
    let set = true;
    alarms += 1;
    const unset = () => {
      if (set) alarms -= 1;
      set = false;
    };
    const cancel = systemClock.after(ms, () => {
      unset();
      task();
    });
    return () => {
      unset();
      cancel();
    };
  },
};

const config = readConfig(process.env);
const app = await createApp(config, createLog(config.logLevel), { clock });
const { url } = await app.listen();

/** @returns {Promise<Holdings>} */
async function holdings() {
  for (let count = 0; count < COLLECTIONS; count += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const timeouts = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  return {
    counts: app.counts(),
    alarms,
    timeouts,
    rss,
    heap: heapUsed + external,
    reserved: heapTotal + external,
  };
}

process.on('message', (/** @type {unknown} */ message) => {
  const answer = async () => {
    if (message === 'holdings') process.send?.(await holdings());
    if (message !== 'stop') return;
    await app.close();
    // From here on nothing should keep this process alive.
    process.disconnect();
  };
  answer().catch((error) => {
    console.error(error);
    process.exit(1);
  });
});
process.send?.({ url });
