import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Linux keeps it in memory. */
const MEMORY = '/dev/shm';

export interface Directory {
  readonly path: string;
  remove(): Promise<void>;
}

/** A temporary directory in memory, where there is one: thousands of seeds need not wait for a disk to show how replicas converge. */
export async function createDirectory(): Promise<Directory> {
  const inMemory = mkdtemp(join(MEMORY, 'quire-fuzz-'));
  const path = await inMemory.catch(() => mkdtemp(join(tmpdir(), 'quire-fuzz-')));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
