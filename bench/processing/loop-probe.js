// Loaded into the measured server before its own code (`--import`): tells the bench for how long its event loop was kept.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** Milliseconds between two looks: that much of what is measured is no delay. */
const LOOK_MS = 5;

if (isMainThread && process.channel) {
  const histogram = monitorEventLoopDelay({ resolution: LOOK_MS });
  histogram.enable();
  const lag = (/** @type {number} */ ns) => Math.max(0, ns / 1e6 - LOOK_MS);
  process.on('message', (/** @type {unknown} */ message) => {
    if (message !== 'lag') return;
    process.send?.({
      kind: 'lag',
      p50: lag(histogram.percentile(50)),
      p99: lag(histogram.percentile(99)),
      max: lag(histogram.max),
    });
    histogram.reset();
  });
  process.channel.unref();
}
