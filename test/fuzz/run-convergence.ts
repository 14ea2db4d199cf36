/** `npm run fuzz -- --seeds 3000 --from 1`: every fourth seed runs over two instances whose Redis is killed. */
import { redisRestartable } from '../support/redis.ts';
import { convergeOnOne, convergeOverRedis } from './convergence-runs.ts';
import { startInstance, startInstances } from './instances.ts';
import { createReport, readSeeds } from './options.ts';

const seeds = readSeeds(200);
const overRedis = redisRestartable ? seeds.filter((seed) => seed % 4 === 0) : [];
const onOne = seeds.filter((seed) => !overRedis.includes(seed));
const report = createReport(seeds.length);

console.log(`${onOne.length} seeds on one instance`);
const server = await startInstance();
try {
  const failures = await convergeOnOne(server.url, onOne, report.onDone);
  if (failures.length > 0) console.error(server.log());
} finally {
  await server.stop();
}

console.log(`${overRedis.length} seeds on two instances, Redis killed and started again in their middle`);
const instances = await startInstances();
try {
  const failures = await convergeOverRedis(instances, overRedis, report.onDone);
  if (failures.length > 0) console.error(instances.log());
} finally {
  await instances.stop();
}
report.finish();
