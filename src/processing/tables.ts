import type { Generated, Kysely } from 'kysely';
import type { DocumentTables } from '../documents/tables.ts';
import type { Migration } from '../platform/storage/database.ts';
import type { ProcessingStatus } from './job.ts';

/** Times are milliseconds since 1970; every key but the sequence begins with the tenant. */
export type ProcessingTables = DocumentTables & {
  processing_jobs: {
    sequence: Generated<number>;
    tenant_id: string;
    job_id: string;
    document_id: string;
    batch_id: string | null;
    status: ProcessingStatus;
    priority: number;
    /** Among jobs of one priority the smallest is taken first. */
    place: number;
    attempt: number;
    max_attempts: number;
    /** Times that whoever worked on it was gone in the middle of a step: they count apart from attempts. */
    interruptions: number;
    /** JSON: the names of the steps. */
    steps: string;
    /** JSON: how far each step is; null when nothing has begun. */
    step_states: string | null;
    progress: number;
    /** The document's revision when the job was asked for. */
    requested_revision: number;
    /** JSON: what went wrong in each attempt. */
    errors: string;
    requested_by: string;
    created_at: number;
    updated_at: number;
    started_at: number | null;
    finished_at: number | null;
    run_at: number;
    fence: number;
    lease_until: number | null;
    /** The job that took its place when it was tried again. */
    retried_by: string | null;
  };
  /** What completed jobs have found: written once, with the completion. */
  processing_results: {
    tenant_id: string;
    job_id: string;
    document_id: string;
    sequence: number;
    revision: number;
    /** JSON. */
    result: string;
  };
  processing_batches: {
    sequence: Generated<number>;
    tenant_id: string;
    batch_id: string;
    total: number;
    /** Counted in the transaction in which an item's job ends. */
    processed: number;
    failed: number;
    cancelled: number;
    current_item: string | null;
    requested_by: string;
    created_at: number;
    updated_at: number;
    started_at: number | null;
    finished_at: number | null;
    /** When `cancelBatch` was called; null again when it is retried. */
    cancelled_at: number | null;
    /** Since when the rate is measured, and how many items had ended then. */
    rate_since: number | null;
    rate_ended: number;
  };
  /** Items of a batch whose jobs are yet to be written: a hundred in a row, so that nobody waits long behind them. */
  processing_parts: {
    sequence: Generated<number>;
    tenant_id: string;
    batch_id: string;
    requested_by: string;
    /** JSON: the names of the steps. */
    steps: string;
    priority: number;
    max_attempts: number;
    created_at: number;
    /** The place of the part's first item. */
    place: number;
    /** Items of the part. */
    count: number;
    /** JSON: the id of the job, the document and its revision, of each item. */
    items: string;
  };
  /** What each idempotency key of a user led to: the id of a job or of a batch. */
  processing_keys: {
    tenant_id: string;
    user_id: string;
    idempotency_key: string;
    /** Of what was asked for with the key. */
    digest: string;
    target_id: string;
  };
};

export type ProcessingQuery = Kysely<ProcessingTables>;

export const processingMigrations: readonly Migration[] = [
  {
    name: '030-processing',
    async up(query) {
      await query.schema
        .createTable('processing_jobs')
        .addColumn('sequence', 'integer', (column) => column.primaryKey())
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('job_id', 'text', (column) => column.notNull())
        .addColumn('document_id', 'text', (column) => column.notNull())
        .addColumn('batch_id', 'text')
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('priority', 'integer', (column) => column.notNull())
        .addColumn('place', 'bigint', (column) => column.notNull())
        .addColumn('attempt', 'integer', (column) => column.notNull())
        .addColumn('max_attempts', 'integer', (column) => column.notNull())
        .addColumn('interruptions', 'integer', (column) => column.notNull())
        .addColumn('steps', 'text', (column) => column.notNull())
        .addColumn('step_states', 'text')
        .addColumn('progress', 'integer', (column) => column.notNull())
        .addColumn('requested_revision', 'integer', (column) => column.notNull())
        .addColumn('errors', 'text', (column) => column.notNull())
        .addColumn('requested_by', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .addColumn('run_at', 'bigint', (column) => column.notNull())
        .addColumn('fence', 'integer', (column) => column.notNull())
        .addColumn('lease_until', 'bigint')
        .addColumn('retried_by', 'text')
        .execute();
      const index = (name: string) => query.schema.createIndex(name).on('processing_jobs');
      await index('processing_jobs_by_id').unique().columns(['tenant_id', 'job_id']).execute();
      await index('processing_jobs_due').columns(['status', 'priority desc', 'place', 'sequence']).execute();
      await index('processing_jobs_of_document').columns(['tenant_id', 'document_id', 'sequence']).execute();
      await index('processing_jobs_of_batch').columns(['tenant_id', 'batch_id', 'sequence']).execute();
      await index('processing_jobs_open').columns(['tenant_id', 'status']).execute();

      await query.schema
        .createTable('processing_results')
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('job_id', 'text', (column) => column.notNull())
        .addColumn('document_id', 'text', (column) => column.notNull())
        .addColumn('sequence', 'integer', (column) => column.notNull())
        .addColumn('revision', 'integer', (column) => column.notNull())
        .addColumn('result', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('processing_results_key', ['tenant_id', 'job_id'])
        .execute();
      await query.schema
        .createIndex('processing_results_of_document')
        .on('processing_results')
        .columns(['tenant_id', 'document_id', 'sequence'])
        .execute();

      await query.schema
        .createTable('processing_batches')
        .addColumn('sequence', 'integer', (column) => column.primaryKey())
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('batch_id', 'text', (column) => column.notNull())
        .addColumn('total', 'integer', (column) => column.notNull())
        .addColumn('processed', 'integer', (column) => column.notNull())
        .addColumn('failed', 'integer', (column) => column.notNull())
        .addColumn('cancelled', 'integer', (column) => column.notNull())
        .addColumn('current_item', 'text')
        .addColumn('requested_by', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .addColumn('cancelled_at', 'bigint')
        .addColumn('rate_since', 'bigint')
        .addColumn('rate_ended', 'integer', (column) => column.notNull())
        .execute();
      await query.schema
        .createIndex('processing_batches_by_id')
        .unique()
        .on('processing_batches')
        .columns(['tenant_id', 'batch_id'])
        .execute();

      await query.schema
        .createTable('processing_parts')
        .addColumn('sequence', 'integer', (column) => column.primaryKey())
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('batch_id', 'text', (column) => column.notNull())
        .addColumn('requested_by', 'text', (column) => column.notNull())
        .addColumn('steps', 'text', (column) => column.notNull())
        .addColumn('priority', 'integer', (column) => column.notNull())
        .addColumn('max_attempts', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('place', 'bigint', (column) => column.notNull())
        .addColumn('count', 'integer', (column) => column.notNull())
        .addColumn('items', 'text', (column) => column.notNull())
        .execute();

      await query.schema
        .createTable('processing_keys')
        .addColumn('tenant_id', 'text', (column) => column.notNull())
        .addColumn('user_id', 'text', (column) => column.notNull())
        .addColumn('idempotency_key', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('target_id', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('processing_keys_key', ['tenant_id', 'user_id', 'idempotency_key'])
        .execute();
    },
  },
];
