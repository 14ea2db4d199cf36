/**
 * Why a worker did not finish a task. TIMED_OUT: the step took longer than it may. OUT_OF_MEMORY: it needed more than a
 * worker has. LOST: its process ended for another reason. CRASHED: the step threw what no step should.
 */
export type WorkerErrorCode = 'TIMED_OUT' | 'OUT_OF_MEMORY' | 'LOST' | 'CRASHED';

/** A task that was not finished, with a message for the person whose file it was. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same task may go well another time: a step that reached a limit reaches it again. */
  get retriable(): boolean {
    return this.code === 'LOST' || this.code === 'CRASHED';
  }
}
