import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../platform/clock.ts';
import type { Broker, Listening } from '../platform/realtime/broker.ts';
import type { Job } from './job.ts';
import type { Failure, Lifecycle } from './lifecycle.ts';
import { JobProgress } from './progress.ts';
import type { ProcessingResult } from './result.ts';
import { RUNNERS, type RunnerCall, runnerCalls } from './topics.ts';

/** Milliseconds between two renewals of the leases: three fit into a lease. */
const RENEW_MS = 3_000;
/** Milliseconds between two looks for jobs whose holder is gone, whose time has come, or that nobody has told of. */
const LOOK_MS = 2_000;
/** Milliseconds between two writings of one job's progress, at least. */
const PROGRESS_MS = 250;
/** Jobs whose holder is gone that are taken over at once, whatever else is under way: they have waited for long enough. */
const MAX_TAKEN_OVER = 32;
/** Milliseconds after which the database is asked again when it has failed. */
const RETRY_MS = 1_000;

/** Brings a job to its end, or throws the signal's reason or why the attempt has failed. */
export type Execute = (
  job: Job,
  run: { readonly progress: JobProgress; readonly signal: AbortSignal },
) => Promise<ProcessingResult>;

/** What runs jobs. */
export interface Runner {
  /** Begins to take jobs on. */
  start(): void;
  readonly running: number;
  /** Whether it is started: it listens to the broker then. */
  readonly isOn: boolean;
  /** When it last looked for jobs and the database answered, or began to, in milliseconds since 1970; null before. */
  readonly lookedAt: number | null;
  /** Puts back what is under way and stops. Idempotent. */
  stop(): Promise<void>;
}

export interface RunnerOptions {
  readonly lifecycle: Lifecycle;
  readonly execute: Execute;
  /** What those who asked for a job are told of an error. */
  readonly explain: (error: unknown, job: Job) => Failure;
  /** Jobs that are worked on at the same time. */
  readonly capacity: number;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Why a job is not gone on with; none of them is told anybody. */
class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly why: 'lost' | 'stopping';

  constructor(why: 'lost' | 'stopping') {
    super(`The job is ${why}.`);
    this.why = why;
  }
}

interface Running {
  readonly job: Job;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/** Runs jobs in this process (`execute` has the work done in others). The rows are the truth: what is lost here is found there. */
export function createRunner({
  lifecycle,
  execute,
  explain,
  capacity,
  broker,
  clock,
  log,
}: RunnerOptions): Runner {
  const running = new Map<number, Running>();
  let listening: Listening | null = null;
  let stopping: Promise<void> | null = null;
  let filling: Promise<void> | null = null;
  let looking: Promise<void> | null = null;
  /** Something may wait that the fill under way has not seen. */
  let called = false;
  let lookedAt: number | null = null;
  const alarms = new Set<() => void>();

  function after(ms: number, task: () => void): () => void {
    const cancel = clock.after(ms, () => {
      alarms.delete(cancel);
      task();
    });
    alarms.add(cancel);
    return () => {
      alarms.delete(cancel);
      cancel();
    };
  }

  const isOn = (): boolean => listening !== null && stopping === null;

  /** Writes progress down, its beginning at once and then not too often; what was lost is given up. */
  function createScribe(job: Job, controller: AbortController) {
    let pause = 0;
    let due: (() => void) | null = null;
    let writing = false;
    let over = false;
    let changed = false;

    async function note(progress: JobProgress): Promise<void> {
      due = null;
      changed = false;
      writing = true;
      try {
        if (!(await lifecycle.progress(job, progress)) && !over) controller.abort(new Stopped('lost'));
      } catch (error) {
        log.warn({ err: error, job: job.jobId }, 'the progress of a job was not written');
      }
      writing = false;
      if (changed) plan(progress);
    }

    function plan(progress: JobProgress): void {
      changed = true;
      if (over || due || writing) return;
      due = after(pause, () => void note(progress));
      pause = PROGRESS_MS;
    }

    return {
      plan,
      close(): void {
        over = true;
        due?.();
      },
    };
  }

  async function work(job: Job, controller: AbortController): Promise<void> {
    const { signal } = controller;
    const scribe = createScribe(job, controller);
    const progress = new JobProgress(
      job.steps.map(({ name }) => name),
      () => scribe.plan(progress),
    );
    let result: ProcessingResult;
    try {
      result = await execute(job, { progress, signal });
    } catch (error) {
      if (signal.aborted) {
        if (signal.reason instanceof Stopped && signal.reason.why === 'stopping')
          await lifecycle.giveBack(job);
        return;
      }
      progress.end('FAILED');
      await lifecycle.fail(job, progress, explain(error, job));
      return;
    } finally {
      scribe.close();
    }
    await lifecycle.complete(job, progress, result);
  }

  function begin(job: Job): void {
    // One that was lost by this very process, and taken over by it: the old run must not end the new one.
    running.get(job.sequence)?.controller.abort(new Stopped('lost'));
    const controller = new AbortController();
    const ended = work(job, controller)
      // Its lease runs out, and whoever is there then runs it again.
      .catch((error: unknown) =>
        log.error({ err: error, job: job.jobId }, 'the end of a job was not written'),
      )
      .finally(() => {
        if (running.get(job.sequence) === entry) running.delete(job.sequence);
        fill();
      });
    const entry: Running = { job, controller, ended };
    running.set(job.sequence, entry);
  }

  async function take(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      if (isOn()) begin(job);
      else await lifecycle.giveBack(job);
    }
  }

  async function takeJobs(): Promise<void> {
    while (isOn() && called && running.size < capacity) {
      // Those that end in this turn make room together.
      await setImmediate();
      const free = capacity - running.size;
      // What was taken over in the meantime has taken the room.
      if (free < 1) return;
      called = false;
      const jobs = await lifecycle.claim(free);
      await take(jobs);
      // As many as there was room for: there may be more.
      if (jobs.length === free) called = true;
    }
  }

  function fill(): void {
    if (filling || !isOn()) return;
    filling = takeJobs()
      .catch((error: unknown) => {
        log.error({ err: error }, 'no jobs could be taken on');
        after(RETRY_MS, call);
        called = false;
      })
      .finally(() => {
        filling = null;
        if (called && running.size < capacity) fill();
      });
  }

  function call(): void {
    called = true;
    fill();
  }

  async function takeOver(): Promise<void> {
    let jobs: readonly Job[];
    do {
      jobs = await lifecycle.takeOver(MAX_TAKEN_OVER);
      lookedAt = clock.now();
      await take(jobs);
    } while (isOn() && jobs.length === MAX_TAKEN_OVER);
  }

  function look(): void {
    if (!isOn()) return;
    call();
    looking ??= Promise.all([takeOver(), lifecycle.openParts(null)])
      .then(() => {})
      .catch((error: unknown) => log.error({ err: error }, 'what others have left could not be gone on with'))
      .finally(() => {
        looking = null;
      });
    after(LOOK_MS, look);
  }

  function renew(): void {
    if (!isOn()) return;
    const held = [...running.values()];
    if (held.length > 0) {
      lifecycle.renew(held.map(({ job }) => job)).then(
        (lost) => {
          for (const { sequence, fence } of lost) {
            const entry = running.get(sequence);
            // It may be this process's again by now, under another fence.
            if (entry?.job.fence === fence) entry.controller.abort(new Stopped('lost'));
          }
        },
        (error: unknown) => log.warn({ err: error }, 'leases were not renewed'),
      );
    }
    after(RENEW_MS, renew);
  }

  function onCall(message: RunnerCall): void {
    if (message.kind === 'due') {
      call();
      return;
    }
    const { tenantId, jobId, batchId } = message;
    for (const { job, controller } of running.values()) {
      if (job.tenantId !== tenantId) continue;
      if (job.jobId === jobId || (batchId !== null && job.batchId === batchId))
        controller.abort(new Stopped('lost'));
    }
  }

  async function stop(): Promise<void> {
    listening?.close();
    await Promise.all([filling, looking]);
    for (const cancel of [...alarms]) cancel();
    alarms.clear();
    for (const { controller } of running.values()) controller.abort(new Stopped('stopping'));
    await Promise.all([...running.values()].map(({ ended }) => ended));
  }

  return {
    start() {
      if (listening || stopping) return;
      listening = broker.listen(runnerCalls, RUNNERS, { onEvent: onCall, onLive: call });
      lookedAt = clock.now();
      look();
      renew();
    },
    get running() {
      return running.size;
    },
    get isOn() {
      return isOn();
    },
    get lookedAt() {
      return lookedAt;
    },
    stop: () => (stopping ??= stop()),
  };
}
