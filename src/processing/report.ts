import type { Job, JobStep, StepName } from './job.ts';

const DESCRIPTIONS: Readonly<Record<StepName, string>> = {
  EXTRACT_TEXT: 'Reading the text out of the file',
  DETECT_LANGUAGE: 'Finding out the language',
  ANALYZE: 'Counting words and sentences',
  EXTRACT_KEYWORDS: 'Picking out keywords',
  SUMMARIZE: 'Choosing the sentences that say most',
  SCAN_COMPLIANCE: 'Looking for personal, payment and health data',
  INDEX: 'Making it found by searches',
};

/** What a step does, for a person. */
export const descriptionOf = (name: StepName): string => DESCRIPTIONS[name];

/** The step that is under way, or the last one that was; null when none has begun. */
export function currentStep({ steps }: Job): JobStep | null {
  return (
    steps.find(({ status }) => status === 'IN_PROGRESS') ??
    steps.findLast(({ status }) => status !== 'QUEUED') ??
    null
  );
}

/** What went wrong last; null when nothing has. */
export const errorOf = ({ errors }: Job): string | null => errors.at(-1)?.message ?? null;

/** How a job stands, for a person; `now` in milliseconds since 1970. */
export function messageOf(job: Job, now: number): string {
  switch (job.status) {
    case 'QUEUED':
      return job.attempt === 0 || job.errors.length === 0
        ? 'Waiting for its turn.'
        : retryMessage(job, job.runAt - now);
    case 'IN_PROGRESS':
      return progressMessage(job);
    case 'COMPLETED':
      return `Done in ${seconds(job.finishedAt - job.startedAt)}.`;
    case 'FAILED':
      return job.attempt > 1
        ? `Failed in attempt ${job.attempt}. ${errorOf(job)}`
        : `Failed. ${errorOf(job)}`;
    case 'CANCELLED':
      return 'Cancelled.';
  }
}

const retryMessage = (job: Job, ms: number): string =>
  `Attempt ${job.attempt} of ${job.maxAttempts} has failed; the next begins in ${seconds(Math.max(0, ms))}. ${errorOf(job)}`;

function progressMessage(job: Job): string {
  const step = currentStep(job);
  if (!step) return 'Waiting for a worker.';
  return `${descriptionOf(step.name)} (${job.steps.indexOf(step) + 1} of ${job.steps.length}).`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
