import { defineTopic } from '../platform/realtime/topic.ts';

export interface JobChanged {
  readonly jobId: string;
}

/** A job has changed; the key is its document's id. The row is the truth. */
export const jobChanged = defineTopic<JobChanged>('job.changed');

export interface BatchChanged {
  readonly batchId: string;
}

/** A batch has changed; the key is its id. */
export const batchChanged = defineTopic<BatchChanged>('batch.changed');

/** Jobs wait to be run, or were cancelled while they may be run: for the runners of all instances. */
export type RunnerCall =
  | { readonly kind: 'due' }
  | {
      readonly kind: 'cancelled';
      readonly tenantId: string;
      readonly jobId: string | null;
      readonly batchId: string | null;
    };

export const runnerCalls = defineTopic<RunnerCall>('runner.calls');

/** Where runners listen: they work for all tenants. No tenant is called so. */
export const RUNNERS = { tenantId: '', key: '' } as const;
