/** Milliseconds after which a seed that has not come to its end has failed. */
const SEED_MS = 60_000;

/** A seed that failed; the message begins with its number. */
export class SeedError extends Error {
  override readonly name = 'SeedError';
  readonly seed: number;

  constructor(seed: number, cause: unknown) {
    super(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.seed = seed;
  }
}

async function runSeed(seed: number, run: (seed: number) => Promise<void>): Promise<SeedError | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not at its end after ${SEED_MS} ms`)), SEED_MS);
  });
  try {
    await Promise.race([run(seed), late]);
    return null;
  } catch (error) {
    return new SeedError(seed, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs seeds, `width` of them at a time, in their order. Resolves with the ones that failed. */
export async function runSeeds(
  seeds: readonly number[],
  width: number,
  run: (seed: number) => Promise<void>,
  onDone: (failure: SeedError | null) => void = () => {},
): Promise<SeedError[]> {
  const waiting = [...seeds];
  const failures: SeedError[] = [];
  const work = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const failure = await runSeed(seed, run);
      if (failure) failures.push(failure);
      onDone(failure);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return failures;
}

/** `count` seeds from `from` on. */
export const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/** A place where all wait until the last one has come and `task` is done. Who fails must leave. */
export function createBarrier(size: number, task: () => Promise<void>) {
  const waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  let expected = size;

  function open(): void {
    if (waiting.length < expected) return;
    const all = waiting.splice(0);
    if (all.length === 0) return;
    task().then(
      () => {
        for (const { resolve } of all) resolve();
      },
      (error: unknown) => {
        for (const { reject } of all) reject(error);
      },
    );
  }

  return {
    arrive: (): Promise<void> =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        open();
      }),
    leave(): void {
      expected -= 1;
      open();
    },
  };
}
