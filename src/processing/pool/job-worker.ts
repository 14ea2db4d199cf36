import type { Clock } from '../../platform/clock.ts';
import type { ExtractedText } from '../steps/extract-text.ts';
import type { Work } from '../work.ts';
import { CHUNK_BYTES, piecesOf, textPiecesOf } from './protocol.ts';
import type { TextStep, TextStepResults } from './text-steps.ts';
import { WorkerError } from './worker-error.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Milliseconds in which a step has to hear that it is stopped; then its process is killed. */
export const CANCEL_GRACE_MS = 1_000;

/** The text of a file as it came: to join ten million characters takes 60 ms, which nobody has to do who can take them in pieces. */
export interface ExtractedFile extends ExtractedText {
  /** The text in pieces of at most 65,536 UTF-16 code units; none ends within a surrogate pair. */
  readonly pieces: readonly string[];
}

/**
 * One job's hold on a worker. It does one thing at a time. Everything rejects with a WorkerError when a limit is reached or
 * the process is lost, and with the signal's reason, at once, when that is aborted.
 */
export interface JobWorker {
  /** The text of a file whose bytes come in chunks. Rejects with a StepError, too, and with the file's own error. */
  extract(
    file: AsyncIterable<Uint8Array>,
    options: { readonly maxUnits: number },
    work: Work,
  ): Promise<ExtractedFile>;
  /** Gives the worker the text that `run` works on. */
  load(text: string, signal: AbortSignal): Promise<void>;
  /** Runs a step on the text that was loaded. */
  run<Step extends TextStep>(step: Step, work: Work): Promise<TextStepResults[Step]>;
  /** Gives the worker back; the process of one that is in the middle of something is ended. Idempotent. */
  release(): void;
}

/** Holds a process for a job. `onFree` is called when it has been released and does nothing, or has ended. */
export function createJobWorker(child: WorkerProcess, clock: Clock, onFree: () => void): JobWorker {
  let released = false;
  let busy = false;
  let hasText = false;
  /** Resolves when the process does nothing: a task that was stopped may go on for a while. */
  let idle: Promise<void> = Promise.resolve();

  /** Waits for what was stopped before, then acts. The signal that `act` gets is aborted as soon as nobody waits for it. */
  async function perform<T>({ signal, report }: Work, act: (work: Work) => Promise<T>): Promise<T> {
    if (released) throw new Error('This worker has been given back.');
    if (busy) throw new Error('A worker does one thing at a time.');
    busy = true;
    const stop = new AbortController();
    const halted = new Promise<never>((_resolve, reject) => {
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error), { once: true });
    });
    const stopListening = forward([child.gone, signal], stop);
    const stopWatching = child.watchMemory();
    const acted = idle.then(() => {
      stop.signal.throwIfAborted();
      return act({ signal: stop.signal, report: guarded(report, stop) });
    });
    const settled = acted.then(ignore, ignore).finally(stopWatching);
    idle = settled;
    try {
      return await Promise.race([acted, halted]);
    } finally {
      stopListening();
      busy = false;
      if (stop.signal.aborted) endUnless(settled);
    }
  }

  /** Kills the process when it has not come to rest in time. */
  function endUnless(settled: Promise<void>): void {
    const cancel = clock.after(CANCEL_GRACE_MS, () =>
      child.end(new WorkerError('LOST', 'The worker did not stop in time and was ended.')),
    );
    void settled.then(cancel);
  }

  return {
    extract: (file, { maxUnits }, work) =>
      perform(work, async ({ signal, report }) => {
        hasText = false;
        await child.send({ kind: 'clear' });
        for await (const chunk of file) {
          for (const bytes of piecesOf(chunk, CHUNK_BYTES)) {
            signal.throwIfAborted();
            await child.send({ kind: 'bytes', bytes });
          }
        }
        const { result, parts } = await child.ask({ kind: 'extract', maxUnits }, { signal, report });
        const pieces = parts as readonly string[];
        // V8 joins it when it is first read
        const text = pieces.reduce((before, piece) => before + piece, '');
        return { ...(result as Pick<ExtractedText, 'type'>), text, pieces };
      }),
    load: (text, signal) =>
      perform({ signal, report: ignore }, async (work) => {
        hasText = false;
        await child.send({ kind: 'clear' });
        for (const piece of textPiecesOf(text)) {
          work.signal.throwIfAborted();
          await child.send({ kind: 'text', text: piece });
        }
        hasText = true;
      }),
    run: <Step extends TextStep>(step: Step, work: Work) =>
      perform(work, async (watched) => {
        if (!hasText) throw new Error('Load a text before a step is run on it.');
        const { result, parts } = await child.ask({ kind: 'run', step }, watched);
        // the child runs TEXT_STEPS[step], which gives just this; the items of a list have come before
        return (Array.isArray(result) ? parts.flat() : result) as TextStepResults[Step];
      }),
    release() {
      if (released) return;
      released = true;
      if (busy) child.end(new WorkerError('LOST', 'The worker was given back before it had finished.'));
      void idle.then(() => {
        void child.send({ kind: 'clear' }).catch(ignore);
        onFree();
      });
    },
  };
}

const ignore = (): void => {};

/** Aborts `target` with the reason of the first of these that is aborted. Returns what stops that. */
function forward(signals: readonly AbortSignal[], target: AbortController): () => void {
  const offs = signals.map((signal) => {
    const abort = (): void => target.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
  return () => offs.forEach((off) => off());
}

/** No report comes after a stop, and one that throws is a stop, as where a step is called without a worker. */
const guarded =
  (report: Work['report'], stop: AbortController): Work['report'] =>
  (done, total) => {
    if (stop.signal.aborted) return;
    try {
      report(done, total);
    } catch (error) {
      stop.abort(error);
    }
  };
