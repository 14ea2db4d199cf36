import { sql } from 'kysely';
import type { Database } from '../../src/platform/storage/database.ts';
import type { ProcessingStatus } from '../../src/processing/job.ts';

/** One change of a job's state, or of who has the job. */
export interface HistoryEntry {
  readonly jobId: string;
  readonly status: ProcessingStatus;
  readonly fence: number;
  readonly attempt: number;
  /** Milliseconds since 1970, by the system's clock. */
  readonly at: number;
}

const KEEP = sql.raw(`
  insert into job_history (job_id, status, fence, attempt, at)
  values (new.job_id, new.status, new.fence, new.attempt, cast(unixepoch('subsec') * 1000 as integer))`);

/** Has the database itself write down what happens to jobs: no code of the server's has a hand in it. */
export async function recordJobs({ query }: Database): Promise<void> {
  for (const statement of [
    sql`create table job_history (
      entry integer primary key, job_id text, status text, fence integer, attempt integer, at integer)`,
    sql`create index job_history_of on job_history (job_id, status)`,
    sql`create trigger job_made after insert on processing_jobs begin ${KEEP}; end`,
    sql`create trigger job_changed after update on processing_jobs
      when old.status <> new.status or old.fence <> new.fence begin ${KEEP}; end`,
  ])
    await statement.execute(query);
}

/** What has happened to jobs, in order; to all of them unless one is named. */
export async function readHistory({ query }: Database, jobId?: string): Promise<HistoryEntry[]> {
  const { rows } = await sql<HistoryEntry>`
    select job_id as jobId, status, fence, attempt, at from job_history
    where ${jobId ?? null} is null or job_id = ${jobId ?? null} order by entry`.execute(query);
  return rows;
}

const TERMINAL = sql.raw(`('COMPLETED', 'FAILED', 'CANCELLED')`);

/** What is wrong in the rows: a state that was left and never is, a result too few or too many, a batch that miscounts. */
export async function faultsOf({ query }: Database): Promise<string[]> {
  const { rows: revived } = await sql<{ job_id: string; status: string }>`
    select job_id, status from job_history as later where exists (
      select 1 from job_history as ended
      where ended.job_id = later.job_id and ended.status in ${TERMINAL} and ended.entry < later.entry
    )`.execute(query);
  const { rows: ends } = await sql<{ job_id: string; status: string; results: number }>`
    select job_id, status, results from (
      select job_id, status, (
        select count(*) from processing_results as result
        where result.tenant_id = job.tenant_id and result.job_id = job.job_id
      ) as results
      from processing_jobs as job
    ) where results <> (status = 'COMPLETED')`.execute(query);
  const { rows: batches } = await sql<{ batch_id: string; told: string; counted: string }>`
    select batch_id, told, counted from (
      select batch_id,
        printf('%d: %d %d %d %d', total, processed, failed, cancelled, finished_at is not null) as told,
        (
          select printf('%d: %d %d %d %d', count(*) + waiting, sum(status = 'COMPLETED'), sum(status = 'FAILED'),
            sum(status = 'CANCELLED'), sum(status in ${TERMINAL}) = count(*) + waiting)
          from processing_jobs as job
          where job.tenant_id = batch.tenant_id and job.batch_id = batch.batch_id and job.retried_by is null
        ) as counted
      from (
        select *, (
          select coalesce(sum(count), 0) from processing_parts as part
          where part.tenant_id = batch.tenant_id and part.batch_id = batch.batch_id
        ) as waiting
        from processing_batches as batch
      ) as batch
    ) where told <> counted`.execute(query);
  return [
    ...revived.map(({ job_id, status }) => `${job_id} had ended and became ${status}`),
    ...ends.map(({ job_id, status, results }) => `${job_id} is ${status} with ${results} results`),
    ...batches.map(
      ({ batch_id, told, counted }) => `${batch_id} tells ${told}, its jobs and parts say ${counted}`,
    ),
  ];
}
