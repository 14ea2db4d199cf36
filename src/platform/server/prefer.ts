import type { IncomingMessage } from 'node:http';

/** Seconds that a client may have an event stream wait for its first event. */
const MAX_WAIT_SECONDS = 60;
const WAIT = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/i;

/**
 * For how many seconds an answer may take, as the client prefers it (`Prefer: wait=20`, RFC 7240): from 1 to
 * MAX_WAIT_SECONDS. null when it says nothing of it.
 */
export function preferredWait({ headers: { prefer } }: Pick<IncomingMessage, 'headers'>): number | null {
  const [, seconds] = WAIT.exec(Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '')) ?? [];
  return seconds === undefined ? null : Math.min(Math.max(Number(seconds), 1), MAX_WAIT_SECONDS);
}
