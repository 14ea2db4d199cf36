/** `npm run fuzz:kill -- --seeds 200 --from 1`: the server is killed once a seed. */
import { startServer } from '../support/server.ts';
import { surviveKill } from './kill.ts';
import { createReport, readSeeds } from './options.ts';
import { runSeeds } from './seeds.ts';

const seeds = readSeeds(200);
const report = createReport(seeds.length);
const server = await startServer();
try {
  const failures = await runSeeds(seeds, 1, (seed) => surviveKill(seed, server), report.onDone);
  if (failures.length > 0) console.error(server.log());
} finally {
  await server.stop();
}
report.finish();
