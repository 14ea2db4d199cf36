import type { AuthTypes } from '../auth/schema.ts';
import type { ComplianceTypes } from '../compliance/schema.ts';
import type { DocumentTypes } from '../documents/schema.ts';
import { type Builder, mustSignIn, PER_VIEWER } from '../platform/graphql/builder.ts';
import {
  checkFirst,
  connectionOf,
  connectionTypes,
  readCursor,
  toCursor,
} from '../platform/graphql/connection.ts';
import type { FieldCost } from '../platform/graphql/cost.ts';
import { type BatchView, batchStatuses, batchStatusOf } from './batch.ts';
import { type AttemptError, type Job, type JobStep, processingStatuses, stepNames } from './job.ts';
import { processingMutations } from './mutations.ts';
import type { Processing } from './processing.ts';
import { currentStep, descriptionOf, errorOf, messageOf } from './report.ts';
import type { ProcessingResult } from './result.ts';
import { processingResultTypes } from './result-types.ts';
import type { JobState } from './streams.ts';

/** Of a field that reads what a job has found: up to 1,000 findings with all the rest. */
const RESULT_COST: FieldCost = { own: 10 };

/** Adds jobs, batches and what they find to the schema. */
export function processingTypes(
  builder: Builder,
  processing: Processing,
  { User }: AuthTypes,
  { Document }: Pick<DocumentTypes, 'Document'>,
  { Finding }: Pick<ComplianceTypes, 'Finding'>,
  limits: { readonly page: number },
) {
  const Status = builder.enumType('ProcessingStatus', { values: processingStatuses });
  const StepName = builder.enumType('ProcessingStepName', { values: stepNames });
  const Result = processingResultTypes(builder, Finding);

  const Step = builder.objectRef<JobStep>('ProcessingStep').implement({
    fields: (t) => ({
      name: t.exposeString('name'),
      description: t.string({ resolve: ({ name }) => descriptionOf(name) }),
      duration: t.exposeInt('duration', { nullable: true, description: 'Milliseconds; null until it ends.' }),
      status: t.field({ type: Status, resolve: ({ status }) => status }),
    }),
  });

  const Attempt = builder.objectRef<AttemptError>('ProcessingError').implement({
    description: 'What went wrong in an attempt.',
    fields: (t) => ({
      attempt: t.exposeInt('attempt'),
      message: t.exposeString('message'),
      at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    }),
  });

  const JobType = builder.objectRef<Job>('ProcessingJob').implement({
    description: 'What was asked to be done with a document, and how that stands.',
    fields: (t) => ({
      id: t.exposeID('jobId'),
      document: t.field({
        type: Document,
        extensions: PER_VIEWER,
        resolve: ({ documentId }, _args, context) => processing.documentOf(mustSignIn(context), documentId),
      }),
      batchId: t.exposeID('batchId', {
        nullable: true,
        description: 'null for a job that is not part of one.',
      }),
      status: t.field({ type: Status, resolve: ({ status }) => status }),
      progress: t.exposeInt('progress', { description: '0 to 100' }),
      priority: t.exposeInt('priority', { description: '0 lowest … 10 highest; 8 and above is high.' }),
      attempt: t.exposeInt('attempt', {
        description: 'The attempt that runs, or ran last; 0 before the first.',
      }),
      maxAttempts: t.exposeInt('maxAttempts'),
      steps: t.field({ type: [Step], resolve: ({ steps }) => [...steps] }),
      result: t.field({
        type: Result,
        nullable: true,
        description: 'null until it has completed.',
        extensions: { cost: RESULT_COST },
        resolve: (job) => processing.result(job),
      }),
      error: t.string({
        nullable: true,
        description: 'Of the last attempt that has failed.',
        resolve: errorOf,
      }),
      errors: t.field({
        type: [Attempt],
        description: 'What went wrong in each attempt, the first one first.',
        resolve: ({ errors }) => [...errors],
      }),
      requestedBy: t.field({
        type: User,
        resolve: ({ tenantId, requestedBy }) => ({ tenantId, id: requestedBy }),
      }),
      createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
      startedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ startedAt }) => startedAt }),
      finishedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'null until it has ended; a job that has ended stays as it is.',
        resolve: (job) => ('finishedAt' in job ? job.finishedAt : null),
      }),
    }),
  });
  const JobConnection = connectionTypes(builder, 'ProcessingJob', JobType);
  const cursorOf = ({ sequence, jobId }: Job): string => toCursor([sequence, jobId]);
  const sequenceOf = (after: string | null | undefined): number | undefined =>
    after == null ? undefined : readCursor(after)[0];
  const pageCost: FieldCost = { maxFirst: limits.page };

  const Update = builder.objectRef<JobState>('ProcessingUpdate').implement({
    description: 'How the newest job of a document stands.',
    fields: (t) => ({
      documentId: t.exposeID('documentId'),
      jobId: t.id({ nullable: true, resolve: ({ job }) => job?.jobId }),
      status: t.field({
        type: Status,
        description: 'QUEUED, without a jobId, while the document has no job.',
        resolve: ({ job }) => job?.status ?? 'QUEUED',
      }),
      progress: t.int({ description: '0 to 100', resolve: ({ job }) => job?.progress ?? 0 }),
      message: t.string({
        nullable: true,
        description: 'For a person.',
        resolve: ({ job, at }) => (job ? messageOf(job, at) : 'No job has been asked for.'),
      }),
      step: t.field({
        type: Step,
        nullable: true,
        description: 'The step that is under way, or was the last one.',
        resolve: ({ job }) => job && currentStep(job),
      }),
      result: t.field({ type: Result, nullable: true, resolve: ({ result }) => result }),
      error: t.string({ nullable: true, resolve: ({ job }) => job && errorOf(job) }),
      timestamp: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    }),
  });

  const Analysis = builder
    .objectRef<{ readonly job: Job; readonly result: ProcessingResult; readonly revision: number }>(
      'DocumentAnalysis',
    )
    .implement({
      description: 'The newest completed result of a document.',
      fields: (t) => ({
        job: t.field({ type: JobType, resolve: ({ job }) => job }),
        result: t.field({ type: Result, resolve: ({ result }) => result }),
        stale: t.boolean({
          description: 'True when the text has moved on since.',
          resolve: ({ result, revision }) => result.revision < revision,
        }),
      }),
    });

  const BatchStatus = builder.enumType('BatchStatus', { values: batchStatuses });
  const BatchType = builder.objectRef<BatchView>('BatchProcessingStatus').implement({
    description: 'processed + failed + cancelled + open = total, at every moment.',
    fields: (t) => ({
      batchId: t.exposeID('batchId'),
      totalItems: t.exposeInt('total'),
      processedItems: t.exposeInt('processed'),
      failedItems: t.exposeInt('failed'),
      cancelledItems: t.exposeInt('cancelled'),
      currentItem: t.exposeID('currentItem', {
        nullable: true,
        description: 'The document of the item that changed last.',
      }),
      estimatedCompletion: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'At the rate measured so far; null until there is one, and at the end.',
        resolve: ({ estimatedCompletion }) => estimatedCompletion,
      }),
      status: t.field({ type: BatchStatus, resolve: batchStatusOf }),
      jobs: t.field({
        type: JobConnection,
        description: 'One for each item, in order, of the documents that the viewer may read.',
        args: { first: t.arg.int({ required: true, defaultValue: 50 }), after: t.arg.string() },
        extensions: { ...PER_VIEWER, cost: pageCost },
        async resolve(batch, { first, after }, context) {
          const viewer = mustSignIn(context);
          checkFirst(first, limits.page);
          const jobs = await processing.batches.page(viewer, batch, first, sequenceOf(after) ?? 0);
          return connectionOf(jobs, { first, after }, cursorOf, () =>
            processing.batches.count(viewer, batch),
          );
        },
      }),
      createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
      finishedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'null while an item is open, also one that is done again.',
        resolve: ({ finishedAt }) => finishedAt,
      }),
    }),
  });

  builder.objectFields(Document, (t) => ({
    processingJobs: t.field({
      type: JobConnection,
      description: 'Newest first.',
      args: { first: t.arg.int({ required: true, defaultValue: 20 }), after: t.arg.string() },
      extensions: { cost: pageCost },
      async resolve({ tenantId, id }, { first, after }) {
        checkFirst(first, limits.page);
        const key = { tenantId, documentId: id };
        const jobs = await processing.jobs.page(key, first, sequenceOf(after));
        return connectionOf(jobs, { first, after }, cursorOf, () => processing.jobs.count(key));
      },
    }),
    analysis: t.field({
      type: Analysis,
      nullable: true,
      description: 'The newest completed result.',
      extensions: { cost: RESULT_COST },
      resolve: async ({ tenantId, id, revision }) => {
        const found = await processing.analysis({ tenantId, documentId: id });
        return found && { ...found, revision };
      },
    }),
  }));

  builder.queryFields((t) => ({
    processingJob: t.field({
      type: JobType,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, context) => processing.jobs.find(mustSignIn(context), id),
    }),
    batch: t.field({
      type: BatchType,
      nullable: true,
      description: 'A batch that the viewer has started.',
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, context) => processing.batches.find(mustSignIn(context), id),
    }),
  }));

  builder.subscriptionFields((t) => ({
    processingUpdates: t.field({
      type: Update,
      description: 'STATE of the newest job of a document; complete when it has ended.',
      authScopes: (_root, { documentId }) => ({ documentReader: documentId }),
      args: { documentId: t.arg.id({ required: true }) },
      subscribe: (_root, { documentId }, context) =>
        processing.streams.updates(mustSignIn(context), documentId),
      resolve: (state) => state,
    }),
    batchProcessingUpdates: t.field({
      type: BatchType,
      description: 'STATE of a batch that the viewer has started; complete when all of its items have ended.',
      args: { batchId: t.arg.id({ required: true }) },
      subscribe: async (_root, { batchId }, context) =>
        processing.streams.batchUpdates(await processing.batches.mustFind(mustSignIn(context), batchId)),
      resolve: (batch) => batch,
    }),
  }));

  processingMutations(builder, processing, { Job: JobType, Batch: BatchType, StepName });
}
