import { parseArgs } from 'node:util';
import { range, type SeedError } from './seeds.ts';

/** Seeds between two lines of progress. */
const PROGRESS_EVERY = 50;

/** The seeds of the command line: `--seeds <how many> --from <the first>`. */
export function readSeeds(usual: number): number[] {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: String(usual) },
      from: { type: 'string', default: '1' },
    },
  });
  const [count, from] = [Number(values.seeds), Number(values.from)];
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(from) || count < 1 || from < 0) {
    throw new Error('--seeds and --from are whole numbers');
  }
  return range(from, count);
}

/** Prints progress, each failure when it happens, and a last line; sets the exit code. */
export function createReport(total: number) {
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  let done = 0;
  let failed = 0;
  return {
    onDone: (failure: SeedError | null): void => {
      done += 1;
      if (failure) {
        failed += 1;
        console.error(failure.message);
      }
      if (done % PROGRESS_EVERY === 0) console.log(`${done} of ${total} seeds, ${seconds()} s`);
    },
    finish(): void {
      console.log(`${done} of ${total} seeds run, ${failed} failed, ${seconds()} s`);
      if (done < total) process.exitCode = 1;
      if (failed > 0) process.exitCode = 1;
    },
  };
}

/** Whole numbers of the command line, each by its name and with its usual value. */
export function readNumbers<Name extends string>(
  usual: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(usual) as Name[];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const read = (name: Name): number => {
    const number = Number(values[name] ?? usual[name]);
    if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} is a whole number`);
    return number;
  };
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, number>;
}
