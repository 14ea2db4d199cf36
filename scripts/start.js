/** `npm start`: builds when the sources are newer than what was built, then becomes the server. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Written last: a build that failed leaves none, or an old one. */
const stamp = `${root}dist/.built`;

/** @param {string} directory @returns {number} milliseconds of the newest file below it */
const newest = (directory) =>
  Math.max(
    ...readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(`${entry.parentPath}/${entry.name}`).mtimeMs),
  );

if (!existsSync(stamp) || statSync(stamp).mtimeMs < newest(`${root}src`)) {
  console.error('Building…');
  const built = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

// In this process, so that signals reach the server itself.
await import(new URL('../dist/main.js', import.meta.url).href);
