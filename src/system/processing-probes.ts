import type { Processing } from '../processing/processing.ts';
import type { Probe } from './probe.ts';

/** Milliseconds that the runner may go without a look for jobs: it looks every 2 s. */
const MAX_SILENCE_MS = 10_000;
/** Milliseconds that a job may be due before the queue counts as slow. */
const MAX_WAIT_MS = 60_000;

/** The queue of jobs: who runs them has to look for them, and to come to them. */
export const queueProbe = ({ runnerState }: Pick<Processing, 'runnerState'>): Probe => ({
  name: 'queue',
  async probe() {
    const { silentMs, waitedMs } = await runnerState();
    if (silentMs === null || silentMs > MAX_SILENCE_MS)
      return {
        level: 'CRITICAL',
        message: 'Jobs are not looked for at the moment: the database does not answer.',
      };
    if (waitedMs > MAX_WAIT_MS)
      return {
        level: 'DEGRADED',
        message: 'Jobs wait for more than a minute: there are more than the workers can do.',
      };
    return { level: 'HEALTHY' };
  },
});

/** The child processes that do the work. */
export const workerProbe = ({ pool }: Pick<Processing, 'pool'>): Probe => ({
  name: 'worker',
  async probe() {
    const { trouble } = pool.state();
    return trouble === null ? { level: 'HEALTHY' } : { level: 'DEGRADED', message: trouble };
  },
  onChange: (listener) => pool.onChange(listener),
});
