// The body of a worker process: it takes a file or a text in pieces, works on it, and answers in pieces.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { StepError } from '../step-error.ts';
import { extractText } from '../steps/extract-text.ts';
import type { Work } from '../work.ts';
import { type Answer, CHUNK_ITEMS, type Command, type Failure, piecesOf, textPiecesOf } from './protocol.ts';
import { LoadedText, TEXT_STEPS } from './text-steps.ts';

/** Milliseconds between two reports, but for the first and the last: steps report thousands of times a second. */
const REPORT_MS = 50;

let bytes: Uint8Array[] = [];
let texts: string[] = [];
let loaded: LoadedText | null = null;
let task: AbortController | null = null;

/** Resolves when the message is on its way, so that no more of them wait than the pipe takes. */
const send = (answer: Answer): Promise<void> =>
  new Promise((resolve, reject) => {
    if (!process.send) throw new Error('This file is the body of a worker process.');
    process.send(answer, undefined, undefined, (error) => (error ? reject(error) : resolve()));
  });

function receive(command: Command): void {
  switch (command.kind) {
    case 'clear':
      bytes = [];
      texts = [];
      loaded = null;
      return;
    case 'bytes':
      bytes.push(command.bytes);
      return;
    case 'text':
      texts.push(command.text);
      return;
    case 'extract':
      void perform((work) => extract(command.maxUnits, work));
      return;
    case 'run':
      void perform((work) => {
        loaded ??= new LoadedText(take(texts).join(''));
        return TEXT_STEPS[command.step](loaded, work);
      });
      return;
    case 'abort':
      task?.abort();
  }
}

/** Empties a list, so that its pieces do not stay in memory beside the whole. */
const take = <T>(pieces: T[]): T[] => pieces.splice(0);

async function extract(maxUnits: number, work: Work) {
  const { type, text } = await extractText(Buffer.concat(take(bytes)), work, maxUnits);
  await sendParts(textPiecesOf(text), work.signal);
  return { type };
}

async function perform(run: (work: Work) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  task = controller;
  const answer = await answerOf(run, controller.signal);
  // before it is sent: the next task may come before this one knows that its answer has gone
  task = null;
  await send(answer);
}

/** Runs a task. A list, whose length is the text's doing, goes ahead in parts. */
async function answerOf(run: (work: Work) => Promise<unknown>, signal: AbortSignal): Promise<Answer> {
  try {
    const result = await run({ signal, report: createReport() });
    if (!Array.isArray(result)) return { kind: 'done', result };
    await sendParts(piecesOf<readonly unknown[]>(result, CHUNK_ITEMS), signal);
    return { kind: 'done', result: [] };
  } catch (error) {
    return { kind: 'failed', failure: signal.aborted ? { kind: 'aborted' } : failureOf(error) };
  }
}

async function sendParts(parts: Iterable<string | readonly unknown[]>, signal: AbortSignal): Promise<void> {
  for (const part of parts) {
    signal.throwIfAborted();
    await send({ kind: 'part', part });
  }
}

function createReport(): Work['report'] {
  let at = -Infinity;
  let last = '';
  return (done, total) => {
    const now = performance.now();
    const news = `${done}/${total}`;
    if (news === last || (now - at < REPORT_MS && done < total)) return;
    at = now;
    last = news;
    void send({ kind: 'progress', done, total });
  };
}

function failureOf(error: unknown): Failure {
  if (error instanceof StepError) return { kind: 'refused', code: error.code, message: error.message };
  if (error instanceof Error) return { kind: 'crashed', message: error.message, stack: error.stack ?? '' };
  return { kind: 'crashed', message: String(error), stack: '' };
}

// Ctrl-C goes to the whole group of processes: when a worker ends is for its parent to say.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
// A step that computes in one go does not hear that its parent has gone: a thread watches, which needs no loader.
const watch = new Worker(new URL('./orphan-watch.js', import.meta.url), {
  execArgv: [],
  env: {},
  workerData: process.ppid,
});
// before there is work: a thread may not come to its start while the process computes
await once(watch, 'message');
watch.unref();
// When the machine's memory runs out, Linux is to end a worker and not the server.
if (process.platform === 'linux') await writeFile('/proc/self/oom_score_adj', '1000').catch(() => {});

process.on('message', receive);
await send({ kind: 'ready' });
