import type { EnumRef, ObjectRef } from '@pothos/core';
import { type Builder, type BuilderTypes, mustSignIn } from '../platform/graphql/builder.ts';
import type { BatchView } from './batch.ts';
import { DEFAULT_ATTEMPTS, DEFAULT_PRIORITY, type Job, type StepName } from './job.ts';
import type { Processing } from './processing.ts';

interface Refs {
  readonly Job: ObjectRef<BuilderTypes, Job>;
  readonly Batch: ObjectRef<BuilderTypes, BatchView>;
  readonly StepName: EnumRef<BuilderTypes, StepName>;
}

/** It is passed on as it is, without the defaults of its fields: `readRequest` knows them. */
const NO_WISHES = {} as never;

/** Adds what starts, cancels and retries jobs and batches to the schema. */
export function processingMutations(
  builder: Builder,
  { jobs, batches }: Processing,
  { Job, Batch, StepName }: Refs,
) {
  const Request = builder.inputType('ProcessingRequest', {
    fields: (t) => ({
      steps: t.field({
        type: [StepName],
        description: "Default: every step, in the enum's order, which is the order in which they are done.",
      }),
      priority: t.int({
        required: true,
        defaultValue: DEFAULT_PRIORITY,
        description: '0 lowest … 10 highest; 8 and above is high.',
      }),
      maxAttempts: t.int({
        required: true,
        defaultValue: DEFAULT_ATTEMPTS,
        description: 'Attempts in all before the job is FAILED.',
      }),
      idempotencyKey: t.id({
        description: 'The same request of the same user with the same key again gives the same job or batch.',
      }),
    }),
  });

  builder.mutationFields((t) => ({
    startProcessing: t.field({
      type: Job,
      description:
        'Gives the job that is open already when it is on the same revision and has all of the steps.',
      authScopes: (_root, { documentId }) => ({ documentEditor: documentId }),
      args: {
        documentId: t.arg.id({ required: true }),
        request: t.arg({ type: Request, required: true, defaultValue: NO_WISHES }),
      },
      resolve: (_root, { documentId, request }, context) =>
        jobs.start(mustSignIn(context), documentId, request),
    }),
    cancelProcessing: t.boolean({
      description: 'Cancelled within 2 s wherever it runs; false when it had ended already.',
      args: { jobId: t.arg.id({ required: true }) },
      resolve: (_root, { jobId }, context) => jobs.cancel(mustSignIn(context), jobId),
    }),
    retryProcessing: t.field({
      type: Job,
      description: 'A new job in place of one that has failed or was cancelled.',
      args: { jobId: t.arg.id({ required: true }) },
      resolve: (_root, { jobId }, context) => jobs.retry(mustSignIn(context), jobId),
    }),
    startBatch: t.field({
      type: Batch,
      description: '1 to 10,000 documents; all are checked before any is begun.',
      args: {
        documentIds: t.arg.idList({ required: true }),
        request: t.arg({ type: Request, required: true, defaultValue: NO_WISHES }),
      },
      resolve: (_root, { documentIds, request }, context) =>
        batches.start(mustSignIn(context), documentIds, request),
    }),
    cancelBatch: t.field({
      type: Batch,
      description: 'Cancels the items that are open, within 2 s wherever they run.',
      args: { batchId: t.arg.id({ required: true }) },
      resolve: (_root, { batchId }, context) => batches.cancel(mustSignIn(context), batchId),
    }),
    retryBatch: t.field({
      type: Batch,
      description: 'The failed and cancelled items again.',
      args: { batchId: t.arg.id({ required: true }) },
      resolve: (_root, { batchId }, context) => batches.retry(mustSignIn(context), batchId),
    }),
  }));
}
