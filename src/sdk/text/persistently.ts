import { type Clock, pause, systemClock } from '../clock.ts';
import { ConnectionLost, OperationError } from '../errors.ts';

/** Milliseconds before a lost connection is tried again, unless said otherwise. */
export const RETRY_MS = 1_000;
/**
 * Close codes after which the server, or another instance, may be asked again; after 4403 with a new token. 1011 says
 * that it has a defect.
 */
const PASSING_CODES = [1001, 1005, 1006, 1012, 1013, 4403];

export interface RetryOptions {
  /** Milliseconds before a lost connection is tried again; default: 1,000. */
  readonly retryMs?: number;
  /** Told each time that something failed that will be tried again. */
  readonly onRetry?: (error: Error) => void;
  /** Ends the trying: it rejects with what failed last. */
  readonly signal?: AbortSignal;
  /** True for what is not to be tried again all the same. */
  readonly isOver?: (error: unknown) => boolean;
  readonly clock?: Clock;
}

/** Milliseconds after which what failed is worth trying again; null when it is not. */
export function retryAfter(error: unknown, retryMs: number): number | null {
  if (error instanceof ConnectionLost) return PASSING_CODES.includes(error.code) ? retryMs : null;
  if (!(error instanceof OperationError)) return null;
  if (error.code === 'RATE_LIMITED') return Number(error.extensions['retryAfterMs'] ?? retryMs);
  return error.code === 'UNAVAILABLE' ? retryMs : null;
}

/** Tries until it succeeds, as long as what fails is a connection, or a server that will be back; rejects otherwise. */
export async function persistently<T>(
  attempt: () => Promise<T>,
  { retryMs = RETRY_MS, onRetry, signal, isOver = () => false, clock = systemClock }: RetryOptions = {},
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const ms = retryAfter(error, retryMs);
      if (ms === null || signal?.aborted || isOver(error)) throw error;
      onRetry?.(error as Error);
      await pause(clock, ms, signal);
      if (signal?.aborted) throw error;
    }
  }
}
