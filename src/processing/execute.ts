import type { Documents } from '../documents/documents.ts';
import type { DocumentFile } from '../documents/files.ts';
import type { DocumentKey, DocumentRow } from '../documents/store.ts';
import { QuireError } from '../platform/errors.ts';
import { writeText } from './extraction.ts';
import type { Job, StepName } from './job.ts';
import type { Failure } from './lifecycle.ts';
import type { JobWorker } from './pool/job-worker.ts';
import { WorkerError } from './pool/worker-error.ts';
import type { WorkerPool } from './pool/worker-pool.ts';
import type { JobProgress } from './progress.ts';
import type { ProcessingResult } from './result.ts';
import type { Execute } from './runner.ts';
import { StepError } from './step-error.ts';

export interface ExecuteOptions {
  readonly documents: Documents;
  readonly pool: Pick<WorkerPool, 'acquire'>;
  /** UTF-16 code units of a document, and of one change. */
  readonly limits: { readonly documentChars: number; readonly changeChars: number };
}

/** The share of EXTRACT_TEXT that is reading the file; the rest is writing its text. */
const READING_SHARE = 0.8;

interface Attempt {
  readonly job: Job;
  readonly key: DocumentKey;
  readonly progress: JobProgress;
  readonly signal: AbortSignal;
  /** A worker, from when the first step needs one until it is released. */
  readonly worker: () => Promise<JobWorker>;
  readonly release: () => void;
}

/** Makes what runs a job's steps, one after another: the work itself is done by workers, and the writing here. */
export function createExecute({ documents, pool, limits }: ExecuteOptions): Execute {
  async function mustLookUp(key: DocumentKey): Promise<DocumentRow> {
    const row = await documents.lookUp(key);
    if (row) return row;
    throw new StepError('DELETED', 'The document was deleted before it was processed.');
  }

  /** The document's file, when it has one whose text is not in the document yet. */
  async function unreadFile(key: DocumentKey): Promise<DocumentFile | null> {
    const file = await documents.files.find(key);
    return file?.extractedAt === null ? file : null;
  }

  /** What refuses the uploader's changes, said to whoever reads what became of the job. */
  async function refused(key: DocumentKey, error: unknown): Promise<never> {
    if (!(error instanceof QuireError) || (error.code !== 'FORBIDDEN' && error.code !== 'NOT_FOUND'))
      throw error;
    await mustLookUp(key);
    throw new StepError('NOT_ALLOWED', 'Whoever uploaded the file may not change the document any more.');
  }

  /** Brings the text of a document's file into the document. */
  async function extract({ key, progress, signal, worker }: Attempt, file: DocumentFile): Promise<void> {
    const child = await worker();
    const report = (done: number, total: number): void => {
      if (total > 0) progress.report((READING_SHARE * done) / total);
    };
    const bytes = documents.files.bytes(key);
    const { pieces } = await child.extract(bytes, { maxUnits: limits.documentChars }, { signal, report });
    await writeText(
      documents,
      key,
      { pieces, userId: file.uploadedBy, changeChars: limits.changeChars },
      { signal, report: (fraction) => progress.report(READING_SHARE + (1 - READING_SHARE) * fraction) },
    ).catch((error: unknown) => refused(key, error));
    await documents.files.markExtracted(key);
  }

  async function steps(attempt: Attempt): Promise<ProcessingResult> {
    const { job, key, progress, signal, worker, release } = attempt;
    /** The document as it was when its text was given to the worker. */
    let read: DocumentRow | null = null;
    let result: Partial<ProcessingResult> = {};

    const withText = async (): Promise<JobWorker> => {
      const child = await worker();
      if (read) return child;
      read = await mustLookUp(key);
      await child.load(await documents.contentAt(read, read.revision), signal);
      return child;
    };
    const work = {
      signal,
      report(done: number, total: number): void {
        if (total > 0) progress.report(done / total);
      },
    };

    const run = async (name: StepName, file: DocumentFile | null): Promise<Partial<ProcessingResult>> => {
      switch (name) {
        case 'EXTRACT_TEXT':
          if (file) await extract(attempt, file);
          return {};
        case 'DETECT_LANGUAGE':
          return { language: await (await withText()).run(name, work) };
        case 'ANALYZE':
          return { statistics: await (await withText()).run(name, work) };
        case 'EXTRACT_KEYWORDS':
          return { keywords: await (await withText()).run(name, work) };
        case 'SUMMARIZE':
          return { summary: await (await withText()).run(name, work) };
        case 'SCAN_COMPLIANCE':
          return { findings: await (await withText()).run(name, work) };
        case 'INDEX':
          // It needs no worker, and may wait for the indexing of other documents.
          release();
          await documents.indexer.index(key);
          return { indexed: true };
      }
    };

    for (const [index, { name }] of job.steps.entries()) {
      signal.throwIfAborted();
      const file = name === 'EXTRACT_TEXT' ? await unreadFile(key) : null;
      // A step has not begun while it waits for its worker, and is not told of as if it had.
      if (file || (name !== 'EXTRACT_TEXT' && name !== 'INDEX')) await worker();
      progress.begin(index);
      result = { ...result, ...(await run(name, file)) };
      progress.end('COMPLETED');
    }
    // A document that was deleted meanwhile has no result.
    const last = await mustLookUp(key);
    return { ...result, revision: (read ?? last).revision };
  }

  return async (job, { progress, signal }) => {
    const { tenantId, documentId, priority } = job;
    let held: JobWorker | null = null;
    // Steps come one after another, so no two of them acquire.
    const worker = async (): Promise<JobWorker> => (held ??= await pool.acquire({ priority, signal }));
    const release = (): void => {
      held?.release();
      held = null;
    };
    try {
      return await steps({ job, key: { tenantId, documentId }, progress, signal, worker, release });
    } finally {
      release();
    }
  };
}

/** What those who asked for a job are told of why an attempt has failed; `null` for what is the server's own affair. */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof StepError) return { message: error.message, retriable: false };
  if (error instanceof WorkerError) return { message: error.message, retriable: error.retriable };
  if (error instanceof QuireError) {
    const passes = error.code === 'RATE_LIMITED' || error.code === 'UNAVAILABLE';
    return { message: error.message, retriable: passes };
  }
  return null;
}
