import { badInput } from '../platform/errors.ts';

export const stepNames = [
  'EXTRACT_TEXT',
  'DETECT_LANGUAGE',
  'ANALYZE',
  'EXTRACT_KEYWORDS',
  'SUMMARIZE',
  'SCAN_COMPLIANCE',
  'INDEX',
] as const;
export type StepName = (typeof stepNames)[number];

export const processingStatuses = ['QUEUED', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
export type ProcessingStatus = (typeof processingStatuses)[number];

export const MAX_PRIORITY = 10;
export const DEFAULT_PRIORITY = 5;
/** Attempts that a job may ask for. */
export const MAX_ATTEMPTS = 10;
export const DEFAULT_ATTEMPTS = 3;

/** Names a job: an id means nothing without its tenant. */
export interface JobKey {
  readonly tenantId: string;
  readonly jobId: string;
}

export interface JobStep {
  readonly name: StepName;
  readonly status: ProcessingStatus;
  /** Milliseconds; null until it has ended. */
  readonly duration: number | null;
}

/** What went wrong in one attempt, for the person who asked for the job. */
export interface AttemptError {
  readonly attempt: number;
  readonly message: string;
  /** Milliseconds since 1970, as all times here. */
  readonly at: number;
}

interface JobFacts extends JobKey {
  /** Grows with each job that is made: the order in which jobs were asked for. */
  readonly sequence: number;
  readonly documentId: string;
  readonly batchId: string | null;
  readonly priority: number;
  /** 0 until it runs for the first time. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly steps: readonly JobStep[];
  /** 0 to 100. */
  readonly progress: number;
  readonly errors: readonly AttemptError[];
  readonly requestedBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Raised each time that somebody takes the job on: who holds an older one has lost it and writes nothing. */
  readonly fence: number;
}

/** Where a job is in its life; a terminal state is never left. */
export type JobLife =
  /** `runAt`: not before; later than now while a failed attempt is waited out. */
  | { readonly status: 'QUEUED'; readonly startedAt: number | null; readonly runAt: number }
  /** Whoever works on it has it until `leaseUntil`, and renews that. */
  | { readonly status: 'IN_PROGRESS'; readonly startedAt: number; readonly leaseUntil: number }
  | { readonly status: 'COMPLETED'; readonly startedAt: number; readonly finishedAt: number }
  | { readonly status: 'FAILED'; readonly startedAt: number | null; readonly finishedAt: number }
  | { readonly status: 'CANCELLED'; readonly startedAt: number | null; readonly finishedAt: number };

export type Job = JobFacts & JobLife;

/** True for a state that is never left. */
export const isTerminal = (status: ProcessingStatus): boolean =>
  status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';

/** What is asked of a job, checked. */
export interface JobRequest {
  readonly steps: readonly StepName[];
  readonly priority: number;
  readonly maxAttempts: number;
}

/** What is asked of a job, as it comes from the API: GraphQL does not fill in the fields of an argument that was left out. */
export interface JobRequestInput {
  readonly steps?: readonly StepName[] | null | undefined;
  readonly priority?: number;
  readonly maxAttempts?: number;
}

/** Checks a request; steps are taken once each, in the order in which they are done. Throws BAD_USER_INPUT. */
export function readRequest({
  steps,
  priority = DEFAULT_PRIORITY,
  maxAttempts = DEFAULT_ATTEMPTS,
}: JobRequestInput): JobRequest {
  if (steps?.length === 0)
    throw badInput('request.steps', 'Name at least one step, or leave steps out for all of them.');
  if (priority < 0 || priority > MAX_PRIORITY)
    throw badInput('request.priority', `priority must be between 0 and ${MAX_PRIORITY}.`);
  if (maxAttempts < 1 || maxAttempts > MAX_ATTEMPTS)
    throw badInput('request.maxAttempts', `maxAttempts must be between 1 and ${MAX_ATTEMPTS}.`);
  return { steps: stepNames.filter((name) => !steps || steps.includes(name)), priority, maxAttempts };
}

/** The steps of a job that has not begun. */
export const stepsToDo = (names: readonly StepName[]): JobStep[] =>
  names.map((name) => ({ name, status: 'QUEUED', duration: null }));

/** Milliseconds before the second attempt; each later one waits for twice as long. */
const BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

/**
 * Milliseconds to wait after the failure of an attempt (1 is the first): exponential, between half of it and the whole
 * ("equal jitter": M. Brooker, "Exponential Backoff And Jitter", 2015), so that jobs that failed together come back apart.
 */
export function backoff(attempt: number, random: () => number): number {
  const whole = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (attempt - 1));
  return Math.round(whole / 2 + (random() * whole) / 2);
}

/** The progress in percent of steps of which `done` have ended, and one is done to `fraction`; 100 is for those that have completed. */
export const progressOf = (done: number, total: number, fraction: number): number =>
  Math.min(99, Math.floor(((done + Math.min(1, Math.max(0, fraction))) / total) * 100));
