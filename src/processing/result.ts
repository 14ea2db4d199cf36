import { sql } from 'kysely';
import type { Finding } from '../compliance/scanner/finding.ts';
import type { JobKey } from './job.ts';
import type { TextStatistics } from './steps/analyze.ts';
import type { DetectedLanguage } from './steps/detect-language.ts';
import type { Keyword } from './steps/extract-keywords.ts';
import type { ProcessingQuery } from './tables.ts';

/** Findings that a result keeps, the first ones of the text. */
export const MAX_RESULT_FINDINGS = 1_000;

/** What a job's steps have found; what no step was asked for is left out. */
export interface ProcessingResult {
  /** Of the text that was looked at. */
  readonly revision: number;
  readonly language?: DetectedLanguage | null;
  readonly statistics?: TextStatistics;
  readonly keywords?: readonly Keyword[];
  readonly summary?: readonly string[];
  readonly findings?: readonly Finding[];
  readonly indexed?: boolean;
}

/** What a job has found, with the job. */
export interface JobResult {
  readonly job: JobKey & { readonly documentId: string; readonly sequence: number };
  readonly result: ProcessingResult;
}

/** Keeps what jobs have found, in one statement. Fails with a unique violation when that was done before for one of them. */
export async function insertResults(query: ProcessingQuery, results: readonly JobResult[]): Promise<void> {
  const list = results.map(({ job: { tenantId, jobId, documentId, sequence }, result }) => {
    const kept = { ...result, findings: result.findings?.slice(0, MAX_RESULT_FINDINGS) };
    return [tenantId, jobId, documentId, sequence, result.revision, JSON.stringify(kept)];
  });
  await sql`
    insert into processing_results (tenant_id, job_id, document_id, sequence, revision, result)
    select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
    from json_each(${JSON.stringify(list)})
  `.execute(query);
}

/** What a job has found; null when it has not completed. */
export async function findResult(
  query: ProcessingQuery,
  { tenantId, jobId }: JobKey,
): Promise<ProcessingResult | null> {
  const row = await query
    .selectFrom('processing_results')
    .select('result')
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  return row ? (JSON.parse(row.result) as ProcessingResult) : null;
}

/** The newest completed result of a document, with its job's id. */
export async function findNewestResult(
  query: ProcessingQuery,
  { tenantId, documentId }: { readonly tenantId: string; readonly documentId: string },
): Promise<{ jobId: string; result: ProcessingResult } | undefined> {
  const row = await query
    .selectFrom('processing_results')
    .select(['job_id', 'result'])
    .where('tenant_id', '=', tenantId)
    .where('document_id', '=', documentId)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { jobId: row.job_id, result: JSON.parse(row.result) as ProcessingResult };
}
