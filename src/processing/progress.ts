import { type JobStep, progressOf, type StepName, stepsToDo } from './job.ts';

/** How far the steps of one attempt are. */
export class JobProgress {
  readonly #steps: JobStep[];
  readonly #onChange: () => void;
  #current = -1;
  #begunAt = 0;
  #fraction = 0;

  constructor(names: readonly StepName[], onChange: () => void) {
    this.#steps = stepsToDo(names);
    this.#onChange = onChange;
  }

  get steps(): readonly JobStep[] {
    return [...this.#steps];
  }

  /** In percent; below 100. */
  get percent(): number {
    const done = this.#steps.filter(({ status }) => status === 'COMPLETED').length;
    return progressOf(done, this.#steps.length, this.#fraction);
  }

  /** Begins the step of this index. */
  begin(index: number): void {
    this.#current = index;
    this.#begunAt = performance.now();
    this.#fraction = 0;
    this.#set('IN_PROGRESS', null);
  }

  /** How much of the current step is done, up to 1. */
  report(fraction: number): void {
    this.#fraction = fraction;
    this.#onChange();
  }

  /** Ends the current step, if one is under way. */
  end(status: 'COMPLETED' | 'FAILED'): void {
    if (this.#steps[this.#current]?.status !== 'IN_PROGRESS') return;
    this.#fraction = 0;
    this.#set(status, Math.round(performance.now() - this.#begunAt));
  }

  #set(status: JobStep['status'], duration: number | null): void {
    const step = this.#steps[this.#current];
    if (!step) return;
    this.#steps[this.#current] = { ...step, status, duration };
    this.#onChange();
  }
}
