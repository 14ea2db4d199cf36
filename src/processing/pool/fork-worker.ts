import { type ChildProcess, fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The part of its memory that V8's old generation may take; the rest is for buffers, code and the young generation. */
const HEAP_SHARE = 0.75;
/** Of the environment a worker gets what Node needs to start: no secret, and no address of a service. */
const ENVIRONMENT = ['LD_LIBRARY_PATH', 'SystemRoot', 'TMPDIR', 'TEMP', 'TMP'];

/** This file is TypeScript when it runs from src, and so is its neighbour. */
const extension = extname(fileURLToPath(import.meta.url));
const main = fileURLToPath(new URL(`./worker-main${extension}`, import.meta.url));
const loader = extension === '.ts' ? ['--import', 'tsx'] : [];

/** Starts the process of a worker. Throws, or the process has no pid and an `error`, when the system has no room for it. */
export function forkWorker(memoryMb: number): ChildProcess {
  const child = fork(main, {
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${Math.floor(memoryMb * HEAP_SHARE)}`, ...loader],
    env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // at once, so that the threads that it is about to start inherit it
  if (child.pid !== undefined) yieldToOthers(child.pid);
  return child;
}

/** A worker takes the time that the server leaves. */
function yieldToOthers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // gone already, or a system that does not let us: it works all the same
  }
}
