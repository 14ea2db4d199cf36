import { expect, it } from 'vitest';
import { soak } from './soak.ts';

const SEED = 1;
/** A quarter of a minute. */
const MINUTES = 1 / 4;
const RUN_MS = 120_000;

it(`[P6] [P8] a crowd that comes and goes leaves nothing behind: seed ${SEED}`, {
  timeout: RUN_MS,
}, async () => {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const problems = await soak({ minutes: MINUTES, sockets: 100, documents: 6, seed: SEED, print });
  expect(problems, lines.join('\n')).toEqual([]);
});
