import type { BatchStatus, ProcessingStatus } from '../../sdk/generated.ts';
import type { Tone } from '../ui/badge.tsx';

const TONES: Readonly<Record<ProcessingStatus | BatchStatus, Tone>> = {
  QUEUED: 'quiet',
  IN_PROGRESS: 'busy',
  COMPLETED: 'good',
  COMPLETED_WITH_FAILURES: 'warn',
  FAILED: 'bad',
  CANCELLED: 'quiet',
};

const LABELS: Readonly<Record<ProcessingStatus | BatchStatus, string>> = {
  QUEUED: 'Waiting',
  IN_PROGRESS: 'Running',
  COMPLETED: 'Done',
  COMPLETED_WITH_FAILURES: 'Done, some failed',
  FAILED: 'Failed',
  CANCELLED: 'Cancelled',
};

/** How good a status is. */
export function toneOf(status: ProcessingStatus | BatchStatus): Tone {
  return TONES[status];
}

/** A status for a person. */
export function labelOf(status: ProcessingStatus | BatchStatus): string {
  return LABELS[status];
}

/** Whether another status is to come. */
export function isOpen(status: ProcessingStatus | BatchStatus): boolean {
  return status === 'QUEUED' || status === 'IN_PROGRESS';
}

/** Jobs of a document that are shown, the newest ones. */
export const SHOWN_JOBS = 5;
