import type { Scanned } from '../compliance/alert-log.ts';
import type { Compliance } from '../compliance/compliance.ts';
import type { AlertRow } from '../compliance/store.ts';
import type { Writer } from '../platform/storage/group-commit.ts';
import { batchKeyOf } from './batch.ts';
import { countEnded } from './batch-store.ts';
import type { Job } from './job.ts';
import { type Completion, completeHeld } from './leases.ts';
import { insertResults, type ProcessingResult } from './result.ts';
import type { ProcessingTables } from './tables.ts';

/** A job with all that its end writes. */
export interface Ending extends Completion {
  readonly job: Job;
  readonly result: ProcessingResult;
}

/**
 * Makes what ends jobs together: their rows, their results, the counts of their batches, and the alerts of what was found.
 * It gives the alerts that each has raised; null for one that was lost, of which nothing is written.
 */
export function createEnder(
  compliance: Pick<Compliance, 'raise'>,
): Writer<Ending, readonly AlertRow[] | null> {
  return async (base, endings) => {
    const transaction = base.withTables<ProcessingTables>();
    const ended = await completeHeld(transaction, endings);
    if (ended.length === 0) return () => null;
    const scans = new Map(ended.map((ending) => [ending, scanOf(ending)]));
    // In one message: whoever waits for the end of the transaction waits for each that is more.
    const [raised] = await Promise.all([
      compliance.raise(base, [...scans.values()]),
      insertResults(transaction, ended),
      ...countedByBatch(ended).map(async ([{ job, at }, count]) => {
        if (job.batchId === null) return;
        const key = batchKeyOf(job, job.batchId);
        await countEnded(transaction, key, 'processed', count, job.documentId, at);
      }),
    ]);
    return (ending) => {
      const scan = scans.get(ending);
      return scan ? (raised.get(scan) ?? []) : null;
    };
  };
}

/** What a job has found, as its alerts are raised of it. */
const scanOf = ({ job: { tenantId, documentId }, result: { findings = [] }, at }: Ending): Scanned => ({
  tenantId,
  documentId,
  findings,
  at,
});

/** The last of each batch, with how many there are of it. */
function countedByBatch(endings: readonly Ending[]): [Ending, number][] {
  const counted = new Map<string, [Ending, number]>();
  for (const ending of endings) {
    const name = `${ending.job.tenantId}/${ending.job.batchId}`;
    counted.set(name, [ending, (counted.get(name)?.[1] ?? 0) + 1]);
  }
  return [...counted.values()];
}
