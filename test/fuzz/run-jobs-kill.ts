/** `npm run jobs:kill -- --kills 30 --jobs 1000 --seed 1`: the server is killed while it processes documents. */
import { startServer } from '../support/server.ts';
import { surviveJobKills } from './jobs-kill.ts';
import { readNumbers } from './options.ts';

const { kills, jobs, seed } = readNumbers({ kills: 30, jobs: 1_000, seed: 1 });
const started = performance.now();
const server = await startServer({ env: { WORKERS: '2' } });
try {
  const options = { kills, jobs, seed, measuredEvery: 3, onRound: (line: string) => console.log(line) };
  const { faults, ends, interrupted, longestMs } = await surviveJobKills(server, options);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`seed ${seed}: ${kills} kills, ${jobs} jobs, ${JSON.stringify(ends)}, ${seconds} s`);
  console.log(`${interrupted} interrupted jobs were watched; the last ran again after ${longestMs} ms`);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) {
    console.error(server.log());
    process.exitCode = 1;
  }
} finally {
  await server.stop();
}
