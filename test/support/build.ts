import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Milliseconds since 1970 at which a file was last changed; 0 for none. */
const changedAt = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

/** Builds dist when the sources are newer: the tests that need a server to kill run `node dist/main.js`. */
export async function setup(): Promise<void> {
  const entries = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const sources = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const newest = Math.max(...(await Promise.all(sources.map(changedAt))));
  if ((await changedAt(join(root, 'dist/.built'))) > newest) return;
  await promisify(execFile)('npm', ['run', '--silent', 'build'], {
    cwd: root,
    shell: process.platform === 'win32',
  }).catch(({ stdout }: { stdout?: string }) => {
    // The compiler says what is wrong on stdout, which the error does not show.
    throw new Error(`The build failed:\n${stdout ?? ''}`);
  });
}
