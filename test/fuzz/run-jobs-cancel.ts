/** `npm run jobs:cancel -- --cancels 100 --seed 1`: jobs are cancelled at random moments while they run. */
import { startServer } from '../support/server.ts';
import { cancelRunning } from './jobs-cancel.ts';
import { readNumbers } from './options.ts';

const { cancels, seed } = readNumbers({ cancels: 100, seed: 1 });
const started = performance.now();
const server = await startServer({ env: { WORKERS: '1' } });
try {
  const { faults, cancelled, ended, longestMs, longestFreeMs } = await cancelRunning(server, {
    cancels,
    seed,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`seed ${seed}: ${cancelled} cancelled, ${ended} had ended already, ${seconds} s`);
  console.log(
    `seen after ${longestMs} ms at most; a worker that hears nothing was gone after ${longestFreeMs} ms`,
  );
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) {
    console.error(server.log());
    process.exitCode = 1;
  }
} finally {
  await server.stop();
}
