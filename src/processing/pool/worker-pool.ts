import type { Logger } from 'pino';
import type { Clock } from '../../platform/clock.ts';
import { QuireError } from '../../platform/errors.ts';
import { createJobWorker, type JobWorker } from './job-worker.ts';
import { WaitingLine } from './waiting-line.ts';
import { WorkerError } from './worker-error.ts';
import { WorkerProcess } from './worker-process.ts';

/** Jobs that may wait for a worker; one more is refused. */
export const MAX_WAITING = 1_000;
/** Milliseconds after which a worker that nobody needs is ended. */
export const IDLE_MS = 60_000;
/** Jobs after which a worker is replaced, whatever the libraries have left in its memory. */
export const MAX_JOBS = 1_000;
/** Starts that may fail one after another before it is said. */
const MAX_FAILED_STARTS = 3;
/** Milliseconds until the next start after one that failed; doubled with each, up to the most. */
const RESTART_MS = 250;
const MAX_RESTART_MS = 30_000;

export interface WorkerPoolOptions {
  /** Workers at most. */
  readonly size: number;
  /** Megabytes that one may take. */
  readonly memoryMb: number;
  /** Milliseconds that a step may take. */
  readonly stepMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface PoolState {
  readonly size: number;
  /** Workers that are there, also those that are starting or ending. */
  readonly running: number;
  /** Workers that a job holds. */
  readonly busy: number;
  /** Jobs that wait for a worker. */
  readonly waiting: number;
  /** Workers that have ended unasked. */
  readonly ended: number;
  /** The process ids of those that are running. */
  readonly pids: readonly number[];
  /** What is wrong at the moment, for an operator; null when nothing is. */
  readonly trouble: string | null;
}

/** Child processes that work on files and texts. What breaks one breaks nothing else. */
export interface WorkerPool {
  /**
   * A worker for one job: the highest priority first, then the order of asking. Rejects with the signal's reason, and with
   * UNAVAILABLE when too many wait or the pool is closed.
   */
  acquire(wish: { readonly priority: number; readonly signal: AbortSignal }): Promise<JobWorker>;
  state(): PoolState;
  /** Calls the listener whenever `trouble` has changed. Returns what ends that. */
  onChange(listener: () => void): () => void;
  /** Ends all workers: what they do is LOST. Resolves when they are gone. Idempotent. */
  close(): Promise<void>;
}

interface Member {
  readonly child: WorkerProcess;
  state: 'starting' | 'idle' | 'busy' | 'ending';
  /** Jobs that it has had. */
  jobs: number;
  /** Sets its rest aside when it is needed. */
  cancelRest(): void;
}

/** A pool that starts its workers when they are needed. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { size, clock, log } = options;
  /** Those in use last are last. */
  const members = new Set<Member>();
  const waiting = new WaitingLine<JobWorker>();
  const listeners = new Set<() => void>();
  let unasked = 0;
  let trouble: string | null = null;
  let failedStarts = 0;
  /** Set while a start has to wait, because one has failed. */
  let cancelRestart: (() => void) | null = null;
  let closed = false;
  let closing: Promise<void> | undefined;
  let onEmpty = (): void => {};

  const inState = (state: Member['state']): Member[] =>
    [...members].filter((member) => member.state === state);

  function say(newTrouble: string | null): void {
    if (trouble === newTrouble) return;
    trouble = newTrouble;
    for (const listener of listeners) listener();
  }

  function start(): void {
    try {
      const child = new WorkerProcess(options, {
        onReady: () => {
          failedStarts = 0;
          say(null);
          rest(member);
        },
        onEnd: (how) => ended(member, how),
      });
      const member: Member = { child, state: 'starting', jobs: 0, cancelRest() {} };
      members.add(member);
    } catch (error) {
      log.warn({ err: error }, 'a worker could not be started');
      startFailed('could not be started');
    }
  }

  /** Starts as many as are waited for. */
  function grow(): void {
    if (closed || cancelRestart) return;
    let missing = Math.min(waiting.length - inState('starting').length, size - members.size);
    for (; missing > 0 && !cancelRestart; missing -= 1) start();
  }

  /** Gives those who wait what is idle. The one used last goes first, so that the others come to rest. */
  function serve(): void {
    for (const member of inState('idle').reverse()) {
      if (waiting.length === 0) return;
      member.cancelRest();
      member.state = 'busy';
      member.jobs += 1;
      waiting.serve(createJobWorker(member.child, clock, () => release(member)));
    }
    grow();
  }

  function release(member: Member): void {
    const { child, jobs } = member;
    if (child.gone.aborted) return;
    if (jobs >= MAX_JOBS || child.worn) end(member, 'The worker has done its share.');
    else rest(member);
  }

  function rest(member: Member): void {
    member.state = 'idle';
    members.delete(member);
    members.add(member);
    member.cancelRest = clock.after(IDLE_MS, () => end(member, 'The worker was not needed.'));
    serve();
  }

  function end(member: Member, why: string): void {
    member.state = 'ending';
    member.child.end(new WorkerError('LOST', why));
  }

  function ended(member: Member, how: string | null): void {
    member.cancelRest();
    members.delete(member);
    if (members.size === 0) onEmpty();
    if (closed) return;
    if (!member.child.ready) return startFailed(how ?? 'did not start in time');
    if (how !== null) {
      unasked += 1;
      say(`A worker ${how}; its successor is starting.`);
      // whether one is waited for or not: it shows that there can be one
      if (!cancelRestart) start();
    }
    grow();
  }

  function startFailed(how: string): void {
    failedStarts += 1;
    if (failedStarts >= MAX_FAILED_STARTS) say(`Workers cannot start: the last one ${how}.`);
    const wait = Math.min(RESTART_MS * 2 ** (failedStarts - 1), MAX_RESTART_MS);
    cancelRestart ??= clock.after(wait, () => {
      cancelRestart = null;
      if (trouble !== null && members.size < size) start();
      grow();
    });
  }

  async function close(): Promise<void> {
    closed = true;
    cancelRestart?.();
    waiting.clear(new QuireError('UNAVAILABLE', 'The server is closing. Try again.'));
    if (members.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      onEmpty = resolve;
    });
    for (const member of members) end(member, 'The worker was ended because the server stops.');
    await empty;
  }

  return {
    async acquire({ priority, signal }) {
      if (closed) throw new QuireError('UNAVAILABLE', 'The server is closing. Try again.');
      if (waiting.length >= MAX_WAITING)
        throw new QuireError('UNAVAILABLE', 'Too many jobs are waiting for a worker. Try again later.');
      const worker = waiting.wait(priority, signal);
      serve();
      return worker;
    },
    state: () => ({
      size,
      running: members.size,
      busy: inState('busy').length,
      waiting: waiting.length,
      ended: unasked,
      pids: [...members].flatMap(({ child }) => child.pid ?? []),
      trouble,
    }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => (closing ??= close()),
  };
}
