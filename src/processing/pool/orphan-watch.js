// Ends its process when the parent has gone. It runs in a thread of its own, because the process may be in the middle of a
// computation of minutes. It is JavaScript, as sqlite-worker.js is: Node loads it from src as well as from dist.
import { parentPort, workerData } from 'node:worker_threads';

const LOOK_MS = 1_000;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
parentPort?.postMessage('watching');
