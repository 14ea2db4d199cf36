import { execFile } from 'node:child_process';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const OPEN = '/proc/self/fd';

/** What this process has open, by name; a file that was removed since keeps its name here. */
async function openFiles(): Promise<string[]> {
  if (process.platform !== 'linux')
    return (await promisify(execFile)('lsof', ['-p', String(process.pid), '-Fn'])).stdout.split('\n');
  // Another one may be closed meanwhile.
  return Promise.all((await readdir(OPEN)).map((fd) => readlink(join(OPEN, fd)).catch(() => '')));
}

/** How many files of uploads this process holds. */
export const spooledFiles = async (): Promise<number> =>
  (await openFiles()).filter((name) => name.includes('quire-upload-')).length;
