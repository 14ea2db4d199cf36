/** `npm run soak -- --minutes 10 --sockets 2000 --seed 1`: exits with 1 when something is left behind, or grows. */
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const DOCUMENTS = 24;
/** Problems that are printed. */
const MAX_SHOWN = 20;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    sockets: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
const [minutes, sockets, seed] = [Number(values.minutes), Number(values.sockets), Number(values.seed)];
if (!(minutes > 0) || !Number.isSafeInteger(sockets) || sockets < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('--minutes is a number above 0, --sockets and --seed are whole numbers');
}

console.log(`${minutes} minutes, ${sockets} sockets, ${DOCUMENTS} documents, seed ${seed}`);
const problems = await soak({ minutes, sockets, documents: DOCUMENTS, seed, print: console.log });
for (const problem of problems.slice(0, MAX_SHOWN)) console.error(problem);
console.log(problems.length === 0 ? 'nothing grew, and nothing was left' : `${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
