import type { ChildProcess } from 'node:child_process';
import type { Logger } from 'pino';
import type { Clock } from '../../platform/clock.ts';
import { StepError } from '../step-error.ts';
import type { Work } from '../work.ts';
import { forkWorker } from './fork-worker.ts';
import { residentBytesOf } from './memory-of.ts';
import type { Answer, Command, Failure, TaskCommand } from './protocol.ts';
import { WorkerError } from './worker-error.ts';

/** Milliseconds that a worker may take to start. */
const START_MS = 30_000;
/** Milliseconds between two looks at the memory of a worker that works. */
const MEMORY_LOOK_MS = 200;
/** Where a worker that is no longer working still holds so much of its memory, the next job gets another. */
const WORN_SHARE = 0.5;
/** Characters of a worker's standard error that are kept, from the end. */
const MAX_STDERR_CHARS = 8_192;
const MB = 1024 * 1024;

export interface WorkerProcessOptions {
  /** Megabytes that it may take. */
  readonly memoryMb: number;
  /** Milliseconds that a step may take. */
  readonly stepMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface WorkerProcessEvents {
  onReady(): void;
  /** It is gone. `lost` says how it ended, when nobody here wanted it to; null otherwise. */
  onEnd(lost: string | null): void;
}

/** What a task came to: its result, and before it the parts that did not fit into one message. */
export interface TaskResult {
  readonly result: unknown;
  readonly parts: readonly (string | readonly unknown[])[];
}

interface Task {
  readonly name: string;
  readonly parts: (string | readonly unknown[])[];
  readonly report: Work['report'];
  resolve(result: TaskResult): void;
  reject(error: Error): void;
}

/** A child process with one task at a time, and what limits it. */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #child: ChildProcess;
  readonly #gone = new AbortController();
  readonly #cancelStart: () => void;
  #ready = false;
  #crashed = false;
  #task: Task | null = null;
  #stderr = '';

  /** Starts it. Throws when the system has no room for one more process. */
  constructor(options: WorkerProcessOptions, events: WorkerProcessEvents) {
    const { memoryMb, clock, log } = options;
    this.#options = options;
    this.#child = forkWorker(memoryMb);
    this.#cancelStart = clock.after(START_MS, () => this.end(lost('The worker did not start in time.')));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARS);
    });
    this.#child.on('message', (answer) => {
      const heard = answer as Answer;
      if (this.gone.aborted) return;
      if (heard.kind !== 'ready') return this.#hear(heard);
      this.#ready = true;
      this.#cancelStart();
      events.onReady();
    });
    let ended = false;
    const onEnd = (how: string): void => {
      if (ended) return;
      ended = true;
      events.onEnd(this.#close(how));
    };
    this.#child.on('error', (error) => {
      log.warn({ worker: this.pid, err: error }, 'a worker has an error');
      if (this.pid === null) onEnd('could not be started');
    });
    // not `exit`: what it has sent and written is here then
    this.#child.once('close', (code, signal) =>
      onEnd(signal ? `was ended by ${signal}` : `ended with code ${code}`),
    );
  }

  /** Null when it could not be started. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Whether it has ever been able to work. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Aborted when it is ended, or has ended, with the WorkerError for what it was asked. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether the next job should have another: a step crashed in it, or it holds much memory while it does nothing. */
  get worn(): boolean {
    return this.#crashed || this.#resident() > this.#options.memoryMb * MB * WORN_SHARE;
  }

  /** Resolves when the message is on its way. Rejects with the WorkerError of a process that is gone. */
  send(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      this.gone.throwIfAborted();
      this.#child.send(command, (error) => {
        if (!error) return resolve();
        // The channel is broken, and the process at its end: how it ends says why.
        this.#child.kill('SIGKILL');
        const giveUp = (): void => reject(this.gone.reason as WorkerError);
        if (this.gone.aborted) giveUp();
        else this.gone.addEventListener('abort', giveUp, { once: true });
      });
    });
  }

  /**
   * Has a task done; an abort is passed on, and the child's answer waited for. Rejects with a StepError, with a WorkerError,
   * or with the signal's reason.
   */
  async ask(command: TaskCommand, { signal, report }: Work): Promise<TaskResult> {
    signal.throwIfAborted();
    const abort = (): void => void this.send({ kind: 'abort' }).catch(() => {});
    const { clock, stepMs } = this.#options;
    const cancel = clock.after(stepMs, () =>
      this.end(new WorkerError('TIMED_OUT', `The step took longer than ${stepMs / 1000} s and was ended.`)),
    );
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        const name = command.kind === 'run' ? command.step : 'EXTRACT_TEXT';
        this.#task = { name, parts: [], report, resolve, reject };
        this.send(command).catch(reject);
      });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      this.#task = null;
      signal.removeEventListener('abort', abort);
      cancel();
    }
  }

  /** Ends it as soon as it takes more memory than it may. Returns what stops the watch. */
  watchMemory(): () => void {
    const { memoryMb, clock } = this.#options;
    let cancel = (): void => {};
    const look = (): void => {
      if (this.#resident() > memoryMb * MB) this.end(this.#outOfMemory());
      else cancel = clock.after(MEMORY_LOOK_MS, look);
    };
    look();
    return () => cancel();
  }

  /** Kills it. What it was asked rejects at once with the error; `onEnd` follows when it is gone. */
  end(error: WorkerError): void {
    if (this.gone.aborted) return;
    // what reached a limit is an operator's business; the rest is the pool's own housekeeping
    const level = error.code === 'LOST' ? 'debug' : 'warn';
    this.#options.log[level](
      { worker: this.pid, task: this.#task?.name, reason: error.message },
      'a worker is ended',
    );
    this.#fail(error);
    this.#child.kill('SIGKILL');
  }

  #hear(answer: Exclude<Answer, { kind: 'ready' }>): void {
    const task = this.#task;
    if (!task) return;
    switch (answer.kind) {
      case 'progress':
        task.report(answer.done, answer.total);
        return;
      case 'part':
        task.parts.push(answer.part);
        return;
      case 'done':
        task.resolve({ result: answer.result, parts: task.parts });
        return;
      case 'failed':
        task.reject(this.#errorOf(answer.failure, task));
    }
  }

  #errorOf(failure: Failure, task: Task): Error {
    switch (failure.kind) {
      case 'aborted':
        return lost('The step was stopped.');
      case 'refused':
        return new StepError(failure.code, failure.message);
      case 'crashed': {
        this.#crashed = true;
        const cause = Object.assign(new Error(failure.message), { stack: failure.stack });
        this.#options.log.error({ worker: this.pid, task: task.name, err: cause }, 'a step crashed');
        return new WorkerError('CRASHED', 'The step failed because of a defect of the server.', { cause });
      }
    }
  }

  /** Says how it was lost, if it was. */
  #close(how: string): string | null {
    this.#cancelStart();
    if (this.gone.aborted) return null;
    const outOfMemory = /out of memory/i.test(this.#stderr);
    this.#options.log.warn(
      { worker: this.pid, task: this.#task?.name, stderr: this.#stderr },
      `a worker ${how}`,
    );
    this.#fail(outOfMemory ? this.#outOfMemory() : lost('The worker ended before it had finished.'));
    return outOfMemory && this.#ready ? null : how;
  }

  #fail(error: WorkerError): void {
    this.#gone.abort(error);
    this.#task?.reject(error);
  }

  #outOfMemory(): WorkerError {
    const { memoryMb } = this.#options;
    return new WorkerError(
      'OUT_OF_MEMORY',
      `The step needed more than ${memoryMb} MB of memory and was ended.`,
    );
  }

  #resident(): number {
    return (this.pid !== null && residentBytesOf(this.pid)) || 0;
  }
}

const lost = (message: string) => new WorkerError('LOST', message);
